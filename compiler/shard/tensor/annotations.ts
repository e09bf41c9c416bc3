/**
 * ONNX's own record of how a model lies across devices (from ONNX 1.18: IR version 11, operator set 23): a configuration of the model, and
 * for each node that works on shares how its tensors are divided. An axis is a list of factors there too.
 */
import { constantOf, divideDims, dimOf, type Dim } from "../../../language/tensor/dim.ts";
import { messageField, textField, varintField } from "../../onnx/encode.ts";
import { joinRopes, type Rope } from "../../onnx/rope.ts";
import type { ModelGraph } from "../../onnx/model-graph.ts";
import type { TensorState } from "./tensor-state.ts";

/** The first IR version with device configurations, and the operator set that came with it. */
const irVersionMin = 11;
const opsetMin = 23;
const configurationName = "pipec";

/** Exporters write the operator set with an older IR version: the shards then say the one that has annotations. */
export function mayAnnotate({ irVersion, opsets }: ModelGraph): boolean {
  return irVersion >= irVersionMin || (opsets.get("") ?? 0) >= opsetMin;
}

export function annotatedIrVersion({ irVersion }: ModelGraph): number {
  return Math.max(irVersion, irVersionMin);
}

/** ModelProto.configuration (26): the ranks of the stage. */
export function modelAnnotation(stage: number, count: number): Rope {
  const devices = Array.from({ length: count }, (_, rank) => textField(3, `stage ${stage + 1}, rank ${rank + 1}`));
  return messageField(26, [textField(1, configurationName), varintField(2, count), ...devices]);
}

/** A tensor of a node as the node names it, and how it lies. */
export interface AnnotatedTensor {
  readonly name: string;
  readonly state: TensorState;
  readonly shape: readonly Dim[] | undefined;
}

/** NodeProto.device_configurations (10): a sharding spec for each divided tensor, and the stage. */
export function nodeAnnotation(stage: number, count: number, tensors: readonly AnnotatedTensor[]): Rope {
  return messageField(10, [textField(1, configurationName), ...tensors.flatMap((tensor) => shardingSpec(tensor, count)), varintField(3, stage)]);
}

/** Parts of a sum and stretches of unequal length have no words in the standard. */
function shardingSpec({ name, state, shape }: AnnotatedTensor, count: number): readonly Rope[] {
  const [run, another] = state.kind === "shard" ? state.runs : [];
  if (state.kind !== "shard" || run === undefined || another !== undefined) return [];
  const devices = Array.from({ length: count }, (_, rank) => varintField(2, rank));
  const factors = [...outerFactor(shape?.[state.axis], run), messageField(2, [varintField(1, run), varintField(3, count)])];
  return [messageField(2, [textField(1, name), ...devices, messageField(4, [varintField(1, state.axis), joinRopes(factors)])])];
}

/** The factor before the divided one, if there is any. */
function outerFactor(length: Dim | undefined, run: number): readonly Rope[] {
  const outer = length && divideDims(length, dimOf(run));
  const known = outer && constantOf(outer);
  if (known === 1n) return [];
  return [messageField(2, [...(known === undefined ? [] : [varintField(1, known)]), varintField(3, 1)])];
}
