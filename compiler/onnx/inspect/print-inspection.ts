/** Prints an inspection as text for a terminal. */
import { arenaFactor, noArenaFactor } from "../cost/arena-factor.ts";
import { formatBytes, formatCount, visibleName } from "./format-quantity.ts";
import type { Inspection, PortReport, TotalsReport } from "./inspection.ts";

/** The report as lines of text, with a line end. */
export function printInspection(inspection: Inspection): string {
  const { totals } = inspection;
  const bound = [...inspection.bindings].map(([name, value]) => `${visibleName(name)}=${value}`).join(" ");
  const lines = [
    `${visibleName(inspection.file)}: ${visibleName(inspection.format)}${bound ? `, at ${bound}` : ""}`,
    "",
    ...printPorts("inputs", inspection.inputs),
    ...printPorts("outputs", inspection.outputs),
    "",
    ...printTable([
      ["block", "nodes", "FLOPs", "weights", "activations"],
      ...inspection.blocks.map((block) => [visibleName(block.name), String(block.nodes), formatCount(block.flops), formatBytes(block.weightBytes), formatBytes(block.activationBytes)]),
      ["total", String(inspection.blocks.reduce((sum, block) => sum + block.nodes, 0)), formatCount(totals.flops), formatBytes(totals.weightBytes), formatBytes(totals.peakActivationBytes)],
    ]),
    "",
    `params ${formatCount(totals.params)}`,
    ...printMemory(inspection),
    ...printFree(inspection),
  ];
  return `${lines.join("\n")}\n`;
}

function printPorts(title: string, ports: readonly PortReport[]): readonly string[] {
  const width = Math.max(...ports.map((port) => visibleName(port.name).length), 0);
  return ports.map((port, i) => `${(i === 0 ? title : "").padEnd(9)}${visibleName(port.name).padEnd(width)}  ${port.dtype}[${port.shape.map((dim) => visibleName(String(dim))).join(", ")}]`);
}

/** Aligned columns: the first to the left, the others to the right. */
function printTable(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ").trimEnd());
}

/** Memory of one session: what onnxruntime takes beside the inputs. */
function printMemory({ totals }: Inspection): readonly string[] {
  const bytes = sessionBytes(totals);
  if (bytes === undefined) return [];
  return [`memory of one session: ${formatBytes(bytes.withArena)} (up to ${formatBytes(bytes.withoutArena)} with onnxruntime's arena off)`];
}

/** Bytes of a session beside its inputs; undefined where dimensions are free. */
export function sessionBytes({ weightBytes, peakActivationBytes: peak }: TotalsReport): { readonly withArena: number; readonly withoutArena: number } | undefined {
  if (typeof peak !== "number") return undefined;
  return { withArena: Math.ceil(weightBytes + peak * arenaFactor), withoutArena: Math.ceil(weightBytes + peak * noArenaFactor) };
}

function printFree({ freeDims }: Inspection): readonly string[] {
  if (freeDims.length === 0) return [];
  const names = freeDims.slice(0, 8).map(visibleName);
  return [`free dimensions: ${names.join(", ")}${freeDims.length > names.length ? ", …" : ""}; bind them with --dim ${names[0] ?? "name"}=8`];
}
