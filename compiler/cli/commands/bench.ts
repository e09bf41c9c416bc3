/**
 * `pipec bench`: measures the models of a program on this machine's cores and writes a calibration file, which
 * `pipec plan --calibration` takes instead of estimates. The times of maps, sources and sinks come from a run of the
 * program itself: `node out.js --json > run.jsonl`, then `pipec bench --from-run run.jsonl`.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { clusterPlanCodes } from "../../../language/diagnostics/codes/cluster-plan.ts";
import { report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import type { CheckedModel } from "../../../language/check/checked-program.ts";
import { hasErrors } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Calibration, MeasuredModel, MeasuredStage } from "../../plan/cluster/calibration.ts";
import { coreSpeed } from "../../plan/cluster/core-pool.ts";
import { probeShapes } from "../../plan/cluster/probe-shapes.ts";
import { readRunSummary } from "../../plan/cluster/read-run-summary.ts";
import { describeMachine } from "../../plan/hardware/describe-machine.ts";
import { listOption, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { detectMachine } from "../detect-machine.ts";
import { exitCodeOf } from "../exit-code.ts";
import { describeFileFault } from "../file-fault.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { measureModel } from "../measure-model.ts";
import { reportNowhere, showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

export const run: CommandRun = async (args, io) => {
  const batches = countsOption(args, io, "batch", [1, 8]);
  const threads = countsOption(args, io, "threads", [1]);
  const stages = stagesOption(args, io);
  if (batches === undefined || threads === undefined || stages === undefined) return exitCodes.usage;
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param") }, "check");
  if (!compiled.ok) {
    showDiagnostics(io, compiled.diagnostics, new Map());
    return exitCodes.usage;
  }
  const { checked, diagnostics, sources } = compiled.compilation;
  showDiagnostics(io, diagnostics, sources);
  if (checked === undefined || hasErrors(diagnostics)) return exitCodeOf(diagnostics);
  const faults: Diagnostic[] = [];
  const models: MeasuredModel[] = [];
  for (const model of checked.models) {
    const measured = await measureAll(model, io.cwd, batches, threads);
    if ("message" in measured) faults.push(report(clusterPlanCodes.badProbe, { model: model.name, what: measured.message }, { at: model.span }));
    else models.push(...measured.entries);
  }
  showDiagnostics(io, faults, sources);
  if (faults.length > 0) return exitCodes.diagnostics;
  return write(calibration(models, stages), args, io);
};

function calibration(models: readonly MeasuredModel[], stages: readonly MeasuredStage[]): Calibration {
  const [group] = describeMachine(detectMachine()).hardware.nodes;
  return { version: 1, machine: group?.node.core.name ?? "", coreSpeed: group === undefined ? 1 : Number(coreSpeed(group.node).toPrecision(4)), models, stages, lengths: [] };
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

async function measureAll(model: CheckedModel, cwd: string, batches: readonly number[], threads: readonly number[]): Promise<{ readonly entries: readonly MeasuredModel[] } | { readonly message: string }> {
  const file = resolve(cwd, dirname(model.fromFile), model.file);
  const allowed = !model.batched ? [1] : model.fixedBatch === undefined ? batches : [model.fixedBatch];
  const entries: MeasuredModel[] = [];
  try {
    for (const count of threads) {
      for (const batch of allowed) {
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
