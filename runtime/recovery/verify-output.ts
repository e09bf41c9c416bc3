/**
 * Whether what a run committed to one output is as it was. Names, sizes and times of files are looked at; where times
 * differ (a file was written to, or all were copied) the files are read, and their CRCs decide.
 */
import { join } from "node:path";
import { digestOfFile, printDigest, readFileName } from "./commit-state.ts";
import type { FileSystem } from "./file-system.ts";
import type { Found } from "./manifest-files.ts";
import type { OutputState } from "./manifest.ts";
import { walkFiles } from "./output-files.ts";

export interface OutputPlace {
  readonly final: string;
  readonly extension: string;
  /** Full paths of the other outputs: they may lie within this one. */
  readonly others: ReadonlySet<string>;
  /** Of the files there, by the numbers in their names: those that are committed. */
  readonly isCommitted: (group: number, part: number) => boolean;
  /** Committed files that have not come to their final names yet, and where they are. */
  readonly elsewhere?: readonly { readonly name: string; readonly path: string }[];
  /** When the run that committed them last stirred: what was written to later is named. */
  readonly committedMs: number;
  /** Told before files are read. */
  readonly onDoubt?: (place: string) => void;
}

export type VerifiedOutput =
  | { readonly kind: "whole"; readonly times: string }
  /** In words. */
  | { readonly kind: "altered"; readonly what: string };

const NAMED_MAX = 3;

export async function verifyOutput(fs: FileSystem, place: OutputPlace, state: OutputState): Promise<VerifiedOutput> {
  const { final, committedMs } = place;
  const late: string[] = [];
  let files = 0;
  let sizes = 0n;
  let times = 0n;
  for await (const { name, path } of committedFiles(fs, place)) {
    const { bytes, modifiedMs } = (await fs.look(path)) ?? { bytes: -1, modifiedMs: 0 };
    files++;
    sizes += digestOfFile({ name, bytes });
    times += digestOfFile({ name, bytes }, modifiedMs);
    if (modifiedMs > committedMs && late.length <= NAMED_MAX) late.push(join(final, name));
  }
  if (files !== state.files) return { kind: "altered", what: `${final} holds ${files} of the ${state.files} files that were committed` };
  if (printDigest(sizes) !== state.digest) return { kind: "altered", what: describe(final, "whose sizes are not those that were committed", late) };
  const whole = { kind: "whole", times: printDigest(times) } as const;
  if (state.contents === undefined || whole.times === state.times) return whole;
  place.onDoubt?.(final);
  return (await contentsOf(fs, place)) === state.contents ? whole : { kind: "altered", what: describe(final, "whose contents are not those that were committed", late) };
}

function describe(final: string, what: string, late: readonly string[]): string {
  const named = `${late.slice(0, NAMED_MAX).join(", ")}${late.length > NAMED_MAX ? " and others" : ""}`;
  return `${final} holds files ${what}${late.length === 0 ? "" : `; written to since: ${named}`}`;
}

async function contentsOf(fs: FileSystem, place: OutputPlace): Promise<string> {
  let sum = 0n;
  for await (const { name, path } of committedFiles(fs, place)) sum += digestOfFile({ name, bytes: (await fs.size(path)) ?? -1 }, await fs.crc(path));
  return printDigest(sum);
}

async function* committedFiles(fs: FileSystem, { final, extension, others, isCommitted, elsewhere = [] }: OutputPlace): AsyncGenerator<{ readonly name: string; readonly path: string }> {
  for await (const name of walkFiles(fs, final, others)) {
    const found = readFileName(name, extension);
    if (found !== undefined && isCommitted(found.group, found.part)) yield { name, path: join(final, name) };
  }
  yield* elsewhere;
}

/** What a run found altered of all that is committed, read only: files of the last groups may not have their names yet. */
export async function describeAlterations(fs: FileSystem, { header, state, recent }: Found, request: { readonly others: ReadonlySet<string>; readonly regionOf: (output: number, part: number) => number; readonly committedMs: number }): Promise<readonly string[]> {
  const said: string[] = [];
  for (const [output, { final, extension, staging, dead }] of header.outputs.entries()) {
    const isCommitted = (group: number, part: number): boolean => group < (state.regions[request.regionOf(output, part)]?.groups ?? 0);
    const elsewhere: { readonly name: string; readonly path: string }[] = [];
    for (const { epoch, outputs } of recent) {
      for (const { name } of outputs.find((files) => files.output === output)?.files ?? []) {
        if ((await fs.look(join(final, name))) !== undefined) continue;
        for (const path of [`${staging}${epoch}`, `${dead}${epoch}`].map((folder) => join(folder, name))) if ((await fs.look(path)) !== undefined) elsewhere.push({ name, path });
      }
    }
    const found = await verifyOutput(fs, { final, extension, others: request.others, isCommitted, elsewhere, committedMs: request.committedMs }, state.outputs[output]);
    if (found.kind === "altered") said.push(found.what);
  }
  return said;
}
