/**
 * A model's file without its large weights, for onnxruntime to map those from where they lie. Given the file, it reads
 * them into memory of their own first: loading takes half as long again or twice as long, and some of it is never given back.
 *
 * Invariants
 *  - Nothing but the place of weights changes: all other bytes are those of the file, in their order.
 *  - A file that is not simply what it should be has no outline: onnxruntime is given the file and says what is wrong.
 */
import { basename, dirname } from "node:path";
import { fieldsOf, giveUp, LENGTH_DELIMITED, readProtoFile } from "./proto-file.ts";
import type { ProtoFile, ProtoRange } from "./proto-file.ts";

export interface ModelOutline {
  /** An ONNX model whose large weights are external data: places in the file itself. */
  readonly bytes: Uint8Array;
  /** Where the file lies, links resolved: external data has to be in the folder that onnxruntime is told of. */
  readonly folder: string;
}

/** Each tensor is a mapping of its own; what is smaller costs less to copy. */
const MAPPED_BYTES_MIN = 64 * 1024;
/** What is not weights is read: more than this is no model to speak of. */
const OUTLINE_BYTES_MAX = 64 * 2 ** 20;

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_RAW_DATA = 9;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;
const EXTERNAL = 1;

/** Undefined where nothing is gained (no large weights), weights are beside the file already, or it cannot be read. */
export function outlineModel(file: string): ModelOutline | undefined {
  return readProtoFile(file, (source) => {
    const model = outlineFields(source, { start: 0, end: source.size }, MODEL_GRAPH, (graph) =>
      outlineFields(source, graph, GRAPH_INITIALIZER, (tensor) => outlineTensor(source, tensor, basename(source.path))),
    );
    const length = lengthOf(model);
    if (!isChanged(model) || length > OUTLINE_BYTES_MAX) return undefined;
    return { bytes: readParts(source, model, length), folder: dirname(source.path) };
  });
}

/** A run of the file's bytes, or bytes in their place. */
type Part = ProtoRange | Uint8Array;

/** A message with other bodies in its fields `number`; its own bytes where those stay as they are. */
function outlineFields(source: ProtoFile, message: ProtoRange, number: number, outline: (body: ProtoRange) => readonly Part[]): readonly Part[] {
  const parts: Part[] = [];
  for (const field of fieldsOf(source, message)) {
    const body = field.number === number && field.wireType === LENGTH_DELIMITED ? outline(field.body) : [];
    if (isChanged(body)) {
      parts.push(lengthPrefix(number, lengthOf(body)));
      for (const part of body) keep(parts, part);
    } else keep(parts, field.whole);
  }
  return parts;
}

/** The tensor with the place of its values instead of the values, if those are many. */
function outlineTensor(source: ProtoFile, tensor: ProtoRange, location: string): readonly Part[] {
  const parts: Part[] = [];
  const raw: ProtoRange[] = [];
  for (const field of fieldsOf(source, tensor)) {
    // Beside the file: to be found from the folder in which the user named it, links not resolved.
    if (field.number === TENSOR_EXTERNAL_DATA) giveUp();
    if (field.number === TENSOR_RAW_DATA && field.wireType === LENGTH_DELIMITED) raw.push(field.body);
    else if (field.number !== TENSOR_DATA_LOCATION) keep(parts, field.whole);
  }
  const [values] = raw;
  if (values === undefined || raw.length > 1 || values.end - values.start < MAPPED_BYTES_MIN) return [tensor];
  const place = { location, offset: String(values.start), length: String(values.end - values.start) };
  for (const [key, value] of Object.entries(place)) {
    const entry = Buffer.concat([textField(1, key), textField(2, value)]);
    parts.push(lengthPrefix(TENSOR_EXTERNAL_DATA, entry.length), entry);
  }
  parts.push(Buffer.concat([varintBytes(TENSOR_DATA_LOCATION * 8), varintBytes(EXTERNAL)]));
  return parts;
}

function isChanged(parts: readonly Part[]): boolean {
  return parts.some((part) => part instanceof Uint8Array);
}

/** Runs that follow one another become one. */
function keep(parts: Part[], part: Part): void {
  const last = parts[parts.length - 1];
  if (!(part instanceof Uint8Array) && last !== undefined && !(last instanceof Uint8Array) && last.end === part.start) parts[parts.length - 1] = { start: last.start, end: part.end };
  else parts.push(part);
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.length : part.end - part.start), 0);
}

function readParts(source: ProtoFile, parts: readonly Part[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) bytes.set(part, at);
    else source.read(bytes.subarray(at, at + part.end - part.start), part.start);
    at += part instanceof Uint8Array ? part.length : part.end - part.start;
  }
  return bytes;
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

function lengthPrefix(number: number, length: number): Uint8Array {
  return Buffer.concat([varintBytes(number * 8 + 2), varintBytes(length)]);
}

function textField(number: number, text: string): Uint8Array {
  const bytes = Buffer.from(text);
  return Buffer.concat([lengthPrefix(number, bytes.length), bytes]);
}
