/**
 * `pipec bench`: runs each stage of a program on its own data on this machine for some seconds, then its models by
 * themselves at other batches and threads, and writes a calibration file, which `pipec plan --calibration` takes instead
 * of estimates. Times of stages may also come from a whole run: `node out.js --json > run.jsonl`, then `--from-run`.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { clusterPlanCodes } from "../../../language/diagnostics/codes/cluster-plan.ts";
import { report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { CheckedModel } from "../../../language/check/checked-program.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Calibration, MeasuredLengths, MeasuredModel, MeasuredStage } from "../../plan/cluster/calibration.ts";
import { coreSpeed } from "../../plan/cluster/core-pool.ts";
import { measuredLengths, measuredModels, measuredStages } from "../../plan/cluster/measured-program.ts";
import { probeShapes } from "../../plan/cluster/probe-shapes.ts";
import { readRunSummary } from "../../plan/cluster/read-run-summary.ts";
import { describeMachine } from "../../plan/hardware/describe-machine.ts";
import { listOption, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { detectMachine } from "../detect-machine.ts";
import { describeFileFault } from "../file-fault.ts";
import { findProgram } from "../find-program.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { measureModel } from "../measure-model.ts";
import { measureProgram } from "../measure-program.ts";
import { reportNowhere, showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

export const run: CommandRun = async (args, io) => {
  const batches = countsOption(args, io, "batch", [1, 8]);
  const threads = countsOption(args, io, "threads", [1]);
  const seconds = secondsOption(args, io);
  const fromRun = stagesOption(args, io);
  if (batches === undefined || threads === undefined || seconds === undefined || fromRun === undefined) return exitCodes.usage;
  const found = findProgram(io.cwd, args.positionals[0]);
  if (!found.ok) {
    showDiagnostics(io, [found.diagnostic], new Map());
    return exitCodes.usage;
  }
  const measured = await measureProgram({ file: found.file, params: listOption(args, "param"), seconds }, io);
  if (!measured.ok) return measured.exitCode;
  const { report: stages, compilation } = measured;
  if (stages.fault !== undefined) showDiagnostics(io, [reportNowhere(clusterPlanCodes.stagesUnmeasured, { what: stages.fault })], sourcesOf());
  const onRows = measuredModels(stages.pipelines);
  const faults: Diagnostic[] = [];
  const models: MeasuredModel[] = [...onRows];
  for (const model of compilation.checked?.models ?? []) {
    const isKnown = (batch: number, count: number): boolean => onRows.some((entry) => entry.name === model.name && entry.batch === batch && entry.threads === count);
    const probed = await measureAll(model, io.cwd, batches, threads, isKnown);
    if ("message" in probed) faults.push(report(clusterPlanCodes.badProbe, { model: model.name, what: probed.message }, { at: model.span }));
    else models.push(...probed.entries);
  }
  showDiagnostics(io, faults, compilation.sources);
  if (faults.length > 0) return exitCodes.diagnostics;
  const own = measuredStages(stages.pipelines);
  return write(calibration(models, [...fromRun, ...own.filter((stage) => !fromRun.some(({ label }) => label === stage.label))], measuredLengths(stages.pipelines)), args, io);
};

function calibration(models: readonly MeasuredModel[], stages: readonly MeasuredStage[], lengths: readonly MeasuredLengths[]): Calibration {
  const [group] = describeMachine(detectMachine()).hardware.nodes;
  return { version: 1, machine: group?.node.core.name ?? "", coreSpeed: group === undefined ? 1 : Number(coreSpeed(group.node).toPrecision(4)), models, stages, lengths };
}

function write(measured: Calibration, args: CommandArgs, io: Io): number {
  const text = `${JSON.stringify(measured, undefined, 2)}\n`;
  const out = textOption(args, "out");
  if (out === undefined) {
    io.stdout(text);
    return exitCodes.ok;
  }
  const unwritten = writeFiles([{ path: resolve(io.cwd, out), shown: out, text }]);
  if (unwritten === undefined) return exitCodes.ok;
  showDiagnostics(io, [unwritten], sourcesOf());
  return exitCodes.diagnostics;
}

async function measureAll(model: CheckedModel, cwd: string, batches: readonly number[], threads: readonly number[], isKnown: (batch: number, threads: number) => boolean): Promise<{ readonly entries: readonly MeasuredModel[] } | { readonly message: string }> {
  const file = resolve(cwd, dirname(model.fromFile), model.file);
  const allowed = !model.batched ? [1] : model.fixedBatch === undefined ? batches : [model.fixedBatch];
  const entries: MeasuredModel[] = [];
  try {
    for (const count of threads) {
      for (const batch of allowed) {
        if (isKnown(batch, count)) continue;
        const msPerBatch = await measureModel({ file, threads: count, inputs: probeShapes(model, batch) });
        entries.push({ name: model.name, batch, threads: count, msPerBatch: Number(msPerBatch.toPrecision(4)) });
      }
    }
    return { entries };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
}

/** "1,8,32". Undefined (and reported) where it is something else. */
function countsOption(args: CommandArgs, io: Io, option: "batch" | "threads", otherwise: readonly number[]): readonly number[] | undefined {
  const given = textOption(args, option);
  if (given === undefined) return otherwise;
  const counts = given.split(",").map(Number);
  if (counts.every((count) => Number.isInteger(count) && count > 0)) return counts;
  showDiagnostics(io, [reportNowhere(clusterPlanCodes.badCount, { option, given })], sourcesOf());
  return undefined;
}

const SECONDS = 10;

function secondsOption(args: CommandArgs, io: Io): number | undefined {
  const given = textOption(args, "seconds");
  const seconds = given === undefined ? SECONDS : Number(given);
  if (seconds > 0 && seconds <= 3600) return seconds;
  showDiagnostics(io, [reportNowhere(clusterPlanCodes.badCount, { option: "seconds", given: given ?? "" })], sourcesOf());
  return undefined;
}

function stagesOption(args: CommandArgs, io: Io): readonly MeasuredStage[] | undefined {
  const file = textOption(args, "fromRun");
  if (file === undefined) return [];
  const refuse = (what: string): undefined => void showDiagnostics(io, [reportNowhere(clusterPlanCodes.planUnreadable, { file, what })], sourcesOf());
  try {
    return readRunSummary(readFileSync(resolve(io.cwd, file), "utf8")) ?? refuse("it holds no summary as a program prints it at its end with `--json`");
  } catch (error) {
    return refuse(describeFileFault(error));
  }
}
