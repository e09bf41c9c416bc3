/** Gives outputs of a pipeline with a checkpoint what only a finished run has: one file made of all groups, or a mark. */
import { rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Column } from "../contract/column.ts";
import type { PipelineSpec } from "../contract/program.ts";
import { SUCCESS_MARK } from "../contract/success-mark.ts";
import type { CommitLog } from "./commit-log.ts";
import { isCommittedName, readFileName } from "./commit-state.ts";
import { altered } from "./commit-steps.ts";
import { appendFiles } from "./dead-letters.ts";
import { realFiles } from "./file-system.ts";
import type { KeptOutput } from "./kept-places.ts";
import type { LogOutput, StagedFile } from "./manifest.ts";
import { walkFiles } from "./output-files.ts";
import type { Mark, Owner } from "./output-target.ts";
import { exists } from "./outputs.ts";
import { readRows } from "./rows-file.ts";
import { settleFiles } from "./settle-files.ts";
import { syncPath } from "./sync-file.ts";

export interface PublishRequest {
  readonly log: CommitLog;
  readonly pipeline: PipelineSpec;
  readonly owner: Owner;
  readonly columnsOf: (sink: number) => readonly Column[];
  /** Full paths of all outputs: they may lie within one another. */
  readonly others: ReadonlySet<string>;
}

/** `index`: the output's number in the log, which says where its files are. Everything is committed. Gives the file that was made of all groups. */
export async function publishKept(request: PublishRequest, index: number, { target, sink }: KeptOutput, { staging, final, extension }: LogOutput): Promise<StagedFile | null> {
  const { log, owner, others } = request;
  const full = resolve(target.path);
  const names: string[] = [];
  for await (const name of walkFiles(realFiles, final, others)) if (isCommittedName(name, extension, log.state())) names.push(name);
  const missing = log.state().outputs[index].files - names.length;
  if (missing > 0) throw altered(`of the files that were committed in ${target.path}, ${missing} ${missing === 1 ? "has" : "have"} gone`);
  if (target.kind === "file") {
    const whole = join(`${staging}${log.epoch}`, basename(full));
    if (sink === undefined) await joinLetters(whole, final, names, extension);
    else await joinRows(request, sink, whole, final, inOrder(names, extension, ({ group }) => group));
    const [settled] = await settleFiles(dirname(whole), [{ name: basename(full), bytes: (await stat(whole)).size }], true);
    await log.install(index, basename(full), full);
    return settled;
  }
  // No folder of dead letters where nothing failed.
  if (names.length === 0 && !(await exists(full))) return null;
  const mark: Mark = { ...owner, files: names.sort() };
  const staged = join(`${staging}${log.epoch}`, SUCCESS_MARK);
  await writeFile(staged, `${JSON.stringify(mark, undefined, 2)}\n`);
  await syncPath(staged);
  await log.install(index, SUCCESS_MARK, join(full, SUCCESS_MARK));
  return null;
}

/** By number: names with more digits than others do not sort as text. */
export function inOrder(names: readonly string[], extension: string, ...keys: readonly ((name: { readonly group: number; readonly part: number }) => number)[]): readonly string[] {
  const numbered = names.flatMap((name) => {
    const numbers = readFileName(name, extension);
    return numbers === undefined ? [] : [{ name, by: keys.map((key) => key(numbers)) }];
  });
  return numbered.sort((a, b) => a.by.map((key, at) => key - b.by[at]).find((difference) => difference !== 0) ?? 0).map(({ name }) => name);
}

/** Of regions one after the other, as where no checkpoint is kept. */
async function joinLetters(whole: string, folder: string, names: readonly string[], extension: string): Promise<void> {
  await rm(whole, { force: true });
  await appendFiles(whole, inOrder(names, extension, ({ part }) => part, ({ group }) => group).map((name) => join(folder, name)));
}

async function joinRows({ pipeline, columnsOf }: PublishRequest, sink: number, whole: string, folder: string, names: readonly string[]): Promise<void> {
  const { kernel, args } = pipeline.sinks[sink];
  const file = await kernel.open({ file: whole, columns: columnsOf(sink), args: args() });
  try {
    await file.append([]);
    for (const name of names) for await (const rows of readRows(join(folder, name))) await file.append(rows);
  } catch (error) {
    // Why it failed is to be told, not what giving it up met.
    await file.abort().catch(() => {});
    throw error;
  }
  await file.close();
}
