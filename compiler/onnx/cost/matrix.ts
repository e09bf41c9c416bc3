/** Cost of products: matrix multiplications, convolutions, attention, recurrent layers. */
import { addDims, dimOf, floorDivDim, mulDims, productOfDims, sumOfDims, zeroDim, type Dim } from "../../../language/tensor/dim.ts";
import { elemTypeBits } from "../elem-types.ts";
import { bytesOf, dimAt, dimsFrom, elementsOf, intOr, intsOr, multiplyAdds, operand, textOr, times, type CostContext, type CostRule, type CostTable, type Operand } from "./cost-rule.ts";

/** y[..., m, n] = sum over k: 2 * k per element of y. `a` is the input whose last axis is k. */
function product(a = 0): CostRule {
  return { flops: (ctx) => multiplyAdds(elementsOf(ctx.output(0)), dimAt(ctx.input(a), -1)) };
}

function gemm(ctx: CostContext): Dim {
  const k = dimAt(ctx.input(0), intOr(ctx, "transA", 0) ? 0 : 1);
  const bias = ctx.input(2) ? elementsOf(ctx.output(0)) : zeroDim;
  return addDims(multiplyAdds(elementsOf(ctx.output(0)), k), bias);
}

/** Weights are [M, C/group, k…]: each output element takes C/group * k… multiply-adds. */
function convolution(weight: number, bias: number): CostRule {
  return {
    flops: (ctx) => {
      const out = elementsOf(ctx.output(0));
      return addDims(multiplyAdds(out, dimsFrom(ctx.input(weight), 1)), ctx.input(bias) ? out : zeroDim);
    },
  };
}

/** Weights are [C, M/group, k…]: each input element is scattered to M/group * k… outputs. */
function transposedConvolution(ctx: CostContext): Dim {
  const bias = ctx.input(2) ? elementsOf(ctx.output(0)) : zeroDim;
  return addDims(multiplyAdds(elementsOf(ctx.input(0)), dimsFrom(ctx.input(1), 1)), bias);
}

/** One multiply per further operand and one addition, for every combination of the labels. */
function einsum(ctx: CostContext): Dim {
  const equation = textOr(ctx, "equation", "").replace(/\s/g, "");
  const terms = (equation.split("->")[0] ?? "").split(",");
  const size = new Map<string, Dim>();
  terms.forEach((term, i) => {
    const labels = term.replace(/\.\.\..*/, "");
    const tail = term.includes("...") ? term.replace(/.*\.\.\./, "") : "";
    const shape = ctx.input(i)?.shape ?? [];
    [...labels].forEach((label, axis) => size.set(label, dimAt(ctx.input(i), axis)));
    [...tail].forEach((label, axis) => size.set(label, dimAt(ctx.input(i), axis - tail.length)));
    if (term.includes("...")) shape.slice(labels.length, shape.length - tail.length).forEach((dim, axis) => size.set(`...${axis}`, dim));
  });
  return times(Math.max(terms.length, 1), productOfDims([...size.values()]));
}

/** Scores (q.k), softmax at 5 per score, and the weighted sum of v; memory for the scores. */
interface AttentionShape {
  /** batch * query heads * query length * key length. */
  readonly scores: Dim;
  readonly headSize: Dim;
  readonly valueSize: Dim;
}

function attentionFlops({ scores, headSize, valueSize }: AttentionShape): Dim {
  return sumOfDims([multiplyAdds(scores, headSize), multiplyAdds(scores, valueSize), times(5, scores)]);
}

function scoresBytes(ctx: CostContext, { scores }: AttentionShape): Dim {
  const dtype = ctx.output(0)?.dtype ?? "f32";
  return times(Math.max(elemTypeBits(dtype) / 8, 1), scores);
}

/** Opset 23: [B, H, S, D], or [B, S, H*D] with the numbers of heads as attributes. */
function standardAttention(ctx: CostContext): AttentionShape {
  const [q, k, v] = [ctx.input(0), ctx.input(1), ctx.input(2)];
  const folded = q?.shape?.length === 3;
  const heads = folded ? dimOf(Math.max(intOr(ctx, "q_num_heads", 1), 1)) : dimAt(q, 1);
  const kvHeads = Math.max(intOr(ctx, "kv_num_heads", 1), 1);
  const axis = folded ? 1 : 2;
  const past = ctx.input(4) ? dimAt(ctx.input(4), 2) : zeroDim;
  const keys = addDims(dimAt(k, axis), past);
  return {
    scores: productOfDims([dimAt(q, 0), heads, dimAt(q, axis), keys]),
    headSize: folded ? floorDivDim(dimAt(q, 2), Math.max(intOr(ctx, "q_num_heads", 1), 1)) : dimAt(q, 3),
    valueSize: folded ? floorDivDim(dimAt(v, 2), kvHeads) : dimAt(v, 3),
  };
}

/** com.microsoft Attention: x[B, S, I] by weights[I, 3*hidden], then attention of hidden / heads. */
function microsoftAttention(ctx: CostContext): AttentionShape {
  const x = ctx.input(0);
  const heads = Math.max(intOr(ctx, "num_heads", 1), 1);
  const sizes = intsOr(ctx, "qkv_hidden_sizes");
  const hidden = sizes ? dimOf(sizes[0] ?? 0) : floorDivDim(dimAt(ctx.input(1), -1), 3);
  const values = sizes ? dimOf(sizes[2] ?? 0) : hidden;
  const keys = addDims(dimAt(x, 1), ctx.input(4) ? dimAt(ctx.input(4), 3) : zeroDim);
  return {
    scores: productOfDims([dimAt(x, 0), dimOf(heads), dimAt(x, 1), keys]),
    headSize: floorDivDim(hidden, heads),
    valueSize: floorDivDim(values, heads),
  };
}

/** MultiHeadAttention: q[B, S, hidden], k[B, T, hidden] or k[B, H, T, D]; packed forms have everything in q. */
function multiHeadAttention(ctx: CostContext): AttentionShape {
  const [q, k] = [ctx.input(0), ctx.input(1)];
  const heads = Math.max(intOr(ctx, "num_heads", 1), 1);
  const hidden = q?.shape?.length === 5 ? productOfDims([dimAt(q, 2), dimAt(q, 4)]) : dimAt(q, 2);
  const present = ctx.output(1);
  const keys = present ? dimAt(present, 2) : !k ? dimAt(q, 1) : dimAt(k, k.shape?.length === 4 ? 2 : 1);
  const headSize = floorDivDim(hidden, heads);
  return { scores: productOfDims([dimAt(q, 0), dimOf(heads), dimAt(q, 1), keys]), headSize, valueSize: headSize };
}

/** GroupQueryAttention: q[B, S, H*D] (packed with k and v if those are absent); the present keys are [B, Hkv, T, D]. */
function groupQueryAttention(ctx: CostContext): AttentionShape {
  const q = ctx.input(0);
  const heads = dimOf(Math.max(intOr(ctx, "num_heads", 1), 1));
  const present = ctx.output(1);
  const headSize = present ? dimAt(present, 3) : floorDivDim(dimAt(q, 2), Math.max(intOr(ctx, "num_heads", 1), 1));
  return { scores: productOfDims([dimAt(q, 0), heads, dimAt(q, 1), present ? dimAt(present, 2) : dimAt(q, 1)]), headSize, valueSize: headSize };
}

function attention(shapeOf: (ctx: CostContext) => AttentionShape, projection: (ctx: CostContext) => Dim = () => zeroDim): CostRule {
  return {
    flops: (ctx) => addDims(attentionFlops(shapeOf(ctx)), projection(ctx)),
    workspace: (ctx) => scoresBytes(ctx, shapeOf(ctx)),
  };
}

/** x[B, S, I] times all columns of weights[I, 3*hidden]. */
function attentionProjection(ctx: CostContext): Dim {
  const x = ctx.input(0);
  return multiplyAdds(elementsOf(x), dimAt(ctx.input(1), -1));
}

/** Per step, direction and row: gates * hidden * (input + hidden) multiply-adds. x is [T, B, I], W [dirs, gates*H, I]. */
function recurrent(ctx: CostContext): Dim {
  const [x, w, r] = [ctx.input(0), ctx.input(1), ctx.input(2)];
  const rows = mulDims(dimAt(x, 0), dimAt(x, 1));
  return multiplyAdds(rows, addDims(elementsOf(w), elementsOf(r)));
}

/** Bytes of the unfolded patches of one image: what an im2col convolution needs. */
function unfolded(ctx: CostContext): Dim {
  const out = ctx.output(0);
  const patches = operand("", out?.dtype ?? "f32", [dimsFrom(out, 2), dimsFrom(ctx.input(1), 1)]);
  return bytesOf(patches);
}

const deformable: CostRule = { ...convolution(1, 3), workspace: unfolded };

export const matrixCosts: CostTable = {
  MatMul: product(), MatMulInteger: product(), QLinearMatMul: product(), Gemm: { flops: gemm }, Einsum: { flops: einsum },
  Conv: convolution(1, 2), ConvInteger: convolution(1, 99), QLinearConv: convolution(3, 8), ConvTranspose: { flops: transposedConvolution }, DeformConv: deformable,
  Attention: attention(standardAttention),
  LSTM: { flops: recurrent }, GRU: { flops: recurrent }, RNN: { flops: recurrent },
};

export const microsoftMatrixCosts: CostTable = {
  FusedMatMul: { flops: fusedMatMul }, TransposeMatMul: { flops: fusedMatMul }, FusedGemm: { flops: gemm }, GemmFastGelu: product(),
  MatMulNBits: product(), MatMulBnb4: product(), MatMulFpQ4: product(), MatMulIntegerToFloat: product(), DynamicQuantizeMatMul: product(), QGemm: { flops: gemm },
  FusedConv: convolution(1, 2), NhwcFusedConv: convolution(1, 2), NhwcConv: { flops: nhwcConvolution }, QLinearConv: convolution(3, 8),
  Attention: attention(microsoftAttention, attentionProjection), QAttention: attention(microsoftAttention, attentionProjection),
  MultiHeadAttention: attention(multiHeadAttention), DecoderMaskedMultiHeadAttention: attention(multiHeadAttention), PackedMultiHeadAttention: attention(multiHeadAttention),
  GroupQueryAttention: attention(groupQueryAttention), DynamicQuantizeLSTM: { flops: recurrent },
};

/** Weights are [M, k…, C/group]: the same product of all but the first axis. */
function nhwcConvolution(ctx: CostContext): Dim {
  return multiplyAdds(elementsOf(ctx.output(0)), dimsFrom(ctx.input(1), 1));
}

function fusedMatMul(ctx: CostContext): Dim {
  const a: Operand | undefined = ctx.input(0);
  return multiplyAdds(elementsOf(ctx.output(0)), dimAt(a, intOr(ctx, "transA", 0) ? -2 : -1));
}
