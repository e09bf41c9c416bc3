/**
 * Writes a model draft as ONNX bytes.
 *
 * Invariants
 *  - What the draft does not touch is copied byte for byte, unknown fields included; an unchanged draft of a model
 *    gives the model's own bytes.
 *  - Weights are never decoded or held in memory: the result is a rope over the sources they lie in.
 *  - Weights of at least `bytesMin` go to the external file if one is asked for, each at a page boundary so that
 *    several sessions can map it.
 */
import type { ByteRange, ByteSource } from "./byte-source.ts";
import { elementCount } from "./check-tensors.ts";
import { codeOfElemType, elemTypeBytes, type ElemType } from "./elem-types.ts";
import { bodyField, floatField, messageField, textField, varintField } from "./encode.ts";
import type { AttributeDraft, GraphDraft, ModelDraft, NewNode, NewTensor, NodeDraft, TensorDraft, ValueDraft } from "./model-draft.ts";
import type { FileDim, ModelGraph, TensorRef } from "./model-graph.ts";
import { joinRopes, rangeRope, zerosRope, type Rope } from "./rope.ts";
import { createWireReader } from "./wire.ts";

export interface WriteOptions {
  /** Where large weights go; without it everything is in the model's own file. */
  readonly external?: { readonly location: string; readonly bytesMin: number };
  /** In place of `external`: a file that several models share; each of its tensors is there once, known by its name. */
  readonly shared?: SharedWeights;
}

/** A file of weights that several models refer to. */
export interface SharedWeights {
  /** All that was placed so far. */
  rope(): Rope;
  place: PlaceData;
}

/** Places values in the external file if they are large enough to go there. */
type PlaceData = (data: Rope, name: string) => { readonly location: string; readonly offset: number } | undefined;

/** A file at `location` for tensors of at least `bytesMin`. Models that share it must mean the same by the same name. */
export function sharedWeights(location: string, bytesMin: number): SharedWeights {
  const out = createExternal({ external: { location, bytesMin } });
  const placed = new Map<string, ReturnType<PlaceData>>();
  return {
    rope: () => joinRopes(out.pieces),
    place(data, name) {
      const known = placed.get(name) ?? out.place(data, name);
      if (known) placed.set(name, known);
      return known;
    },
  };
}

export interface WrittenModel {
  readonly model: Rope;
  /** The external file; empty if no tensor went there. */
  readonly external: Rope;
}

/** Protobuf, and with it onnxruntime, reads no message of 2 GiB or more. */
const modelBytesMax = 2 ** 31 - 1;
/** Page size, and the granularity at which onnxruntime maps external data. */
const externalAlignment = 4096;

/**
 * Lays out a draft. Throws a RangeError if the model file would reach 2 GiB: ask for external data then.
 */
export function writeModel(draft: ModelDraft, options: WriteOptions = {}): WrittenModel {
  const out = options.shared ? { place: options.shared.place, pieces: [] } : createExternal(options);
  const graph = draft.base ? editGraph(draft.base, draft.graph, out) : newGraph(draft.graph, out, undefined);
  const written = draft.base ? editModel(draft.base, draft, graph) : newModel(draft, graph);
  const model = draft.fields ? joinRopes([written, draft.fields]) : written;
  if (model.length > modelBytesMax) throw new RangeError(`the model file would have ${model.length} bytes; weights must go to external data`);
  return { model, external: joinRopes(out.pieces) };
}

/** The values of a read tensor as a rope, if they lie densely in a file (not in typed fields). */
export function tensorRope(base: ModelGraph, tensor: TensorRef): Rope | undefined {
  const { data } = tensor;
  if (data.kind === "raw") return rangeRope(base.files.main, data.at.offset, data.at.length);
  if (data.kind !== "external") return undefined;
  const source = base.files.openExternal(data.location);
  if ("refused" in source) return undefined;
  return rangeRope(source, data.offset, data.length ?? elemTypeBytes(tensor.dtype, elementCount(tensor.dims)));
}

interface ExternalOut {
  readonly place: PlaceData;
  readonly pieces: Rope[];
}

function createExternal(options: WriteOptions): ExternalOut {
  const pieces: Rope[] = [];
  let size = 0;
  return {
    pieces,
    place(data) {
      if (!options.external || data.length < options.external.bytesMin || data.length === 0) return undefined;
      const offset = Math.ceil(size / externalAlignment) * externalAlignment;
      pieces.push(zerosRope(offset - size), data);
      size = offset + data.length;
      return { location: options.external.location, offset };
    },
  };
}

// Editing: fields of the original in their order, replaced ones at the place of their first occurrence.

/** A message copied field by field. Of the field numbers in `replaced`, all occurrences give way to the ropes given. */
function editMessage(source: ByteSource, range: ByteRange, replaced: ReadonlyMap<number, readonly Rope[]>, keep: (number: number, body: ByteRange) => boolean = () => true): Rope {
  const parts: Rope[] = [];
  const written = new Set<number>();
  createWireReader(source).fields(range, (field) => {
    const replacement = replaced.get(field.number);
    if (!replacement) {
      const end = field.offset + field.length;
      if (keep(field.number, field)) parts.push(rangeRope(source, field.start, end - field.start));
    } else if (!written.has(field.number)) {
      written.add(field.number);
      parts.push(...replacement);
    }
  });
  for (const [number, ropes] of replaced) if (!written.has(number)) parts.push(...ropes);
  return joinRopes(parts);
}

function editModel(base: ModelGraph, draft: ModelDraft, graph: Rope): Rope {
  const replaced = new Map<number, readonly Rope[]>([[7, [bodyField(7, graph)]]]);
  if (draft.irVersion !== undefined) replaced.set(1, [varintField(1, draft.irVersion)]);
  if (draft.metadata) {
    const merged = new Map([...base.metadata, ...draft.metadata]);
    replaced.set(14, [...merged].map(([key, value]) => messageField(14, entryFields(key, value))));
  }
  if (draft.functions) replaced.set(25, draft.functions.map((fn) => copyBody(base, 25, fn.bytes)));
  return editMessage(base.files.main, { offset: 0, length: base.files.main.size }, replaced);
}

function editGraph(base: ModelGraph, draft: GraphDraft, out: ExternalOut): Rope {
  const replaced = new Map<number, readonly Rope[]>([
    [1, draft.nodes.map((node) => bodyField(1, nodeBody(node, out, base)))],
    [5, draft.initializers.map((tensor) => bodyField(5, tensorBody(tensor, out, base)))],
    [11, draft.inputs.map((value) => bodyField(11, valueBody(value, base)))],
    [12, draft.outputs.map((value) => bodyField(12, valueBody(value, base)))],
    [13, (draft.valueInfo ?? []).map((value) => bodyField(13, valueBody(value, base)))],
  ]);
  if (draft.name !== undefined) replaced.set(2, [textField(2, draft.name)]);
  const { keptNames } = draft;
  return editMessage(base.files.main, base.graph.bytes, replaced, keptNames && keepNamed(base.files.main, keptNames));
}

/** Keeps the sparse initializers and quantisation annotations of some names only. */
function keepNamed(source: ByteSource, names: ReadonlySet<string>): (number: number, body: ByteRange) => boolean {
  const wire = createWireReader(source);
  const textAt = (range: ByteRange, number: number): string => {
    let text = "";
    wire.fields(range, (field) => {
      if (field.number === number) text = wire.text(field);
    });
    return text;
  };
  return (number, body) => {
    if (number === 14) return names.has(textAt(body, 1));
    if (number !== 15) return true;
    // A sparse tensor is named by the tensor of its values.
    let name = "";
    wire.fields(body, (field) => {
      if (field.number === 1) name = textAt({ offset: field.offset, length: field.length }, 8);
    });
    return names.has(name);
  };
}

function copyBody(base: ModelGraph, number: number, range: ByteRange): Rope {
  return bodyField(number, rangeRope(base.files.main, range.offset, range.length));
}

/** Copies need the model they come from; a draft without one is our own mistake. */
function sourceOf(base: ModelGraph | undefined): ByteSource {
  if (!base) throw new Error("verifyDraft: a copied part in a draft without a base model");
  return base.files.main;
}

function nodeBody(draft: NodeDraft, out: ExternalOut, base: ModelGraph | undefined): Rope {
  switch (draft.kind) {
    case "copy":
      return rangeRope(sourceOf(base), draft.node.bytes.offset, draft.node.bytes.length);
    case "new":
      return newNode(draft, out, base);
    case "edit": {
      const source = sourceOf(base);
      const replaced = new Map<number, readonly Rope[]>();
      if (draft.inputs) replaced.set(1, draft.inputs.map((name) => textField(1, name)));
      if (draft.outputs) replaced.set(2, draft.outputs.map((name) => textField(2, name)));
      if (draft.name !== undefined) replaced.set(3, [textField(3, draft.name)]);
      const changed = draft.attributes ?? {};
      const wire = createWireReader(source);
      const keep = (number: number, body: ByteRange): boolean => {
        if (number !== 5) return true;
        let name = "";
        wire.fields(body, (field) => {
          if (field.number === 1) name = wire.text(field);
        });
        return !Object.hasOwn(changed, name);
      };
      const edited = editMessage(source, draft.node.bytes, replaced, keep);
      return joinRopes([edited, ...attributeFields(changed, out, base), ...(draft.fields ? [draft.fields] : [])]);
    }
  }
}

function newNode(node: NewNode, out: ExternalOut, base: ModelGraph | undefined): Rope {
  return joinRopes([
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    ...(node.name ? [textField(3, node.name)] : []),
    textField(4, node.op),
    ...attributeFields(node.attributes ?? {}, out, base),
    ...(node.domain ? [textField(7, node.domain)] : []),
  ]);
}

function attributeFields(attributes: Readonly<Record<string, AttributeDraft>>, out: ExternalOut, base: ModelGraph | undefined): readonly Rope[] {
  return Object.entries(attributes).map(([name, value]) => messageField(5, [textField(1, name), ...attributeValue(value, out, base)]));
}

function attributeValue(attribute: AttributeDraft, out: ExternalOut, base: ModelGraph | undefined): readonly Rope[] {
  switch (attribute.kind) {
    case "float": return [floatField(2, attribute.value), varintField(20, 1)];
    case "int": return [varintField(3, attribute.value), varintField(20, 2)];
    case "string": return [textField(4, attribute.value), varintField(20, 3)];
    case "tensor": return [bodyField(5, newTensor(attribute.value, undefined)), varintField(20, 4)];
    case "graph": return [bodyField(6, newGraph(attribute.value, out, base)), varintField(20, 5)];
    case "floats": return [...attribute.value.map((value) => floatField(7, value)), varintField(20, 6)];
    case "ints": return [...attribute.value.map((value) => varintField(8, value)), varintField(20, 7)];
    case "strings": return [...attribute.value.map((value) => textField(9, value)), varintField(20, 8)];
  }
}

function valueBody(draft: ValueDraft, base: ModelGraph | undefined): Rope {
  if (draft.kind === "copy") return rangeRope(sourceOf(base), draft.value.bytes.offset, draft.value.bytes.length);
  return joinRopes([textField(1, draft.name), messageField(2, [tensorTypeField(draft.dtype, draft.dims)])]);
}

function tensorTypeField(dtype: ElemType, dims: readonly FileDim[] | null): Rope {
  if (dims === null) return messageField(1, [varintField(1, codeOfElemType(dtype))]);
  const shape = dims.map((dim) => messageField(1, dim === null ? [] : [typeof dim === "number" ? varintField(1, dim) : textField(2, dim)]));
  return messageField(1, [varintField(1, codeOfElemType(dtype)), messageField(2, shape)]);
}

function tensorBody(draft: TensorDraft, out: ExternalOut, base: ModelGraph | undefined): Rope {
  if (draft.kind === "new") return newTensor(draft, out);
  const source = sourceOf(base);
  const { tensor } = draft;
  const data = base && tensorRope(base, tensor);
  const moved = tensor.data.kind === "external" || (data && out.place(data, tensor.name));
  if (!moved) return rangeRope(source, tensor.bytes.offset, tensor.bytes.length);
  if (!data) throw new Error(`verifyDraft: the external data of ${JSON.stringify(tensor.name)} cannot be copied`);
  const place = moved === true ? out.place(data, tensor.name) : moved;
  // Values and their old place go; name, dims, type and whatever else the file has stay.
  const replaced = new Map<number, readonly Rope[]>([[9, place ? [] : [bodyField(9, data)]], [13, place ? externalFields(place, data.length) : []], [14, place ? [varintField(14, 1)] : []]]);
  return editMessage(source, tensor.bytes, replaced);
}

function newTensor(tensor: NewTensor, out: ExternalOut | undefined): Rope {
  const place = out?.place(tensor.data, tensor.name);
  return joinRopes([
    ...tensor.dims.map((dim) => varintField(1, dim)),
    varintField(2, codeOfElemType(tensor.dtype)),
    textField(8, tensor.name),
    ...(place ? [...externalFields(place, tensor.data.length), varintField(14, 1)] : [bodyField(9, tensor.data)]),
  ]);
}

function externalFields(place: { readonly location: string; readonly offset: number }, length: number): readonly Rope[] {
  const entries: readonly [string, string][] = [["location", place.location], ["offset", String(place.offset)], ["length", String(length)]];
  return entries.map(([key, value]) => messageField(13, entryFields(key, value)));
}

function entryFields(key: string, value: string): readonly Rope[] {
  return [textField(1, key), textField(2, value)];
}

function newGraph(draft: GraphDraft, out: ExternalOut, base: ModelGraph | undefined): Rope {
  return joinRopes([
    ...draft.nodes.map((node) => bodyField(1, nodeBody(node, out, base))),
    textField(2, draft.name ?? "graph"),
    ...draft.initializers.map((tensor) => bodyField(5, tensorBody(tensor, out, base))),
    ...draft.inputs.map((value) => bodyField(11, valueBody(value, base))),
    ...draft.outputs.map((value) => bodyField(12, valueBody(value, base))),
    ...(draft.valueInfo ?? []).map((value) => bodyField(13, valueBody(value, base))),
  ]);
}

const irVersionDefault = 8;

function newModel(draft: ModelDraft, graph: Rope): Rope {
  const opsets = [...(draft.opsets ?? [])].map(([domain, version]) => messageField(8, [...(domain ? [textField(1, domain)] : []), varintField(2, version)]));
  return joinRopes([
    varintField(1, draft.irVersion ?? irVersionDefault),
    textField(2, draft.producer ?? "pipec"),
    bodyField(7, graph),
    ...opsets,
    ...[...(draft.metadata ?? [])].map(([key, value]) => messageField(14, entryFields(key, value))),
  ]);
}
