/** Reads ValueInfoProto and TypeProto: the types that a model file declares. */
import type { ByteRange } from "./byte-source.ts";
import { elemTypeOfCode, type ElemType } from "./elem-types.ts";
import type { FileDim, ValueInfo, ValueType } from "./model-graph.ts";
import { WireError, type WireReader } from "./wire.ts";

/** How deep sequences, optionals, maps and subgraphs may nest. */
export const nestingMax = 64;

export function readValueInfo(wire: WireReader, range: ByteRange): ValueInfo {
  let name = "";
  let type: ValueType = { kind: "unknown" };
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 2) type = readType(wire, field, 0);
  });
  return { name, type, bytes: { offset: range.offset, length: range.length } };
}

export function readType(wire: WireReader, range: ByteRange, depth: number): ValueType {
  if (depth > nestingMax) throw new WireError("limit", range.offset, `its types nest deeper than ${nestingMax}`);
  let type: ValueType = { kind: "unknown" };
  wire.fields(range, (field) => {
    switch (field.number) {
      case 1:
        type = { kind: "tensor", ...readTensorType(wire, field) };
        break;
      case 8:
        type = { kind: "sparseTensor", ...readTensorType(wire, field) };
        break;
      case 4:
        type = { kind: "sequence", element: readElement(wire, field, depth) };
        break;
      case 9:
        type = { kind: "optional", element: readElement(wire, field, depth) };
        break;
      case 5:
        type = readMap(wire, field, depth);
        break;
    }
  });
  return type;
}

function readElement(wire: WireReader, range: ByteRange, depth: number): ValueType {
  let element: ValueType = { kind: "unknown" };
  wire.fields(range, (field) => {
    if (field.number === 1) element = readType(wire, field, depth + 1);
  });
  return element;
}

function readMap(wire: WireReader, range: ByteRange, depth: number): ValueType {
  let key: ElemType = "undefined";
  let value: ValueType = { kind: "unknown" };
  wire.fields(range, (field) => {
    if (field.number === 1) key = elemTypeOfCode(field.value);
    else if (field.number === 2) value = readType(wire, field, depth + 1);
  });
  return { kind: "map", key, value };
}

function readTensorType(wire: WireReader, range: ByteRange): { dtype: ElemType; dims: readonly FileDim[] | null } {
  let dtype: ElemType = "undefined";
  let dims: FileDim[] | null = null;
  wire.fields(range, (field) => {
    if (field.number === 1) dtype = elemTypeOfCode(field.value);
    else if (field.number === 2) {
      const read: FileDim[] = [];
      wire.fields(field, (dim) => {
        if (dim.number === 1) read.push(readDim(wire, dim));
      });
      dims = read;
    }
  });
  return { dtype, dims };
}

function readDim(wire: WireReader, range: ByteRange): FileDim {
  let dim: FileDim = null;
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    // A negative size or an empty name is how some exporters write "unknown".
    if (field.number === 1) dim = field.value >= 0 ? field.value : null;
    else if (field.number === 2) dim = wire.text(field) || null;
  });
  return dim;
}
