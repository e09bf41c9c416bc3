/** Types as written to patterns and value types. Unknown names are reported and become `error`. */
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { ValueType } from "../catalog/value-type.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { ResolvedModule } from "../names/resolved-program.ts";
import { builtinTypeNames } from "../names/resolve.ts";
import { plainText } from "../syntax/ast.ts";
import type { FieldDecl, Identifier, StringLiteral, TensorType, TypeNode, UnionType } from "../syntax/ast.ts";
import type { Dim } from "../tensor/dim.ts";
import { dtypes, isDtype } from "../tensor/dtype.ts";
import type { Dtype } from "../tensor/dtype.ts";
import { freeNames, substituteDim } from "../tensor/evaluate-dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { readDim } from "./dim-expr.ts";
import type { LookupDim } from "./dim-expr.ts";
import { dimsOf, errorType, mapDims, optionalOf, scalarType } from "./pattern.ts";
import type { DtypeVariable, Pattern, PatternField, RestPattern } from "./pattern.ts";
import { recordOf } from "./records.ts";
import { unionOf, without } from "./sets.ts";

export interface TypeReader {
  readonly cx: CheckContext;
  /** The file whose names the type uses; undefined for the catalogue's signatures. */
  readonly module: ResolvedModule | undefined;
  readonly lookupDim: LookupDim;
  /** A dimension name of its own for each use of a record that has symbolic dimensions. */
  readonly recordDim: (hint: string) => Dim;
  /** `tensor<string>` is allowed: at ports of models and in the catalogue. */
  readonly stringTensors: boolean;
}

/** The type of a node outside catalogue signatures. */
export function readValueType(reader: TypeReader, node: TypeNode): ValueType {
  return asValueType(readType(reader, node)) ?? errorType;
}

/** A pattern without holes as a value type. */
export function asValueType(pattern: Pattern): ValueType | undefined {
  switch (pattern.kind) {
    case "tensor": {
      if (typeof pattern.dtype !== "string") return undefined;
      const shape = pattern.shape.filter((dim): dim is Dim => !("rest" in dim));
      return shape.length === pattern.shape.length ? { kind: "tensor", dtype: pattern.dtype, shape } : undefined;
    }
    case "optional": {
      const inner = asValueType(pattern.inner);
      return inner && optionalOf(inner);
    }
    case "list": {
      const element = asValueType(pattern.element);
      return element && { ...pattern, element };
    }
    case "record": {
      const fields = pattern.fields.map((field) => ({ ...field, type: asValueType(field.type) ?? errorType }));
      return { ...pattern, fields };
    }
    default:
      return pattern;
  }
}

/** The pattern a type node states. */
export function readType(reader: TypeReader, node: TypeNode): Pattern {
  const { cx } = reader;
  switch (node.kind) {
    case "missing":
      return errorType;
    case "namedType":
      return readNamedType(reader, node.name);
    case "optionalType": {
      const inner = readType(reader, node.inner);
      return inner.kind === "error" || inner.kind === "optional" ? inner : { kind: "optional", inner };
    }
    case "literalType": {
      const text = writtenOut(cx, node.value);
      return text === undefined ? errorType : { kind: "string", literals: [text] };
    }
    case "unionType":
      return readUnion(reader, node);
    case "listType":
      return { kind: "list", element: readType(reader, node.element) };
    case "streamType":
      complain(cx, typeCodes.streamType, {}, { at: node.span, reason: "a stream is not a value: it is what the steps of a pipeline pass on" });
      return errorType;
    case "recordType":
      return { kind: "record", fields: readFields(reader, node.fields) };
    case "tensorType":
      return readTensor(reader, node);
  }
}

/** The text of a string that must be known as it stands. */
export function writtenOut(cx: CheckContext, literal: StringLiteral): string | undefined {
  const text = plainText(literal);
  if (text === undefined) complain(cx, typeCodes.plainString, {}, { at: literal.span, reason: "it is part of what is compiled, and names in braces have values only later" });
  return text;
}

/** The fields of a record or signature; duplicates are reported, the first stays. */
export function readFields(reader: TypeReader, decls: readonly FieldDecl[]): readonly PatternField[] {
  const fields = new Map<string, PatternField>();
  const spans = new Map<string, FieldDecl>();
  for (const decl of decls) {
    const name = decl.key.name;
    const type = readType(reader, decl.type);
    if (name === "") continue;
    const earlier = spans.get(name);
    if (earlier !== undefined) {
      complain(reader.cx, typeCodes.duplicateField, { name }, { at: decl.key.span, others: [{ span: earlier.key.span, text: "first here" }] });
      continue;
    }
    const outsideName = decl.from === undefined ? undefined : writtenOut(reader.cx, decl.from);
    spans.set(name, decl);
    fields.set(name, { name, type, ...(outsideName === undefined ? {} : { outsideName }) });
  }
  return [...fields.values()];
}

function readNamedType(reader: TypeReader, name: Identifier): Pattern {
  const { cx, module } = reader;
  if (name.name === "") return errorType;
  const builtin = builtinType(name.name);
  if (builtin !== undefined) return builtin;
  const found = module?.scope.get(name.name);
  if (module === undefined) return { kind: "resource", name: name.name };
  if (found === undefined) {
    const near = suggest(name.name, [...builtinTypeNames, ...dtypes, ...recordNames(module)]);
    complain(cx, nameCodes.unknownType, { name: name.name }, {
      at: name.span,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: name.span, replacement: near }] } }),
    });
    return errorType;
  }
  cx.used.add(found);
  if (found.kind === "broken") return errorType;
  if (found.kind !== "record") {
    complain(cx, nameCodes.wrongKind, { name: name.name, found: describeDeclaration(found.kind), wanted: "a type" }, {
      at: name.span, others: [{ span: found.span, text: "declared here" }],
    });
    return errorType;
  }
  const record = recordOf(cx, found);
  const names = new Map(record.dims.map((name) => [name, reader.recordDim(`${name.includes(".") ? "" : `${found.name}.`}${name}`)]));
  return mapDims(record.type, (dim) => substituteDim(dim, names));
}

function recordNames(module: ResolvedModule): readonly string[] {
  return [...module.scope].filter(([, declaration]) => declaration.kind === "record").map(([name]) => name);
}

/** A type every file knows, by name. */
function builtinType(name: string): ValueType | undefined {
  switch (name) {
    case "int": return scalarType("i64");
    case "float": return scalarType("f64");
    case "uri": return { kind: "string", uri: true };
    case "bytes": return { kind: "bytes" };
    // `string` is a dtype too, but as a type of its own it is text.
    case "string": return { kind: "string" };
    default: return isDtype(name) ? scalarType(name) : undefined;
  }
}

function readUnion(reader: TypeReader, node: UnionType): Pattern {
  const literals: string[] = [];
  for (const alternative of node.alternatives) {
    if (alternative.kind === "missing") continue;
    const text = alternative.kind === "literalType" ? writtenOut(reader.cx, alternative.value) : undefined;
    if (text === undefined && alternative.kind === "literalType") return errorType;
    if (text === undefined) {
      complain(reader.cx, typeCodes.badUnion, {}, {
        at: alternative.span, reason: "an enumeration is made of strings, such as `\"fast\" | \"best\"`",
      });
      return errorType;
    }
    literals.push(text);
  }
  return { kind: "string", literals: [...new Set(literals)] };
}

function readTensor(reader: TypeReader, node: TensorType): Pattern {
  const dtype = readDtype(reader, node.dtype);
  const shape: (Dim | RestPattern)[] = [];
  let broken = dtype === undefined;
  for (const dim of node.dims) {
    if (dim.kind === "restDim") {
      if (reader.module === undefined) shape.push({ rest: dim.name.name });
      else {
        complain(reader.cx, dimCodes.restDimension, {}, { at: dim.span, reason: "a run of dimensions can be named only in the signatures of operators" });
        broken = true;
      }
      continue;
    }
    const read = readDim(reader.cx, dim, reader.lookupDim);
    if (read === undefined) broken = true;
    else shape.push(read);
  }
  return broken || dtype === undefined ? errorType : { kind: "tensor", dtype, shape };
}

function readDtype(reader: TypeReader, name: Identifier): Dtype | DtypeVariable | undefined {
  const { cx } = reader;
  if (name.name === "") return undefined;
  if (isDtype(name.name)) {
    if (name.name !== "string" || reader.stringTensors) return name.name;
    complain(cx, dimCodes.stringTensor, {}, { at: name.span, reason: "tensors of strings exist only at the ports of models; elsewhere write `list<string>`" });
    return undefined;
  }
  if (reader.module === undefined) return { variable: name.name };
  const near = suggest(name.name, dtypes) ?? ({ float: "f32", int: "i64", double: "f64", half: "f16" } as Record<string, string>)[name.name];
  complain(cx, dimCodes.unknownDtype, { name: name.name }, {
    at: name.span,
    reason: `the dtypes are ${dtypes.join(", ")}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: name.span, replacement: near }] } }),
  });
  return undefined;
}

/** Gives each list's elements the dimension names that occur nowhere else in the signature. */
export function bindElementDims(pattern: Pattern, outside: ReadonlySet<string>): Pattern {
  switch (pattern.kind) {
    case "optional":
      return { kind: "optional", inner: bindElementDims(pattern.inner, outside) };
    case "record":
      return { ...pattern, fields: pattern.fields.map((field) => {
        const others = namesIn(pattern.fields.filter((other) => other !== field).map((other) => other.type));
        return { ...field, type: bindElementDims(field.type, unionOf(outside, others)) };
      }) };
    case "list": {
      const own = without(namesIn([pattern.element]), outside);
      const element = bindElementDims(pattern.element, unionOf(outside, own));
      return own.size === 0 ? { ...pattern, element } : { ...pattern, element, elementDims: [...own] };
    }
    default:
      return pattern;
  }
}

/** The dimension names a pattern mentions. */
export function namesIn(patterns: readonly Pattern[]): Set<string> {
  const names = new Set<string>();
  for (const pattern of patterns) for (const dim of dimsOf(pattern)) for (const name of freeNames(dim)) names.add(name);
  return names;
}
