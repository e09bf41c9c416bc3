/**
 * `pipec plan`: the plan without building. For hardware, from the program or `--hw`, it is solved for: devices, cuts,
 * replicas and batches, what limits it and how good it can be; without hardware it is the plan for one machine.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { clusterPlanCodes } from "../../../language/diagnostics/codes/cluster-plan.ts";
import { hasErrors } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import type { Calibration } from "../../plan/cluster/calibration.ts";
import type { ClusterPlan } from "../../plan/cluster/cluster-plan.ts";
import { diffPlans, parseClusterPlan } from "../../plan/cluster/diff-plans.ts";
import { emitPlanHtml } from "../../plan/cluster/emit-plan-html.ts";
import { planCluster, statedHardware } from "../../plan/cluster/plan-cluster.ts";
import { clusterPlanToJson, printClusterPlan } from "../../plan/cluster/print-cluster-plan.ts";
import { readCalibration } from "../../plan/cluster/read-calibration.ts";
import type { LoweredProgram } from "../../plan/lowered-program.ts";
import { planToJson, printPlan } from "../../plan/print-plan.ts";
import type { Compilation } from "../../pipeline.ts";
import { flag, listOption, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { exitCodeOf } from "../exit-code.ts";
import { describeFileFault } from "../file-fault.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { openGraphs } from "../open-graphs.ts";
import { readHardwareFile } from "../read-hardware-file.ts";
import { advice, reportNowhere, showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

export const run: CommandRun = async (args, io) => {
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param"), solve: false }, "plan");
  if (!compiled.ok) {
    showDiagnostics(io, compiled.diagnostics, new Map());
    return exitCodes.usage;
  }
  const { compilation } = compiled;
  const { lowered, plan, diagnostics, sources } = compilation;
  showDiagnostics(io, diagnostics, sources);
  if (lowered === undefined || plan === undefined || hasErrors(diagnostics)) return exitCodeOf(diagnostics);
  const hardware = hardwareOf(args, io, lowered);
  if (hardware === "refused") return exitCodes.usage;
  if (hardware !== undefined) return planFor(hardware, compilation, args, io);
  const needsHardware = ["html", "diff", "rows", "calibration"].find((name) => textOption(args, name) !== undefined);
  if (needsHardware !== undefined) return refuse(io, reportNowhere(clusterPlanCodes.noHardware, { option: `--${needsHardware}` }, { fix: advice("add `--hw FILE`, or `hardware:` in the program") }));
  return showOwnPlan(args, io);
};

/** The plan that `pipec build` carries out: with models cut where the program says so. */
function showOwnPlan(args: CommandArgs, io: Io): number {
  const compiled = compileFile(io.cwd, { file: args.positionals[0], params: listOption(args, "param") }, "plan");
  if (!compiled.ok) return exitCodes.usage;
  const { plan, diagnostics, sources } = compiled.compilation;
  // Everything else has been shown.
  showDiagnostics(io, diagnostics.filter(({ severity }) => severity === "error"), sources);
  if (plan !== undefined && !hasErrors(diagnostics)) io.stdout(flag(args, "json") ? planToJson(plan) : printPlan(plan));
  return exitCodeOf(diagnostics);
}

function refuse(io: Io, diagnostic: Diagnostic): number {
  showDiagnostics(io, [diagnostic], sourcesOf());
  return exitCodes.usage;
}

function hardwareOf(args: CommandArgs, io: Io, lowered: LoweredProgram): Hardware | undefined | "refused" {
  const name = textOption(args, "hw");
  if (name === undefined) return statedHardware(lowered);
  const { hardware, diagnostics, source } = readHardwareFile(io.cwd, name);
  showDiagnostics(io, diagnostics, source === undefined ? sourcesOf() : sourcesOf(source));
  return hardware ?? "refused";
}

function planFor(hardware: Hardware, { lowered, plan, sources, diagnostics: earlier }: Compilation, args: CommandArgs, io: Io): number {
  if (lowered === undefined || plan === undefined) return exitCodeOf(earlier);
  const calibration = calibrationOf(args, io);
  if (calibration === "refused") return exitCodes.usage;
  const graphs = openGraphs(io.cwd);
  try {
    const result = planCluster(lowered, plan, hardware, { readGraph: graphs.read, ...(calibration === undefined ? {} : { calibration }) });
    showDiagnostics(io, result.diagnostics, sources);
    if (result.plan === undefined) return result.doesNotFit ? exitCodes.doesNotFit : exitCodes.diagnostics;
    return show(result.plan, args, io);
  } finally {
    graphs.close();
  }
}

function calibrationOf(args: CommandArgs, io: Io): Calibration | undefined | "refused" {
  const file = textOption(args, "calibration");
  const text = file === undefined ? undefined : readText(io, file);
  if (file === undefined || text === undefined) return file === undefined ? undefined : "refused";
  const read = readCalibration(text);
  if (!("wrong" in read)) return read;
  refuse(io, reportNowhere(clusterPlanCodes.planUnreadable, { file, what: read.wrong }));
  return "refused";
}

/** Undefined (and reported) if the file cannot be read. */
function readText(io: Io, file: string): string | undefined {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8");
  } catch (error) {
    refuse(io, reportNowhere(clusterPlanCodes.planUnreadable, { file, what: describeFileFault(error) }));
    return undefined;
  }
}

function show(plan: ClusterPlan, args: CommandArgs, io: Io): number {
  const json = clusterPlanToJson(plan);
  const html = textOption(args, "html");
  const unwritten = html === undefined ? undefined : writeFiles([{ path: resolve(io.cwd, html), shown: html, text: emitPlanHtml(plan) }]);
  if (unwritten !== undefined) return refuse(io, unwritten);
  const old = textOption(args, "diff");
  if (old !== undefined) return showDifference(old, json, io);
  const given = textOption(args, "rows");
  const rows = Number(given?.replaceAll("_", ""));
  if (given !== undefined && !(rows > 0)) return refuse(io, reportNowhere(clusterPlanCodes.badRows, { given }));
  io.stdout(flag(args, "json") ? json : printClusterPlan(plan, given === undefined ? {} : { rows }));
  return exitCodes.ok;
}

function showDifference(file: string, json: string, io: Io): number {
  const text = readText(io, file);
  if (text === undefined) return exitCodes.usage;
  const [before, after] = [parseClusterPlan(text), parseClusterPlan(json)];
  if (before === undefined || after === undefined) return refuse(io, reportNowhere(clusterPlanCodes.planUnreadable, { file, what: "it is no plan for hardware as `pipec plan --json` writes it" }));
  const lines = diffPlans(before, after);
  io.stdout(lines.length === 0 ? "no difference\n" : `${lines.join("\n")}\n`);
  return exitCodes.ok;
}
