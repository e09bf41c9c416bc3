/** `pipec verify MODEL --pipeline P --tensor T [--data DIR] [--json]`: runs a model whole and cut, and compares what comes out. */
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { shardCodes } from "../../../language/diagnostics/codes/shard.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import { quoteName } from "../../onnx/model-diagnostics.ts";
import { flag, listOption, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { exitCodes, type Io } from "../io.ts";
import { reportNowhere, showDiagnostics } from "../report.ts";
import { compareTensors, type Difference } from "../shards/compare-values.ts";
import { describeSize, failed, showFailure, withCutModel, writeShards, type CutModel, type Outcome } from "../shards/cut-model.ts";
import { dataSets, randomInputs, readInputs } from "../shards/model-inputs.ts";
import { measureRounding, type Rounding } from "../shards/measure-rounding.ts";
import { runChain, RunFailure, runWhole, type RunOptions, type Values } from "../shards/run-models.ts";
import { withTemporaryFolders } from "../temporary-folders.ts";

const randomSets = 2;

interface Verdict {
  /** All outputs are equal bit for bit. */
  readonly equal: boolean;
  readonly maxAbs: number;
  readonly maxRel: number;
  readonly stages: number;
  /** Runs of one rank, one after the other; without tensor sharding each stage is one. */
  readonly segments: number;
  /** How far rounding alone moves an output of the whole; measured where outputs are further apart than the tolerance. */
  readonly rounding?: number;
}

export const run: CommandRun = async (args, io) => {
  const dims = readDims(args);
  if (!dims.ok) return showFailure(dims, args, io);
  const outcome = await withCutModel(args, io, (cut) => verify(cut, args, io, dims.value));
  return outcome.ok ? outcome.value : showFailure(outcome, args, io);
};

function readDims(args: CommandArgs): Outcome<ReadonlyMap<string, number>> {
  const dims = new Map<string, number>();
  for (const text of listOption(args, "dim")) {
    const [, name = "", value = ""] = /^(.+)=([1-9]\d{0,8})$/.exec(text) ?? [];
    const what = `\`--dim ${text}\` is not of the form \`--dim name=size\` with a size of at least 1`;
    if (name === "") return { ok: false, diagnostics: [reportNowhere(shardCodes.shardArguments, { what })], exitCode: exitCodes.usage };
    dims.set(name, Number(value));
  }
  return { ok: true, value: dims };
}

async function verify(cut: CutModel, args: CommandArgs, io: Io, dims: ReadonlyMap<string, number>): Promise<Outcome<number>> {
  const data = textOption(args, "data");
  const feeds = collectFeeds(cut, data === undefined ? undefined : resolve(io.cwd, data), dims);
  if (!feeds.ok) return feeds;
  return withTemporaryFolders([join(tmpdir(), "pipec-verify-")], async ([folder = ""]) => {
    const problem = writeShards(cut.set, folder, "a temporary folder");
    if (problem) return failed(problem);
    try {
      const options = { optimize: flag(args, "optimize") };
      const whole = await runWhole(cut.path, feeds.value, cut.set.outputs, options);
      const sharded = await runChain(cut.set, folder, feeds.value, options);
      const compared = compareAll(cut, whole, sharded);
      if (compared.every(({ difference }) => difference.within) || !mayReorderSums(cut, options)) return { ok: true, value: showVerdict(cut, compared, args, io) };
      const rounding = await measureRounding(cut, folder, feeds.value, whole, options);
      if ("problem" in rounding) return failed(rounding.problem);
      return { ok: true, value: showVerdict(cut, compareAll(cut, whole, sharded, rounding), args, io, rounding) };
    } catch (error) {
      if (error instanceof RunFailure) return failed(reportNowhere(shardCodes.runFailed, { part: error.part, what: error.message }));
      throw error;
    }
  });
}

function collectFeeds(cut: CutModel, data: string | undefined, dims: ReadonlyMap<string, number>): Outcome<readonly Values[]> {
  const sets = dims.size > 0 && data === undefined ? [] : dataSets(cut.original, data);
  const { model } = cut.set;
  const outcomes = sets.length > 0 ? sets.map((folder) => readInputs(model, folder)) : Array.from({ length: randomSets }, (_, seed) => randomInputs(model, dims, seed + 1));
  const feeds: Values[] = [];
  for (const outcome of outcomes) {
    if (!outcome.ok) return outcome;
    feeds.push(outcome.value);
  }
  return { ok: true, value: feeds };
}

/** Stages alone, run as they are, compute every node as the whole does. */
function mayReorderSums(cut: CutModel, { optimize }: RunOptions): boolean {
  return optimize || cut.set.stages.some(({ ranks }) => ranks.length > 1);
}

interface Compared {
  readonly output: string;
  /** Which of the sets of inputs. */
  readonly at: number;
  readonly difference: Difference;
}

function compareAll(cut: CutModel, whole: readonly Values[], sharded: readonly Values[], rounding?: Rounding): readonly Compared[] {
  return cut.set.outputs.flatMap((output) => whole.map((values, at) => ({ output, at, difference: compareTensors(values[output], sharded[at]?.[output], rounding?.get(output)?.[at]) })));
}

function showVerdict(cut: CutModel, compared: readonly Compared[], args: CommandArgs, io: Io, rounding?: Rounding): number {
  const largest = (pick: (difference: Difference) => number): number => compared.reduce((most, { difference }) => Math.max(most, pick(difference)), 0);
  const verdict: Verdict = {
    equal: compared.every(({ difference }) => difference.equal),
    maxAbs: largest((difference) => difference.maxAbs),
    maxRel: largest((difference) => difference.maxRel),
    stages: cut.set.stages.length,
    segments: cut.set.stages.reduce((sum, { ranks }) => sum + (ranks[0]?.segments.length ?? 0), 0),
    ...(rounding ? { rounding: Math.max(...[...rounding.values()].flat()) } : {}),
  };
  const beyond = compared.filter(({ difference }) => !difference.within);
  if (flag(args, "json")) io.stdout(`${JSON.stringify(verdict)}\n`);
  else {
    const sets = 1 + Math.max(-1, ...compared.map(({ at }) => at));
    const inputs = `${sets} ${sets === 1 ? "set" : "sets"} of inputs`;
    io.stdout(`${cut.shown} in ${describeSize(cut.set)}, ${inputs}: ${describe(verdict)}\n`);
    showDiagnostics(io, uniqueProblems(beyond), sourcesOf());
  }
  return beyond.length === 0 ? exitCodes.ok : exitCodes.diagnostics;
}

function describe(verdict: Verdict): string {
  if (verdict.equal) return "equal bit for bit";
  const rounding = verdict.rounding === undefined ? "" : `; rounding alone moves the whole by up to ${verdict.rounding.toPrecision(3)}`;
  return `apart by at most ${verdict.maxAbs.toPrecision(3)} (${verdict.maxRel.toPrecision(3)} of the value)${rounding}`;
}

/** The worst difference of each output. */
function uniqueProblems(beyond: readonly Compared[]): readonly Diagnostic[] {
  const worst = new Map<string, Difference>();
  for (const { output, difference } of beyond) if (difference.maxAbs >= (worst.get(output)?.maxAbs ?? 0)) worst.set(output, difference);
  return [...worst].map(([output, { maxAbs, allowed }]) =>
    reportNowhere(shardCodes.outputsDiffer, { value: quoteName(output), absolute: maxAbs === Number.MAX_VALUE ? "everything" : maxAbs.toPrecision(3), allowed: allowed.toPrecision(3) }),
  );
}
