/** Finds the cost rule of an operator by domain and name. */
import type { CostRule, CostTable } from "./cost-rule.ts";
import { elementwiseCosts, microsoftElementwiseCosts } from "./elementwise.ts";
import { matrixCosts, microsoftMatrixCosts } from "./matrix.ts";
import { learningCosts, microsoftMovementCosts, movementCosts } from "./movement.ts";

const standard: CostTable = { ...elementwiseCosts, ...matrixCosts, ...movementCosts };
const microsoft: CostTable = { ...microsoftElementwiseCosts, ...microsoftMatrixCosts, ...microsoftMovementCosts };

const tables: ReadonlyMap<string, CostTable> = new Map([
  ["", standard],
  ["com.microsoft", microsoft],
  // onnxruntime's layout transformer moves standard operators here.
  ["com.ms.internal.nhwc", standard],
  ["com.microsoft.nchwc", { ...microsoft, ...standard }],
  ["ai.onnx.ml", learningCosts],
]);

/** The rule of an operator, or undefined if its cost is not known. */
export function findCostRule(domain: string, op: string): CostRule | undefined {
  const table = tables.get(domain);
  return table && Object.hasOwn(table, op) ? table[op] : undefined;
}
