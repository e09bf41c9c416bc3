/** Reads GraphProto, NodeProto, AttributeProto and FunctionProto. */
import type { ByteRange } from "./byte-source.ts";
import type { Attribute, Graph, LocalFunction, Node, SparseTensorRef, TensorRef, ValueInfo, ValueType } from "./model-graph.ts";
import { readEntry, readSparseTensorRef, readTensorRef } from "./read-tensor-ref.ts";
import { nestingMax, readType, readValueInfo } from "./read-types.ts";
import { WireError, type WireField, type WireReader } from "./wire.ts";

/** Reads a graph; `depth` counts how many graphs it lies in. */
export function readGraph(wire: WireReader, range: ByteRange, depth: number): Graph {
  if (depth > nestingMax) throw new WireError("limit", range.offset, `its subgraphs nest deeper than ${nestingMax}`);
  let name = "";
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const valueInfo: ValueInfo[] = [];
  const nodes: Node[] = [];
  const initializers: TensorRef[] = [];
  const sparseInitializers: SparseTensorRef[] = [];
  wire.fields(range, (field) => {
    switch (field.number) {
      case 1: nodes.push(readNode(wire, field, nodes.length, depth)); break;
      case 2: name = wire.text(field); break;
      case 5: initializers.push(readTensorRef(wire, field)); break;
      case 11: inputs.push(readValueInfo(wire, field)); break;
      case 12: outputs.push(readValueInfo(wire, field)); break;
      case 13: valueInfo.push(readValueInfo(wire, field)); break;
      case 15: sparseInitializers.push(readSparseTensorRef(wire, field)); break;
    }
  });
  return { name, inputs, outputs, valueInfo, nodes, initializers, sparseInitializers, bytes: { offset: range.offset, length: range.length } };
}

/** "ai.onnx" and "" both name the standard operators. */
export function normalDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}

/** Shared by all nodes without any, so that files of empty nodes take little memory. */
const noAttributes: Map<string, Attribute> = new Map();
const noMetadata: Map<string, string> = new Map();

function readNode(wire: WireReader, range: ByteRange, index: number, depth: number): Node {
  let name = "";
  let op = "";
  let domain = "";
  let overload = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  let attributes = noAttributes;
  let metadata = noMetadata;
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    switch (field.number) {
      case 1: wire.countItem(field.offset); inputs.push(wire.text(field)); break;
      case 2: wire.countItem(field.offset); outputs.push(wire.text(field)); break;
      case 3: name = wire.text(field); break;
      case 4: op = wire.text(field); break;
      case 5:
        if (attributes === noAttributes) attributes = new Map();
        readAttribute(wire, field, depth, attributes);
        break;
      case 7: domain = normalDomain(wire.text(field)); break;
      case 8: overload = wire.text(field); break;
      case 9:
        if (metadata === noMetadata) metadata = new Map();
        readEntry(wire, field, metadata);
        break;
    }
  });
  return { index, name, op, domain, overload, inputs, outputs, attributes, metadata, bytes: { offset: range.offset, length: range.length } };
}

/** Every value field that an AttributeProto may carry; `type` says which one counts. */
interface AttributeFields {
  f?: number;
  i?: number;
  s?: string;
  t?: TensorRef;
  g?: Graph;
  tp?: ValueType;
  sparse?: SparseTensorRef;
  floats: number[];
  ints: number[];
  strings: string[];
  tensors: TensorRef[];
  graphs: Graph[];
  types: ValueType[];
  sparses: SparseTensorRef[];
}

function readAttribute(wire: WireReader, range: ByteRange, depth: number, into: Map<string, Attribute>): void {
  const read: AttributeFields = { floats: [], ints: [], strings: [], tensors: [], graphs: [], types: [], sparses: [] };
  let name = "";
  let type = 0;
  let ref = "";
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    if (field.number === 1) name = wire.text(field);
    else if (field.number === 20) type = field.value;
    else if (field.number === 21) ref = wire.text(field);
    else readAttributeValue(wire, field, depth, read);
  });
  const attribute = ref ? { kind: "ref" as const, value: ref } : attributeOf(type || guessType(read), read);
  if (attribute) into.set(name, attribute);
}

function readAttributeValue(wire: WireReader, field: WireField, depth: number, read: AttributeFields): void {
  switch (field.number) {
    case 2: read.f = wire.float32(field); break;
    case 3: read.i = field.value; break;
    case 4: read.s = wire.text(field); break;
    case 5: read.t = readTensorRef(wire, field); break;
    case 6: read.g = readGraph(wire, field, depth + 1); break;
    case 7: wire.numbers(field, "float32", read.floats); break;
    case 8: wire.numbers(field, "varint", read.ints); break;
    case 9: wire.countItem(field.offset); read.strings.push(wire.text(field)); break;
    case 10: read.tensors.push(readTensorRef(wire, field)); break;
    case 11: read.graphs.push(readGraph(wire, field, depth + 1)); break;
    case 14: read.tp = readType(wire, field, 0); break;
    case 15: read.types.push(readType(wire, field, 0)); break;
    case 22: read.sparse = readSparseTensorRef(wire, field); break;
    case 23: read.sparses.push(readSparseTensorRef(wire, field)); break;
  }
}

/** The attribute of an AttributeType number; undefined if the file gives no value for it. */
function attributeOf(type: number, read: AttributeFields): Attribute | undefined {
  switch (type) {
    case 1: return { kind: "float", value: read.f ?? 0 };
    case 2: return { kind: "int", value: read.i ?? 0 };
    case 3: return { kind: "string", value: read.s ?? "" };
    case 4: return read.t && { kind: "tensor", value: read.t };
    case 5: return read.g && { kind: "graph", value: read.g };
    case 6: return { kind: "floats", value: read.floats };
    case 7: return { kind: "ints", value: read.ints };
    case 8: return { kind: "strings", value: read.strings };
    case 9: return { kind: "tensors", value: read.tensors };
    case 10: return { kind: "graphs", value: read.graphs };
    case 11: return read.sparse && { kind: "sparseTensor", value: read.sparse };
    case 12: return { kind: "sparseTensors", value: read.sparses };
    case 13: return read.tp && { kind: "type", value: read.tp };
    case 14: return { kind: "types", value: read.types };
    default: return undefined;
  }
}

/** Files of IR version 1 give no type: it is the field that is filled. */
function guessType(read: AttributeFields): number {
  if (read.f !== undefined) return 1;
  if (read.i !== undefined) return 2;
  if (read.s !== undefined) return 3;
  if (read.t) return 4;
  if (read.g) return 5;
  if (read.floats.length > 0) return 6;
  if (read.strings.length > 0) return 8;
  if (read.tensors.length > 0) return 9;
  if (read.graphs.length > 0) return 10;
  return read.ints.length > 0 ? 7 : 0;
}

export function readFunction(wire: WireReader, range: ByteRange): LocalFunction {
  let name = "";
  let domain = "";
  let overload = "";
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: string[] = [];
  const attributeDefaults = new Map<string, Attribute>();
  const opsets = new Map<string, number>();
  const nodes: Node[] = [];
  const valueInfo: ValueInfo[] = [];
  wire.countItem(range.offset);
  wire.fields(range, (field) => {
    switch (field.number) {
      case 1: name = wire.text(field); break;
      case 4: inputs.push(wire.text(field)); break;
      case 5: outputs.push(wire.text(field)); break;
      case 6: attributes.push(wire.text(field)); break;
      case 7: nodes.push(readNode(wire, field, nodes.length, 0)); break;
      case 9: readOpset(wire, field, opsets); break;
      case 10: domain = normalDomain(wire.text(field)); break;
      case 11: readAttribute(wire, field, 0, attributeDefaults); break;
      case 12: valueInfo.push(readValueInfo(wire, field)); break;
      case 13: overload = wire.text(field); break;
    }
  });
  return { name, domain, overload, inputs, outputs, attributes, attributeDefaults, opsets, nodes, valueInfo, bytes: { offset: range.offset, length: range.length } };
}

/** Reads an OperatorSetIdProto into a map. */
export function readOpset(wire: WireReader, range: ByteRange, into: Map<string, number>): void {
  let domain = "";
  let version = 0;
  wire.fields(range, (field) => {
    if (field.number === 1) domain = normalDomain(wire.text(field));
    else if (field.number === 2) version = field.value;
  });
  into.set(domain, version);
}
