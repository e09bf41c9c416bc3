/**
 * Where the weights of a model lie: in which files beside its own, and where in each. Tensors are looked for wherever ONNX
 * lets them be: as initializers, in attributes of nodes, in the graphs within those, in functions.
 */
import { dirname, join } from "node:path";
import { fieldsOf, giveUp, LENGTH_DELIMITED, readProtoFile, VIEW_BYTES_MAX } from "./proto-file.ts";
import type { ProtoFile, ProtoRange } from "./proto-file.ts";

export interface ModelWeights {
  /** Paths of the files beside the model, each once, from the folder in which it is named; whether they are there is not looked at. */
  readonly filesBeside: readonly string[];
  readonly tensors: readonly WeightPlace[];
}

/** Bytes `[start, end)`, with some beside the values where they lie in the model's own file. No `end`: to the file's. */
export interface WeightPlace {
  readonly file: string;
  readonly start: number;
  readonly end: number | undefined;
}

type Message = "model" | "graph" | "function" | "node" | "attribute" | "sparseTensor" | "tensor";

/** The messages within each message of onnx.proto, by field number. */
const WITHIN: Readonly<Record<Exclude<Message, "tensor">, Readonly<Record<number, Message>>>> = {
  model: { 7: "graph", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparseTensor" },
  function: { 7: "node" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparseTensor", 23: "sparseTensor" },
  sparseTensor: { 1: "tensor", 2: "tensor" },
};

/**
 * The word by which a tensor tells that its values are elsewhere. It is looked for in whole messages before they are taken
 * apart: a model has thousands of fields, and is opened by a process that has just begun.
 */
const LOCATION = "location";

/** Protobuf's own limit. */
const DEPTH_MAX = 100;

const TENSOR_EXTERNAL_DATA = 13;
/** Of an entry of external data. */
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;

/** Undefined where the file is no model. Small tensors of nodes that lie in the file are none: they are the graph's. */
export function locateWeights(file: string): ModelWeights | undefined {
  return readProtoFile(file, (model) => {
    const tensors: WeightPlace[] = [];
    const locate = (range: ProtoRange, message: Message, depth: number): void => {
      if (depth > DEPTH_MAX) giveUp();
      const isSmall = range.end - range.start <= VIEW_BYTES_MAX;
      const isInside = isSmall && !model.view(range).includes(LOCATION);
      // A tensor that is larger holds its values itself.
      if (message === "tensor") return void tensors.push(isInside || !isSmall ? { file, ...range } : placeOf(model, range, file));
      if (isInside && depth > 1) return;
      for (const { number, wireType, body } of fieldsOf(model, range)) {
        const within = wireType === LENGTH_DELIMITED ? WITHIN[message][number] : undefined;
        if (within !== undefined) locate(body, within, depth + 1);
      }
    };
    locate({ start: 0, end: model.size }, "model", 0);
    return { filesBeside: [...new Set(tensors.map((tensor) => tensor.file))].filter((path) => path !== file), tensors };
  });
}

/** The model's file, and those that its weights lie in. */
export function listModelFiles(file: string): readonly string[] {
  return [file, ...(locateWeights(file)?.filesBeside ?? [])];
}

function placeOf(model: ProtoFile, tensor: ProtoRange, file: string): WeightPlace {
  const external = new Map<string, string>();
  for (const { number, wireType, body } of fieldsOf(model, tensor)) {
    if (number === TENSOR_EXTERNAL_DATA && wireType === LENGTH_DELIMITED) external.set(...readEntry(model, body));
  }
  const location = external.get(LOCATION) ?? "";
  if (location === "" || location.includes("\0")) return { file, ...tensor };
  const [start, length] = [Number(external.get("offset") ?? 0), Number(external.get("length"))];
  return { file: join(dirname(file), location), start, end: Number.isNaN(length) ? undefined : start + length };
}

function readEntry(model: ProtoFile, entry: ProtoRange): [key: string, value: string] {
  let [key, value] = ["", ""];
  for (const { number, body } of fieldsOf(model, entry)) {
    if (number === ENTRY_KEY) key = model.view(body).toString();
    else if (number === ENTRY_VALUE) value = model.view(body).toString();
  }
  return [key, value];
}
