/**
 * A model's file without its large weights, for onnxruntime to map those from where they lie. Given the file, it reads
 * them into memory of their own first: loading takes half as long again or twice as long, and some of it is never given back.
 *
 * Invariants
 *  - Nothing but the place of weights changes: all other bytes are those of the file, in their order.
 *  - A file that is not simply what it should be has no outline: onnxruntime is given the file and says what is wrong.
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname } from "node:path";

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
const WINDOW_BYTES = 16 * 1024;

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_RAW_DATA = 9;
const TENSOR_EXTERNAL_DATA = 13;
const TENSOR_DATA_LOCATION = 14;
const EXTERNAL = 1;

/** Undefined where nothing is gained (no large weights), weights are beside the file already, or it cannot be read. */
export function outlineModel(file: string): ModelOutline | undefined {
  try {
    const path = realpathSync(file);
    const fd = openSync(path, "r");
    try {
      return outlineOf(openSource(fd, fstatSync(fd).size), path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof NoOutline || isSystemFault(error)) return undefined;
    throw error;
  }
}

/** Not a fault: the file is onnxruntime's to judge. */
class NoOutline extends Error {}

function isSystemFault(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function outlineOf(source: Source, path: string): ModelOutline | undefined {
  const model = outlineFields(source, { start: 0, end: source.size }, MODEL_GRAPH, (graph) =>
    outlineFields(source, graph, GRAPH_INITIALIZER, (tensor) => outlineTensor(source, tensor, basename(path))),
  );
  const length = lengthOf(model);
  if (!isChanged(model) || length > OUTLINE_BYTES_MAX) return undefined;
  return { bytes: readParts(source, model, length), folder: dirname(path) };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** A run of the file's bytes, or bytes in their place. */
type Part = Range | Uint8Array;

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** From its tag on. */
  readonly whole: Range;
  /** Of a field with a length: what the length counts. */
  readonly body: Range;
}

/** A message with other bodies in its fields `number`; its own bytes where those stay as they are. */
function outlineFields(source: Source, message: Range, number: number, outline: (body: Range) => readonly Part[]): readonly Part[] {
  const parts: Part[] = [];
  for (const field of fieldsOf(source, message)) {
    const body = field.number === number && field.wireType === 2 ? outline(field.body) : [];
    if (isChanged(body)) {
      parts.push(lengthPrefix(number, lengthOf(body)));
      for (const part of body) keep(parts, part);
    } else keep(parts, field.whole);
  }
  return parts;
}

/** The tensor with the place of its values instead of the values, if those are many. */
function outlineTensor(source: Source, tensor: Range, location: string): readonly Part[] {
  const parts: Part[] = [];
  const raw: Range[] = [];
  for (const field of fieldsOf(source, tensor)) {
    // Beside the file: to be found from the folder in which the user named it, links not resolved.
    if (field.number === TENSOR_EXTERNAL_DATA) throw new NoOutline();
    if (field.number === TENSOR_RAW_DATA && field.wireType === 2) raw.push(field.body);
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

function* fieldsOf(source: Source, { start, end }: Range): Generator<Field> {
  for (let at = start; at < end; ) {
    const tag = readVarint(source, at, end);
    const [number, wireType] = [Math.floor(tag.value / 8), tag.value % 8];
    const length = wireType === 2 ? readVarint(source, tag.next, end) : undefined;
    const bodyStart = length?.next ?? tag.next;
    const next = length !== undefined ? length.next + length.value : wireType === 0 ? readVarint(source, tag.next, end).next : tag.next + fixedBytes(wireType);
    // Zeros would be two gigabytes of fields of two bytes.
    if (number === 0 || next > end) throw new NoOutline();
    yield { number, wireType, whole: { start: at, end: next }, body: { start: bodyStart, end: next } };
    at = next;
  }
}

function fixedBytes(wireType: number): number {
  if (wireType === 1) return 8;
  if (wireType === 5) return 4;
  throw new NoOutline();
}

function readVarint(source: Source, start: number, end: number): { readonly value: number; readonly next: number } {
  let [value, scale] = [0, 1];
  for (let at = start; at < Math.min(end, start + 10); at++) {
    const byte = source.byteAt(at);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, next: at + 1 };
    scale *= 128;
  }
  throw new NoOutline();
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

function readParts(source: Source, parts: readonly Part[], length: number): Uint8Array {
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

interface Source {
  readonly size: number;
  readonly byteAt: (at: number) => number;
  readonly read: (into: Uint8Array, at: number) => void;
}

/** Byte after byte through a window: the file is stepped over, not read. */
function openSource(fd: number, size: number): Source {
  const window = new Uint8Array(WINDOW_BYTES);
  let [start, end] = [0, 0];
  const read = (into: Uint8Array, at: number): void => {
    if (readSync(fd, into, 0, into.length, at) !== into.length) throw new NoOutline();
  };
  return {
    size,
    byteAt(at) {
      if (at < start || at >= end) {
        [start, end] = [at, Math.min(at + WINDOW_BYTES, size)];
        read(window.subarray(0, end - start), start);
      }
      return window[at - start] ?? 0;
    },
    read,
  };
}
