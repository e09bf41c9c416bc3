/** RNN, GRU and LSTM: all steps, the last hidden state, and the last cell state. */
import { dimOf, floorDivDim } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { dtypeOf, intAttribute, shapeOfRank, tensor, textAttribute } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** `layout` 1 has the batch first; `gates` is how many weight blocks W holds. */
export function recurrentRule(gates: number): Rule {
  return (ctx) => {
    const dtype = dtypeOf(ctx, 0);
    const input = shapeOfRank(ctx, 0, 3);
    const batchFirst = intAttribute(ctx, "layout", 0) === 1;
    const [steps, batch] = input ? (batchFirst ? [input[1], input[0]] : [input[0], input[1]]) : [ctx.fresh(), ctx.fresh()];
    const directions = dimOf(textAttribute(ctx, "direction", "forward") === "bidirectional" ? 2 : 1);
    const hidden = hiddenSize(ctx, gates);
    const all = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
    const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    return [tensor(dtype, all), tensor(dtype, last), tensor(dtype, last)];
  };
}

function hiddenSize(ctx: RuleContext, gates: number): Dim {
  const given = intAttribute(ctx, "hidden_size");
  if (given !== undefined) return dimOf(given);
  const recurrence = shapeOfRank(ctx, 2, 3);
  if (recurrence) return recurrence[2];
  const weights = shapeOfRank(ctx, 1, 3);
  return weights ? floorDivDim(weights[1], gates) : ctx.fresh();
}

export const recurrentRules: RuleTable = {
  RNN: recurrentRule(1),
  GRU: recurrentRule(3),
  LSTM: recurrentRule(4),
};
