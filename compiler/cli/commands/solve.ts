/** `pipec solve GRAPH.json`: the best partition of a bare cost graph, for people who compare planners. */
import { readFileSync } from "node:fs";
import { plannerCodes } from "../../../language/diagnostics/codes/planner.ts";
import { report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { diagnosticToJson } from "../../../language/diagnostics/json.ts";
import { renderDiagnostics, sourcesOf } from "../../../language/diagnostics/render.ts";
import { createSourceFile } from "../../../language/source/source-file.ts";
import type { SourceFile } from "../../../language/source/source-file.ts";
import type { NoSolution } from "../../plan/solve/cost-graph.ts";
import { printSolution, solutionToJson } from "../../plan/solve/print-solution.ts";
import { readCostGraph } from "../../plan/solve/read-cost-graph.ts";
import { solvePartition } from "../../plan/solve/solve-partition.ts";

export interface SolveArgs {
  /** Path of the graph. */
  readonly graph: string;
  readonly json: boolean;
}

export interface SolveIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

const exitOk = 0;
const exitProblem = 1;
const exitInfeasible = 3;

/** Later ones mostly follow from the first. */
const problemsShownMax = 20;

/**
 * Prints the partition (or its JSON) on stdout and problems on stderr (with `--json`, on stdout).
 * Returns the exit status: 0 solved, 1 the file has problems, 3 no partition fits.
 */
export async function runSolve(args: SolveArgs, io: SolveIo): Promise<number> {
  const source = openGraph(args.graph);
  if ("diagnostic" in source) return fail([source.diagnostic], undefined, args, io, exitProblem);
  const { file, diagnostics } = readCostGraph(source);
  if (file === undefined) return fail(diagnostics, source, args, io, exitProblem);
  const result = solvePartition(file.graph);
  if (result.status === "infeasible") return fail([infeasible(result, source)], source, args, io, exitInfeasible);
  io.stdout(args.json ? `${JSON.stringify(solutionToJson(file, result), null, 2)}\n` : printSolution(file, result));
  return exitOk;
}

function openGraph(path: string): SourceFile | { readonly diagnostic: Diagnostic } {
  try {
    return createSourceFile(path, readFileSync(path, "utf8"));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reasons: Readonly<Record<string, string>> = { ENOENT: "there is no such file", EISDIR: "it is a folder", EACCES: "permission denied" };
    const what = reasons[code] ?? (code === "" ? "it is too large" : code);
    return { diagnostic: report(plannerCodes.graphUnreadable, { file: path, what }, { at: { file: path, start: 0, end: 0 } }) };
  }
}

function infeasible(result: NoSolution, source: SourceFile): Diagnostic {
  const at = { file: source.path, start: 0, end: Math.min(1, source.text.length) };
  if (result.proved) return report(plannerCodes.graphInfeasible, { reason: result.reason }, { at });
  return report(plannerCodes.graphUnplaced, { ideals: result.effort.ideals }, { at });
}

function fail(diagnostics: readonly Diagnostic[], source: SourceFile | undefined, args: SolveArgs, io: SolveIo, status: number): number {
  const sources = source === undefined ? sourcesOf() : sourcesOf(source);
  if (args.json) {
    io.stdout(`${JSON.stringify({ diagnostics: diagnostics.map((diagnostic) => diagnosticToJson(diagnostic, sources)) }, null, 2)}\n`);
    return status;
  }
  io.stderr(renderDiagnostics(diagnostics.slice(0, problemsShownMax), sources));
  if (diagnostics.length > problemsShownMax) io.stderr(`\n... and ${diagnostics.length - problemsShownMax} more\n`);
  return status;
}
