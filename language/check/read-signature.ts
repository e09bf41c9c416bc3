/** Signatures as written, of functions, externs, models and the catalogue's operators. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { ResolvedModule } from "../names/resolved-program.ts";
import type { Bound, FieldDecl, Signature as AstSignature, TypeNode } from "../syntax/ast.ts";
import { constantOf, dimName } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { freeNames } from "../tensor/evaluate-dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { readDim } from "./dim-expr.ts";
import { dimLookup } from "./dim-lookup.ts";
import type { Pattern } from "./pattern.ts";
import { bindElementDims, namesIn, readFields, readType } from "./read-type.ts";
import type { TypeReader } from "./read-type.ts";
import type { Signature, SignatureBound, SignatureParam } from "./signature.ts";

export interface SignatureSource {
  readonly cx: CheckContext;
  /** The declaring file; undefined for the catalogue. */
  readonly module: ResolvedModule | undefined;
  readonly title: string;
  readonly signature: AstSignature;
  readonly where: readonly Bound[];
  /** `N` is the batch axis: in models. */
  readonly batch: boolean;
  readonly defaults?: Readonly<Record<string, ConstantValue>>;
  readonly text?: string;
}

export function readSignature(source: SignatureSource): Signature {
  const { cx, module, signature } = source;
  const values = new Set(signature.params.filter((param) => isInt(param.type)).map((param) => param.key.name));
  const valueDims = new Set<string>();
  const dimNames = new Set<string>();
  const onName = (name: string): Dim => {
    if (values.has(name)) valueDims.add(name);
    dimNames.add(name);
    return dimName(name);
  };
  const local = (name: string): boolean => values.has(name);
  const lookup = dimLookup(cx, module, onName, source.batch);
  const lookupDim: typeof lookup = (name, span) => (local(name) ? onName(name) : lookup(name, span));
  const reader: TypeReader = { cx, module, lookupDim, recordDim: (hint) => recordDim(dimNames, hint), stringTensors: source.batch || module === undefined };
  const fields = readFields(reader, signature.params);
  const result: Pattern = signature.result.kind === "fields" ? { kind: "record", fields: readFields(reader, signature.result.fields) } : readType(reader, signature.result);
  const inTypes = new Set(dimNames);
  const bounds = source.where.flatMap((bound) => readBound(source, bound, lookupDim, inTypes, values));
  return {
    title: source.title, valueDims, dimNames, bounds,
    params: bindParams(fields, result, module === undefined ? [] : signature.params, source.defaults),
    result: bindElementDims(result, namesIn(fields.map((field) => field.type))),
    ...(source.text === undefined ? {} : { text: source.text }),
  };
}

function isInt(node: TypeNode): boolean {
  return node.kind === "namedType" ? node.name.name === "int" : node.kind === "optionalType" && isInt(node.inner);
}

function recordDim(dimNames: Set<string>, hint: string): Dim {
  let name = hint;
  for (let i = 2; dimNames.has(name); i++) name = `${hint}_${i}`;
  dimNames.add(name);
  return dimName(name);
}

function bindParams(
  fields: ReturnType<typeof readFields>, result: Pattern, decls: readonly FieldDecl[], defaults: SignatureSource["defaults"],
): readonly SignatureParam[] {
  return fields.map((field) => {
    const others = namesIn([...fields.filter((other) => other !== field).map((other) => other.type), result]);
    const decl = decls.find((candidate) => candidate.key.name === field.name);
    const value = defaults?.[field.name];
    return {
      name: field.name, type: bindElementDims(field.type, others),
      ...(value === undefined ? {} : { default: value }),
      ...(decl === undefined ? {} : { span: decl.key.span }),
    };
  });
}

function readBound(source: SignatureSource, bound: Bound, lookupDim: TypeReader["lookupDim"], inTypes: ReadonlySet<string>, values: ReadonlySet<string>): readonly SignatureBound[] {
  const { cx } = source;
  const left = readDim(cx, bound.left, lookupDim);
  const right = readDim(cx, bound.right, lookupDim);
  if (left === undefined || right === undefined) return [];
  if (source.module === undefined) return [{ op: bound.op, left, right }];
  for (const name of [...freeNames(left), ...freeNames(right)]) {
    if (inTypes.has(name) || values.has(name)) continue;
    const near = suggest(name, inTypes);
    complain(cx, dimCodes.unknownDimension, { name }, {
      at: bound.span,
      reason: inTypes.size === 0 ? "the signature names no dimensions" : `the signature names ${[...inTypes].map((known) => `\`${known}\``).join(", ")}`,
      ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [] } }),
    });
    return [];
  }
  const isValue = (dim: Dim): boolean => [...freeNames(dim)].every((name) => values.has(name));
  if (!isValue(left) && !isValue(right)) {
    complain(cx, dimCodes.badBound, {}, { at: bound.span, reason: "`where` compares with a value known while compiling: `W <= 2048`, `16 <= T`, `N == 8`" });
    return [];
  }
  const [low, high] = [constantOf(left), constantOf(right)];
  if (low !== undefined && high !== undefined && (bound.op === "==" ? low !== high : low > high)) {
    complain(cx, dimCodes.badBound, {}, { at: bound.span, reason: "this never holds" });
    return [];
  }
  return [{ op: bound.op, left, right, span: bound.span }];
}

