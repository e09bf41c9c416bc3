/** The preview training domain: optimisers give back what they take, in the same order. */
import { sameAs } from "../rule.ts";
import type { Rule, RuleTable } from "../rule.ts";

/**
 * Inputs are a rate, a step count, n tensors, n gradients, then `states` groups of n; outputs are the n tensors and the
 * states.
 */
function optimizer(states: number): Rule {
  return (ctx) => {
    const count = Math.floor((ctx.node.inputs.length - 2) / (states + 2));
    const tensors = Array.from({ length: count }, (_, i) => sameAs(ctx, 2 + i));
    const kept = Array.from({ length: count * states }, (_, i) => sameAs(ctx, 2 + 2 * count + i));
    return [...tensors, ...kept];
  };
}

/** One derivative for each name in `xs`, which are the first inputs. */
const gradient: Rule = (ctx) => {
  const xs = ctx.attribute("xs");
  return xs?.kind === "strings" ? xs.value.map((_, i) => sameAs(ctx, i)) : [];
};

export const trainingRules: RuleTable = {
  Adagrad: optimizer(1),
  Adam: optimizer(2),
  Momentum: optimizer(1),
  Gradient: gradient,
};
