/** Reads the head of a TensorProto and steps over its values: what a tensor is and where it lies. */
import type { ByteRange } from "./byte-source.ts";
import { elemTypeOfCode, type ElemType } from "./elem-types.ts";
import type { SparseTensorRef, TensorData, TensorRef } from "./model-graph.ts";
import type { WireField, WireReader } from "./wire.ts";

const externalLocation = 1;

export function readTensorRef(wire: WireReader, range: ByteRange): TensorRef {
  const bytes: ByteRange = { offset: range.offset, length: range.length };
  const dims: number[] = [];
  const external = new Map<string, string>();
  let name = "";
  let dtype: ElemType = "undefined";
  let isExternal = false;
  let data: TensorData = { kind: "none" };
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    switch (field.number) {
      case 1:
        wire.numbers(field, "varint", dims);
        break;
      case 2:
        dtype = elemTypeOfCode(field.value);
        break;
      case 8:
        name = wire.text(field);
        break;
      case 9:
        data = { kind: "raw", at: { offset: field.offset, length: field.length } };
        break;
      case 4: case 5: case 6: case 7: case 10: case 11:
        data = { kind: "typed" };
        break;
      case 13:
        readEntry(wire, field, external);
        break;
      case 14:
        isExternal = field.value === externalLocation;
        break;
    }
  });
  if (isExternal) data = externalData(external);
  return { name, dtype, dims, data, bytes };
}

/** Reads a StringStringEntryProto into a map. */
export function readEntry(wire: WireReader, range: WireField, into: Map<string, string>): void {
  let key = "";
  let value = "";
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    if (field.number === 1) key = wire.text(field);
    else if (field.number === 2) value = wire.text(field);
  });
  into.set(key, value);
}

function externalData(entries: ReadonlyMap<string, string>): TensorData {
  const length = entries.get("length");
  return {
    kind: "external",
    location: entries.get("location") ?? "",
    offset: wholeNumber(entries.get("offset") ?? "0"),
    length: length === undefined ? undefined : wholeNumber(length),
  };
}

/** NaN for anything but a plain integer: `checkModel` refuses it with a diagnostic. */
function wholeNumber(text: string): number {
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

export function readSparseTensorRef(wire: WireReader, range: ByteRange): SparseTensorRef {
  const empty: TensorRef = { name: "", dtype: "undefined", dims: [], data: { kind: "none" }, bytes: { offset: range.offset, length: 0 } };
  let values = empty;
  let indices = empty;
  const dims: number[] = [];
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    if (field.number === 1) values = readTensorRef(wire, field);
    else if (field.number === 2) indices = readTensorRef(wire, field);
    else if (field.number === 3) wire.numbers(field, "varint", dims);
  });
  return { values, indices, dims };
}
