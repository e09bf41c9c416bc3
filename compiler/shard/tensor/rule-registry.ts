/** All sharding rules by domain and operator. */
import type { RuleTable, ShardRule } from "./rule.ts";
import { attentionRules, microsoftAttentionRules } from "./rules/attention.ts";
import { elementwiseRules, microsoftElementwiseRules } from "./rules/elementwise.ts";
import { imageRules, microsoftImageRules } from "./rules/images.ts";
import { movementRules } from "./rules/movement.ts";
import { microsoftProductRules, productRules } from "./rules/products.ts";
import { microsoftReductionRules, reductionRules } from "./rules/reductions.ts";
import { viewRules } from "./rules/views.ts";

const standard: RuleTable = { ...elementwiseRules, ...viewRules, ...movementRules, ...productRules, ...imageRules, ...reductionRules, ...attentionRules };
const microsoft: RuleTable = { ...microsoftElementwiseRules, ...microsoftProductRules, ...microsoftImageRules, ...microsoftReductionRules, ...microsoftAttentionRules };

/** The rule of an operator; undefined if it is always computed whole. */
export function findShardRule(domain: string, op: string): ShardRule | undefined {
  const table = domain === "" ? standard : domain === "com.microsoft" ? microsoft : undefined;
  return table && Object.hasOwn(table, op) ? table[op] : undefined;
}
