/** Signal processing and determinants: DFT, STFT, windows, MelWeightMatrix, Det. */
import { addDims, dimOf, floorDivDim, oneDim, subDims } from "../../../../language/tensor/dim.ts";
import type { Dim } from "../../../../language/tensor/dim.ts";
import { elemTypeOfCode } from "../../elem-types.ts";
import { axisIn, dtypeOf, freshShape, intAttribute, knownDims, knownInts, shapeOf, shapeOfRank, tensor, withDim } from "../rule.ts";
import type { Rule, RuleContext, RuleTable } from "../rule.ts";
import { constantInt } from "../scalar.ts";

/** The axis is an attribute at opset 17 and an input at 20; the last axis holds real and imaginary parts. */
const dft: Rule = (ctx) => {
  const input = shapeOf(ctx, 0);
  const dtype = dtypeOf(ctx, 0);
  const given = ctx.opset < 20 ? intAttribute(ctx, "axis", 1) : ctx.has(2) ? knownInts(ctx, 2)?.[0] : -2;
  if (!input) return [tensor(dtype, undefined)];
  const axis = given === undefined ? undefined : axisIn(ctx, given, input.length);
  if (axis === undefined) return [tensor(dtype, freshShape(ctx, input.length))];
  const length = ctx.has(1) ? (knownDims(ctx, 1)?.[0] ?? ctx.fresh()) : input[axis];
  const onesided = intAttribute(ctx, "onesided", 0) === 1;
  const inverse = intAttribute(ctx, "inverse", 0) === 1;
  const last = input.length - 1;
  if (onesided && inverse) {
    // From half a spectrum back to a real signal.
    const full = ctx.has(1) ? length : subDims(addDims(input[axis], input[axis]), dimOf(2));
    return [tensor(dtype, withDim(withDim(input, axis, full), last, oneDim))];
  }
  const size = onesided ? addDims(floorDivDim(length, 2), oneDim) : length;
  return [tensor(dtype, withDim(withDim(input, axis, size), last, dimOf(2)))];
};

/** [batch, frames, bins, 2]. */
const stft: Rule = (ctx) => {
  const signal = shapeOfRank(ctx, 0, 2, 3);
  const step = knownInts(ctx, 1)?.[0];
  const windowShape = ctx.has(2) ? shapeOf(ctx, 2) : undefined;
  const frame = ctx.has(3) ? knownDims(ctx, 3)?.[0] : windowShape?.[0];
  const onesided = intAttribute(ctx, "onesided", 1) === 1;
  const bins = frame && (onesided ? addDims(floorDivDim(frame, 2), oneDim) : frame);
  const frames = frame && signal && step !== undefined && step > 0 ? addDims(floorDivDim(subDims(signal[1], frame), step), oneDim) : undefined;
  return [tensor(dtypeOf(ctx, 0), [signal?.[0] ?? ctx.fresh(), frames ?? ctx.fresh(), bins ?? ctx.fresh(), dimOf(2)])];
};

const windowFunction: Rule = (ctx) => {
  const size: Dim | undefined = knownDims(ctx, 0)?.[0];
  return [tensor(elemTypeOfCode(intAttribute(ctx, "output_datatype", 1)), [size ?? ctx.fresh()])];
};

/** [floor(dft_length/2) + 1, num_mel_bins]. */
const melWeightMatrix: Rule = (ctx) => {
  const bins = first(ctx, 0);
  const length = first(ctx, 1);
  const rows = length === undefined ? ctx.fresh() : dimOf(Math.floor(length / 2) + 1);
  return [tensor(elemTypeOfCode(intAttribute(ctx, "output_datatype", 1)), [rows, bins === undefined ? ctx.fresh() : dimOf(bins)])];
};

function first(ctx: RuleContext, i: number): number | undefined {
  return constantInt(ctx.value(i)?.elements[0]);
}

export const signalRules: RuleTable = {
  DFT: dft,
  STFT: stft,
  HannWindow: windowFunction,
  HammingWindow: windowFunction,
  BlackmanWindow: windowFunction,
  MelWeightMatrix: melWeightMatrix,
  Det: (ctx) => [tensor(dtypeOf(ctx, 0), shapeOf(ctx, 0)?.slice(0, -2))],
};
