/** Losses: a scalar, or one value per label where nothing is reduced. */
import { dtypeOf, sameAs, shapeOf, tensor, textAttribute } from "../rule.ts";
import type { Rule, RuleTable } from "../rule.ts";

const loss: Rule = (ctx) => {
  const reduced = textAttribute(ctx, "reduction", "mean") !== "none";
  return [tensor(dtypeOf(ctx, 0), reduced ? [] : shapeOf(ctx, 1)), sameAs(ctx, 0)];
};

export const lossRules: RuleTable = {
  NegativeLogLikelihoodLoss: loss,
  SoftmaxCrossEntropyLoss: loss,
};
