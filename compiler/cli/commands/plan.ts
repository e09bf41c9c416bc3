/**
 * `pipec plan`: the plan without building. For hardware, from the program or `--hw`, it is solved for: devices, cuts,
 * replicas and batches, what limits it and how good it can be; without hardware it is the plan for one machine.
 */
import { resolve } from "node:path";
import { clusterPlanCodes } from "../../../language/diagnostics/codes/cluster-plan.ts";
import { hasErrors } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import type { Hardware } from "../../../stdlib/hw/hardware.ts";
import type { ClusterPlan } from "../../plan/cluster/cluster-plan.ts";
import { diffPlans, parseClusterPlan } from "../../plan/cluster/diff-plans.ts";
import { emitPlanHtml } from "../../plan/cluster/emit-plan-html.ts";
import { planCluster, statedHardware } from "../../plan/cluster/plan-cluster.ts";
import { clusterPlanToJson, printClusterPlan } from "../../plan/cluster/print-cluster-plan.ts";
import { planToJson, printPlan } from "../../plan/print-plan.ts";
import type { Compilation } from "../../pipeline.ts";
import { flag, listOption, textOption } from "../command.ts";
import type { CommandArgs, CommandRun } from "../command.ts";
import { compileFile } from "../compile-file.ts";
import { exitCodeOf } from "../exit-code.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { openGraphs } from "../open-graphs.ts";
import { nameHardware, readPlanningInputs, readPlanningText } from "../planning-inputs.ts";
import type { PlanningInputs } from "../planning-inputs.ts";
import { reportNowhere, showDiagnostics } from "../report.ts";
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
  const given = readPlanningInputs(args, io);
  if (given === undefined) return exitCodes.usage;
  const hardware = given.hardware ?? statedHardware(lowered);
  if (hardware !== undefined) return planFor({ ...given, hardware }, compilation, args, io);
  const needsHardware = ["html", "diff", "rows", "calibration"].find((name) => textOption(args, name) !== undefined);
  if (needsHardware !== undefined) return refuse(io, reportNowhere(clusterPlanCodes.noHardware, { option: `--${needsHardware}` }, { fix: nameHardware }));
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

function planFor({ hardware, calibration }: PlanningInputs & { readonly hardware: Hardware }, { lowered, plan, sources, diagnostics: earlier }: Compilation, args: CommandArgs, io: Io): number {
  if (lowered === undefined || plan === undefined) return exitCodeOf(earlier);
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
  const text = readPlanningText(io, file);
  if (text === undefined) return exitCodes.usage;
  const [before, after] = [parseClusterPlan(text), parseClusterPlan(json)];
  if (before === undefined || after === undefined) return refuse(io, reportNowhere(clusterPlanCodes.planUnreadable, { file, what: "it is no plan for hardware as `pipec plan --json` writes it" }));
  const lines = diffPlans(before, after);
  io.stdout(lines.length === 0 ? "no difference\n" : `${lines.join("\n")}\n`);
  return exitCodes.ok;
}
