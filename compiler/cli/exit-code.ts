/** How a command ends, from what it found. */
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import { clusterPlanCodes } from "../../language/diagnostics/codes/cluster-plan.ts";
import { nameCodes } from "../../language/diagnostics/codes/names.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { exitCodes } from "./io.ts";

/** Codes of what was given on the command line. */
const usageCodes: ReadonlySet<string> = new Set([nameCodes.unknownGiven.code, nameCodes.badGivenValue.code]);

const unfitCodes: ReadonlySet<string> = new Set([buildCodes.planTooLarge.code, buildCodes.modelTooLarge.code, clusterPlanCodes.planDoesNotFit.code]);

/** 3 where the only thing wrong is that the plan does not fit, 2 where it is what the command line gave. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  const codes = diagnostics.filter((diagnostic) => diagnostic.severity === "error").map((diagnostic) => diagnostic.code);
  if (codes.length === 0) return exitCodes.ok;
  if (codes.every((code) => unfitCodes.has(code))) return exitCodes.doesNotFit;
  return codes.every((code) => usageCodes.has(code)) ? exitCodes.usage : exitCodes.diagnostics;
}
