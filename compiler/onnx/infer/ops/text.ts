/** Strings: normalisation, splitting, matching, n-gram features. */
import { dimOf, oneDim } from "../../../../language/tensor/dim.ts";
import { broadcastShapes } from "../broadcast.ts";
import { intsAttribute, shapeOf, tensor } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";

/** Stop words leave the list, so its length is the data's; without them it stays. */
const stringNormalizer: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  if (!input) return [tensor("string", undefined)];
  const stopwords = ctx.attribute("stopwords");
  const removes = stopwords?.kind === "strings" && stopwords.value.length > 0;
  return [tensor("string", removes ? [...input.slice(0, -1), ctx.fresh()] : input)];
};

const stringSplit: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  return [tensor("string", input && [...input, ctx.fresh()]), tensor("i64", input)];
};

/** One column for each n-gram of the pool. */
const tfIdfVectorizer: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const indexes = intsAttribute(ctx, "ngram_indexes") ?? [];
  const columns = dimOf(indexes.reduce((most, index) => Math.max(most, index + 1), 0));
  if (!input) return [tensor("f32", undefined)];
  return [tensor("f32", input.length < 2 ? [columns] : [input[0], columns])];
};

/** onnxruntime's Tokenizer: as many tokens as the longest text has. */
export const tokenizer: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  return [tensor("string", input && [...input, ctx.fresh()])];
};

const stringConcat: Rule = (ctx) => [tensor("string", broadcastOfTwo(ctx))];

function broadcastOfTwo(ctx: RuleContext): ReturnType<typeof shapeOf> {
  return broadcastShapes(ctx, [shapeOf(ctx, 0), shapeOf(ctx, 1)]);
}

/** A row of one label for each text (rank 1 counts as one row). */
export function rowsOf(ctx: RuleContext, i: number): ReturnType<RuleContext["fresh"]> {
  const input = shapeOf(ctx, i);
  if (!input) return ctx.fresh();
  return input.length < 2 ? oneDim : input[0];
}

export const textRules: RuleTable = {
  StringNormalizer: stringNormalizer,
  StringSplit: stringSplit,
  StringConcat: stringConcat,
  RegexFullMatch: (ctx) => [tensor("bool", shapeOf(ctx, 0))],
  TfIdfVectorizer: tfIdfVectorizer,
};
