/**
 * Reads a TensorFlow.js model (`model.json`): graph models (converted SavedModels) and layers models (Keras).
 * Only the JSON is read; of the weight files no more than their sizes.
 */
import { elementCount } from "../check-tensors.ts";
import { at, isObject, listAt, textAt, type JsonObject } from "./json-value.ts";

export interface TfjsPort {
  readonly name: string;
  readonly dtype: string;
  /** null for a dimension that is not fixed; undefined if even the rank is unknown. */
  readonly shape: readonly (number | null)[] | undefined;
}

export interface TfjsOp {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
}

export interface TfjsWeightGroup {
  /** Weight files, relative to the JSON. */
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly elements: number;
}

export interface TfjsModel {
  readonly kind: "graph-model" | "layers-model";
  readonly producer: string;
  readonly inputs: readonly TfjsPort[];
  readonly outputs: readonly TfjsPort[];
  readonly ops: readonly TfjsOp[];
  readonly weights: readonly TfjsWeightGroup[];
}

/** The model, or a sentence saying why the JSON is none. */
export function readTfjs(json: unknown): TfjsModel | string {
  if (!isObject(json)) return "it is no JSON object";
  const topology = at(json, "modelTopology");
  if (!isObject(topology)) return "it has no modelTopology";
  const weights = listAt(json, "weightsManifest").map(readWeightGroup);
  const broken = weights.find((group) => typeof group === "string");
  if (typeof broken === "string") return broken;
  const groups = weights.filter((group) => typeof group !== "string");
  const producer = textAt(json, "convertedBy") ?? textAt(json, "generatedBy") ?? "";
  if (Array.isArray(topology["node"])) return { kind: "graph-model", producer, ...readGraphModel(json, topology), weights: groups };
  const config = at(topology, "model_config") ?? topology;
  if (!isObject(at(config, "config")) && !Array.isArray(at(config, "config"))) return "its modelTopology has neither nodes nor layers";
  return { kind: "layers-model", producer, ...readLayersModel(config), weights: groups };
}

type Structure = Pick<TfjsModel, "inputs" | "outputs" | "ops">;

const tensorflowDtypes: ReadonlyMap<string, string> = new Map([
  ["DT_FLOAT", "f32"], ["DT_DOUBLE", "f64"], ["DT_HALF", "f16"], ["DT_INT32", "i32"], ["DT_INT64", "i64"], ["DT_UINT8", "u8"], ["DT_INT8", "i8"],
  ["DT_BOOL", "bool"], ["DT_STRING", "string"], ["DT_COMPLEX64", "complex64"], ["1", "f32"], ["3", "i32"], ["9", "i64"], ["10", "bool"],
  ["float32", "f32"], ["float64", "f64"], ["float16", "f16"], ["int32", "i32"], ["int64", "i64"], ["uint8", "u8"], ["uint16", "u16"], ["int8", "i8"], ["bool", "bool"], ["string", "string"], ["complex64", "complex64"],
]);

const dtypeBytes: ReadonlyMap<string, number> = new Map([
  ["f32", 4], ["f64", 8], ["f16", 2], ["i32", 4], ["i64", 8], ["u8", 1], ["u16", 2], ["i8", 1], ["bool", 1], ["complex64", 8],
]);

function dtypeName(value: unknown): string {
  return tensorflowDtypes.get(String(value)) ?? "undefined";
}

function readGraphModel(json: JsonObject, topology: JsonObject): Structure {
  const nodes = listAt(topology, "node").filter(isObject);
  const ops = nodes.map((node) => ({
    name: textAt(node, "name") ?? "",
    op: textAt(node, "op") ?? "",
    // "^x" is a control edge, "x:1" the second output of x.
    inputs: listAt(node, "input").flatMap((input) => (typeof input === "string" && !input.startsWith("^") ? [input.replace(/:\d+$/, "")] : [])),
  }));
  const signature = at(json, "signature") ?? at(json, "userDefinedMetadata", "signature");
  const inputs = readSignaturePorts(at(signature, "inputs"));
  const used = new Set(ops.flatMap((op) => op.inputs));
  const isEnd = (op: TfjsOp): boolean => !used.has(op.name) && op.op !== "NoOp" && op.op !== "Const" && op.op !== "Placeholder";
  return {
    ops,
    inputs: inputs ?? nodes.filter((node) => textAt(node, "op") === "Placeholder").map(readPlaceholder),
    outputs: readSignaturePorts(at(signature, "outputs")) ?? ops.filter(isEnd).map((op) => ({ name: op.name, dtype: "undefined", shape: undefined })),
  };
}

function readSignaturePorts(ports: unknown): readonly TfjsPort[] | undefined {
  if (!isObject(ports)) return undefined;
  return Object.entries(ports).map(([name, info]) => ({ name, dtype: dtypeName(at(info, "dtype")), shape: readTensorShape(at(info, "tensorShape")) }));
}

function readPlaceholder(node: JsonObject): TfjsPort {
  return { name: textAt(node, "name") ?? "", dtype: dtypeName(at(node, "attr", "dtype", "type")), shape: readTensorShape(at(node, "attr", "shape", "shape")) };
}

/** Sizes are numbers or decimal strings; -1 is an open one. */
function readTensorShape(shape: unknown): TfjsPort["shape"] {
  if (!isObject(shape) || at(shape, "unknownRank") === true) return undefined;
  return listAt(shape, "dim").map((dim) => dimOrNull(Number(at(dim, "size") ?? -1)));
}

function dimOrNull(size: unknown): number | null {
  return typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : null;
}

function readLayersModel(model: unknown): Structure {
  const config = at(model, "config");
  const layers = (Array.isArray(config) ? config : listAt(config, "layers")).filter(isObject);
  const ops = layers.map((layer) => ({ name: layerName(layer), op: textAt(layer, "class_name") ?? "", inputs: inboundNames(layer) }));
  const sequential = textAt(model, "class_name") === "Sequential" || Array.isArray(config);
  const chained = sequential ? ops.map((op, i) => ({ ...op, inputs: i === 0 ? [] : [ops[i - 1]?.name ?? ""] })) : ops;
  const inputNames = sequential ? chained.slice(0, 1).map((op) => op.name) : endNames(at(config, "input_layers"));
  const outputNames = sequential ? chained.slice(-1).map((op) => op.name) : endNames(at(config, "output_layers"));
  const byName = new Map(layers.map((layer) => [layerName(layer), layer]));
  return { ops: chained, inputs: inputNames.map((name) => layerPort(name, byName.get(name))), outputs: outputNames.map((name) => ({ ...layerPort(name, byName.get(name)), shape: outputShape(byName.get(name)) })) };
}

function layerName(layer: JsonObject): string {
  return textAt(layer, "config", "name") ?? textAt(layer, "name") ?? "";
}

function layerPort(name: string, layer: JsonObject | undefined): TfjsPort {
  const shape = at(layer, "config", "batch_input_shape") ?? at(layer, "config", "batch_shape");
  return { name, dtype: dtypeName(at(layer, "config", "dtype") ?? "float32"), shape: Array.isArray(shape) ? shape.map(dimOrNull) : undefined };
}

/** Only a dense layer on vectors tells its output's shape by itself. */
function outputShape(layer: JsonObject | undefined): TfjsPort["shape"] {
  const units = at(layer, "config", "units");
  return textAt(layer ?? {}, "class_name") === "Dense" && typeof units === "number" ? [null, units] : undefined;
}

/** `[["name", 0, 0], …]`, or one such entry. */
function endNames(ends: unknown): readonly string[] {
  if (!Array.isArray(ends)) return [];
  if (typeof ends[0] === "string") return [ends[0]];
  return ends.flatMap((end) => (Array.isArray(end) && typeof end[0] === "string" ? [end[0]] : []));
}

/** inbound_nodes: calls of the layer, each a list of [name, node, tensor, …]. */
function inboundNames(layer: JsonObject): readonly string[] {
  const names = listAt(layer, "inbound_nodes").flatMap((call) => (Array.isArray(call) ? call : [])).flatMap((from) => (Array.isArray(from) && typeof from[0] === "string" ? [from[0]] : []));
  return [...new Set(names)];
}

function readWeightGroup(group: unknown): TfjsWeightGroup | string {
  let bytes = 0;
  let elements = 0;
  for (const weight of listAt(group, "weights")) {
    const shape = listAt(weight, "shape");
    const count = elementCount(shape.map((size) => (typeof size === "number" ? size : Number.NaN)));
    // Quantised weights lie in the file in the quantised type.
    const dtype = dtypeName(at(weight, "quantization", "dtype") ?? at(weight, "dtype"));
    const size = dtypeBytes.get(dtype);
    if (Number.isNaN(count)) return `weight ${JSON.stringify(textAt(weight, "name") ?? "")} has no valid shape`;
    if (dtype !== "string" && size === undefined) return `weight ${JSON.stringify(textAt(weight, "name") ?? "")} has no known dtype`;
    bytes += count * (size ?? 0);
    elements += count;
  }
  return { paths: listAt(group, "paths").filter((path) => typeof path === "string"), bytes, elements };
}
