/** What is committed, folded from the lines of manifests. Pure. */
import { hash } from "node:crypto";
import type { CommitState, GroupRecord, ManifestLine, OutputState, RegionState, StagedFile } from "./manifest.ts";

export function emptyState(regions: number, outputs: number): CommitState {
  const region: RegionState = { groups: 0, chunks: 0, ended: false, rowsIn: 0, filtered: 0, dead: 0, split: 0, row: 0, passed: {}, exhausted: [] };
  const output: OutputState = { rows: 0, bytes: 0, files: 0, digest: printDigest(0n), times: printDigest(0n), contents: printDigest(0n) };
  return { cleared: false, published: false, regions: Array.from({ length: regions }, () => region), outputs: Array.from({ length: outputs }, () => output), keys: [] };
}

/** Whether there is anything to go on with: a group, or files of an earlier run that are being moved away. */
export function hasBegun({ clearing, regions }: CommitState): boolean {
  return clearing !== undefined || regions.some(({ groups }) => groups > 0);
}

/** The state after the line. Throws where a group comes out of turn: our bug, since the lines are whole. */
export function foldLine(state: CommitState, line: ManifestLine): CommitState {
  switch (line.kind) {
    case "owner":
    case "header":
    case "released":
      return state;
    case "inputs":
      return { ...state, inputs: line.inputs };
    case "base":
      return line.state;
    case "clearing":
      return { ...state, clearing: line.files };
    case "cleared": {
      const { clearing: _done, ...rest } = state;
      return { ...rest, cleared: true };
    }
    case "group":
      return foldGroup(state, line);
    case "published":
      return { ...state, published: true, ...(line.wholes === undefined ? {} : { wholes: line.wholes }) };
  }
}

function foldGroup(state: CommitState, record: GroupRecord): CommitState {
  const before = state.regions[record.region];
  if (before === undefined || before.ended || before.groups !== record.group) throw new Error(`group ${record.group} of region ${record.region} is committed out of turn`);
  const { chunks, rowsIn, filtered, dead, split, row, passed, exhausted } = record;
  const region: RegionState = {
    groups: before.groups + 1,
    chunks,
    ended: record.last,
    rowsIn: before.rowsIn + rowsIn,
    filtered: before.filtered + filtered,
    dead: before.dead + dead,
    split,
    row,
    passed,
    exhausted,
  };
  const outputs = [...state.outputs];
  for (const { output, rows, files } of record.outputs) outputs[output] = addFiles(outputs[output], rows, files);
  return { ...state, regions: state.regions.map((known, index) => (index === record.region ? region : known)), outputs, keys: [...state.keys, ...record.keys] };
}

function addFiles(output: OutputState, rows: number, files: readonly StagedFile[]): OutputState {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    rows: output.rows + rows,
    bytes: output.bytes + bytes,
    files: output.files + files.length,
    digest: printDigest(files.reduce((sum, file) => sum + digestOfFile(file), BigInt(`0x${output.digest}`))),
    times: addDigests(output.times, files.map(({ name, bytes: size, modifiedMs }) => (modifiedMs === undefined ? undefined : digestOfFile({ name, bytes: size }, modifiedMs)))),
    contents: addDigests(output.contents, files.map((file) => digestOfFile(file, file.crc))),
  };
}

function addDigests(before: string | undefined, digests: readonly (bigint | undefined)[]): string | undefined {
  let sum = before === undefined ? undefined : BigInt(`0x${before}`);
  for (const digest of digests) sum = sum === undefined || digest === undefined ? undefined : sum + digest;
  return sum === undefined ? undefined : printDigest(sum);
}

/** Adds up to a digest of any number of files in any order. `more`: a file's time, or its CRC. */
export function digestOfFile({ name, bytes }: { readonly name: string; readonly bytes: number }, more?: number): bigint {
  return BigInt(`0x${hash("sha256", `${bytes}\0${more === undefined ? "" : `${more}\0`}${name}`).slice(0, DIGEST_DIGITS)}`);
}

const DIGEST_DIGITS = 16;

export function printDigest(sum: bigint): string {
  return BigInt.asUintN(4 * DIGEST_DIGITS, sum).toString(16).padStart(DIGEST_DIGITS, "0");
}

/** Whether a data file's name is one of those that the committed groups have; others in the folder are not ours. */
export function isCommittedName(name: string, extension: string, { regions }: CommitState): boolean {
  const group = readFileName(name, extension)?.group;
  return group !== undefined && regions.some(({ groups }) => group < groups);
}

/** Group and roll-over (of dead letters: region) in a file's name; undefined for files of others. */
export function readFileName(name: string, extension: string): { readonly group: number; readonly part: number } | undefined {
  const match = /(?:^|\/)part-(\d{5,})-(\d{3,})\.([^/]*)$/.exec(name);
  return match === null || match[3] !== extension ? undefined : { group: Number(match[1]), part: Number(match[2]) };
}
