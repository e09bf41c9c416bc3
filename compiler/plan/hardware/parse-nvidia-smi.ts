/** What `nvidia-smi` prints, as data. Pure: the command itself is run at the rim. */

export interface SmiDevice {
  readonly name: string;
  readonly memoryBytes: number;
  /** Of the slot, where the driver tells. */
  readonly pcieGeneration: number | undefined;
  readonly pcieWidth: number | undefined;
}

/** Arguments that make `nvidia-smi` print what `parseSmiDevices` reads. */
export const smiDeviceArgs: readonly string[] = ["--query-gpu=name,memory.total,pcie.link.gen.max,pcie.link.width.max", "--format=csv,noheader,nounits"];

/** One device a line: "Tesla T4, 15360, 3, 16"; memory in MiB. Lines of another form are left out. */
export function parseSmiDevices(text: string): readonly SmiDevice[] {
  return text.split("\n").flatMap((line): SmiDevice[] => {
    const cells = line.split(",").map((cell) => cell.trim());
    const [name, memory, generation, width] = cells;
    const mib = Number(memory);
    if (name === undefined || name === "" || memory === undefined || !(mib > 0)) return [];
    return [{ name, memoryBytes: mib * 2 ** 20, pcieGeneration: count(generation), pcieWidth: count(width) }];
  });
}

function count(cell: string | undefined): number | undefined {
  const value = Number(cell);
  return cell !== undefined && Number.isInteger(value) && value > 0 ? value : undefined;
}

/** How two devices are joined, in `nvidia-smi topo -m`'s words: NV18, PIX, PXB, PHB, NODE, SYS. */
export type Topology = readonly (readonly string[])[];

/** The square of the matrix that is about GPUs; empty where there is none. */
export function parseTopology(text: string): Topology {
  // Headings are underlined with escape sequences on terminals and in some versions always.
  const lines = text.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\n");
  const header = lines.find((line) => /^\s*GPU0\b/.test(line));
  if (header === undefined) return [];
  const size = header.trim().split(/\s+/).filter((cell) => /^GPU\d+$/.test(cell)).length;
  return lines
    .filter((line) => line !== header && /^GPU\d+\s/.test(line))
    .slice(0, size)
    .map((line) => line.trim().split(/\s+/).slice(1, size + 1));
}

/**
 * How many neighbours NVLink joins where it does not join all: pairs with bridges, halves of a machine. Undefined where
 * all devices are joined alike, or the groups are not runs of equal length.
 */
export function linkDomainOf(topology: Topology): number | undefined {
  const joined = (i: number, j: number): boolean => /^NV\d+$/.test(topology[i]?.[j] ?? "");
  const size = topology.length;
  let domain = 1;
  while (domain < size && joined(0, domain)) domain++;
  if (domain === 1 || domain === size || size % domain !== 0) return undefined;
  const isRun = topology.every((row, i) => row.every((_, j) => i === j || joined(i, j) === (Math.floor(i / domain) === Math.floor(j / domain))));
  return isRun ? domain : undefined;
}

/** The slowest way between two devices of the matrix: all of them may have to talk. */
export function slowestLink(topology: Topology): string | undefined {
  const order = ["SYS", "NODE", "PHB", "PXB", "PIX"];
  const links = topology.flatMap((row, i) => row.filter((_, j) => j !== i));
  const bus = order.find((kind) => links.includes(kind));
  if (bus !== undefined) return bus;
  const bridges = links.flatMap((link) => (/^NV\d+$/.test(link) ? [Number(link.slice(2))] : []));
  return bridges.length === 0 ? undefined : `NV${Math.min(...bridges)}`;
}
