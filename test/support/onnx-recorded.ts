/** Reads the recorded inputs and outputs of the ONNX backend suite (TensorProto, SequenceProto, OptionalProto). */
import { bytesModel, bytesSource } from "../../compiler/onnx/byte-source.ts";
import type { ByteRange } from "../../compiler/onnx/byte-source.ts";
import type { ElemType } from "../../compiler/onnx/elem-types.ts";
import { knownElementsMax, valueOfTensor } from "../../compiler/onnx/infer/known-value.ts";
import type { KnownValue } from "../../compiler/onnx/infer/known-value.ts";
import type { TensorRef, ValueType } from "../../compiler/onnx/model-graph.ts";
import { readTensorRef } from "../../compiler/onnx/read-tensor-ref.ts";
import { readTensor } from "../../compiler/onnx/read-tensor.ts";
import { createWireReader } from "../../compiler/onnx/wire.ts";
import type { WireReader } from "../../compiler/onnx/wire.ts";

export type Recorded =
  | { readonly kind: "tensor"; readonly dtype: ElemType; readonly dims: readonly number[]; readonly ref: TensorRef }
  | { readonly kind: "sequence"; readonly items: readonly Recorded[] }
  | { readonly kind: "optional"; readonly value: Recorded | undefined }
  | { readonly kind: "other" };

/** Decodes a recorded value; `declared` says which message it is. */
export function readRecorded(bytes: Uint8Array, declared: ValueType): Recorded {
  const wire = createWireReader(bytesSource(bytes));
  return readValue(wire, { offset: 0, length: bytes.length }, kindOf(declared));
}

/** The recorded elements of a small tensor. */
export function recordedValue(bytes: Uint8Array, recorded: Recorded): KnownValue | undefined {
  if (recorded.kind !== "tensor") return undefined;
  const values = readTensor(bytesModel("recorded", bytes), recorded.ref, knownElementsMax);
  return values && valueOfTensor(values, recorded.dtype, recorded.dims);
}

function kindOf({ kind }: ValueType): Recorded["kind"] {
  return kind === "tensor" || kind === "sequence" || kind === "optional" ? kind : "other";
}

function readValue(wire: WireReader, range: ByteRange, kind: Recorded["kind"]): Recorded {
  switch (kind) {
    case "tensor": {
      const ref = readTensorRef(wire, range);
      return { kind: "tensor", dtype: ref.dtype, dims: ref.dims, ref };
    }
    case "sequence": {
      const { elemType, values } = readHolder(wire, range);
      return { kind: "sequence", items: values.map((value) => readValue(wire, value, holderKinds[elemType] ?? "other")) };
    }
    case "optional": {
      const { elemType, values } = readHolder(wire, range);
      return { kind: "optional", value: values[0] && readValue(wire, values[0], holderKinds[elemType] ?? "other") };
    }
    case "other":
      return { kind: "other" };
  }
}

/** SequenceProto.DataType and OptionalProto.DataType. */
const holderKinds: Readonly<Record<number, Recorded["kind"]>> = { 1: "tensor", 3: "sequence", 5: "optional" };

/** SequenceProto and OptionalProto have the same layout: elem_type is 2, values of one kind from 3 on. */
function readHolder(wire: WireReader, range: ByteRange): { readonly elemType: number; readonly values: readonly ByteRange[] } {
  let elemType = 0;
  const values: ByteRange[] = [];
  wire.fields(range, (field) => {
    if (field.number === 2) elemType = field.value;
    else if (field.number >= 3) values.push({ offset: field.offset, length: field.length });
  });
  return { elemType, values };
}
