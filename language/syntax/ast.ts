/**
 * The syntax tree of one `.pipe` file, as parsed: names are unresolved, nothing is checked.
 *
 * Every node has a `kind` and a `span`. The tree exists for broken files too: what could not be parsed is a `missing`
 * node or an identifier with an empty name, and the parser has reported it; later passes stay silent about those.
 * Brackets `( )` leave no node behind; `a |> f(b)` stays a `pipe`.
 */
import type { Span } from "../source/span.ts";

export interface PipelineAst {
  readonly kind: "file";
  readonly span: Span;
  readonly path: string;
  readonly edition: NumberLiteral | undefined;
  readonly items: readonly Item[];
}

/** A name where it is written. `name` is "" where the parser found none. */
export interface Identifier {
  readonly kind: "identifier";
  readonly span: Span;
  readonly name: string;
}

/** Stands for an expression, type or step that could not be parsed. */
export interface Missing { readonly kind: "missing"; readonly span: Span }

/** The `///` lines before an item or a field, without the slashes, joined by "\n". */
export interface DocComment {
  readonly kind: "doc";
  readonly span: Span;
  readonly text: string;
}

// ---------------------------------------------------------------- items

export type Item =
  | ImportItem | ParamItem | SecretItem | ConstItem | RecordItem | ModelItem
  | ExternItem | FnItem | PipelineItem | TestItem;

interface ItemBase {
  readonly span: Span;
  readonly doc: DocComment | undefined;
  readonly exported: boolean;
}

export interface ImportItem extends ItemBase {
  readonly kind: "import";
  readonly names: readonly ImportName[];
  readonly from: StringLiteral | Missing;
}

/** `name` or `name as alias`; the name bound in this file is `alias ?? name`. */
export interface ImportName {
  readonly kind: "importName";
  readonly span: Span;
  readonly name: Identifier;
  readonly alias: Identifier | undefined;
}

export interface ParamItem extends ItemBase {
  readonly kind: "param";
  readonly name: Identifier;
  readonly type: TypeNode;
  /** The `in low..high`. */
  readonly within: Expr | undefined;
  readonly value: Expr | undefined;
}

export interface SecretItem extends ItemBase {
  readonly kind: "secret";
  readonly name: Identifier;
  readonly from: Expr;
}

export interface ConstItem extends ItemBase {
  readonly kind: "const";
  readonly name: Identifier;
  readonly type: TypeNode | undefined;
  readonly value: Expr;
}

export interface RecordItem extends ItemBase {
  readonly kind: "record";
  readonly name: Identifier;
  readonly fields: readonly FieldDecl[];
}

export interface ModelItem extends ItemBase {
  readonly kind: "model";
  readonly name: Identifier;
  /** Absent: taken from the model's file. */
  readonly signature: Signature | undefined;
  readonly where: readonly Bound[];
  readonly settings: Settings;
}

export interface ExternItem extends ItemBase {
  readonly kind: "extern";
  readonly name: Identifier;
  readonly signature: Signature;
  readonly where: readonly Bound[];
  readonly from: StringLiteral | Missing;
  readonly settings: Settings | undefined;
}

export interface FnItem extends ItemBase {
  readonly kind: "fn";
  readonly name: Identifier;
  readonly signature: Signature;
  readonly where: readonly Bound[];
  readonly body: FnBody;
}

/** `= result` has no lets and `form: "="`; the block form ends with `return result`. */
export interface FnBody {
  readonly kind: "fnBody";
  readonly span: Span;
  readonly form: "=" | "block";
  readonly lets: readonly LetStatement[];
  readonly result: Expr;
}

export interface PipelineItem extends ItemBase {
  readonly kind: "pipeline";
  readonly name: Identifier;
  readonly settings: Settings | undefined;
  readonly statements: readonly (LetStatement | WriteStatement)[];
}

export interface TestItem extends ItemBase {
  readonly kind: "test";
  readonly title: StringLiteral | Missing;
  readonly statements: readonly (GivenStatement | ExpectStatement)[];
}

// ---------------------------------------------------------------- statements

export interface LetStatement {
  readonly kind: "let";
  readonly span: Span;
  readonly name: Identifier;
  readonly value: Expr;
}

export interface WriteStatement {
  readonly kind: "write";
  readonly span: Span;
  readonly value: Expr;
  readonly to: CallExpr | Missing;
  readonly settings: Settings | undefined;
}

/** `given pipeline.stream = rows`. */
export interface GivenStatement {
  readonly kind: "given";
  readonly span: Span;
  readonly pipeline: Identifier;
  readonly stream: Identifier;
  readonly value: Expr;
}

export interface ExpectStatement {
  readonly kind: "expect";
  readonly span: Span;
  readonly condition: Expr;
}

/** The block of `{ key: value }` pairs of a `with` or of a model. The span covers the braces. */
export interface Settings {
  readonly kind: "settings";
  readonly span: Span;
  readonly entries: readonly Setting[];
}

export interface Setting {
  readonly kind: "setting";
  readonly span: Span;
  readonly key: Identifier;
  readonly value: Expr;
}

// ---------------------------------------------------------------- signatures and types

export interface Signature {
  readonly kind: "signature";
  readonly span: Span;
  readonly params: readonly FieldDecl[];
  /** `-> (a: T, b: U)` gives fields, `-> T` a type. */
  readonly result: FieldList | TypeNode;
}

export interface FieldList {
  readonly kind: "fields";
  readonly span: Span;
  readonly fields: readonly FieldDecl[];
}

/** `key: type from "outside name"`: a record's field, a parameter, a model's port. */
export interface FieldDecl {
  readonly kind: "field";
  readonly span: Span;
  readonly doc: DocComment | undefined;
  readonly key: Identifier;
  readonly type: TypeNode;
  readonly from: StringLiteral | undefined;
}

/** `left <= right` or `left == right` of a `where`. */
export interface Bound {
  readonly kind: "bound";
  readonly span: Span;
  readonly op: "<=" | "==";
  readonly left: Expr;
  readonly right: Expr;
}

export type TypeNode =
  | UnionType | OptionalType | TensorType | ListType | StreamType | RecordType | NamedType | LiteralType | Missing;

/** Two or more alternatives, none of them a union or optional. */
export interface UnionType {
  readonly kind: "unionType";
  readonly span: Span;
  readonly alternatives: readonly TypeNode[];
}

/** `inner?`, never nested. */
export interface OptionalType {
  readonly kind: "optionalType";
  readonly span: Span;
  readonly inner: TypeNode;
}

export interface TensorType {
  readonly kind: "tensorType";
  readonly span: Span;
  readonly dtype: Identifier;
  readonly dims: readonly Dim[];
}

/** A dimension: arithmetic over names, or (only in the catalogue's own signatures) a rest dimension. */
export type Dim = Expr | RestDim;

/** `..S`: zero or more dimensions bound together. */
export interface RestDim {
  readonly kind: "restDim";
  readonly span: Span;
  readonly name: Identifier;
}

export interface ListType {
  readonly kind: "listType";
  readonly span: Span;
  readonly element: TypeNode;
}

export interface StreamType {
  readonly kind: "streamType";
  readonly span: Span;
  readonly element: TypeNode;
}

export interface RecordType {
  readonly kind: "recordType";
  readonly span: Span;
  readonly fields: readonly FieldDecl[];
}

/** `int`, `string`, `uri`, a record's name. */
export interface NamedType {
  readonly kind: "namedType";
  readonly span: Span;
  readonly name: Identifier;
}

/** One string of an enumeration: `"cpu" | "cuda"`. */
export interface LiteralType {
  readonly kind: "literalType";
  readonly span: Span;
  readonly value: StringLiteral;
}

// ---------------------------------------------------------------- expressions

export type Expr =
  | NameExpr | CallExpr | RowFieldExpr | MemberExpr | IndexExpr
  | NumberLiteral | QuantityLiteral | StringLiteral | BooleanLiteral | NullLiteral
  | ListExpr | RecordExpr | IfExpr | BinaryExpr | UnaryExpr | RangeExpr | CastExpr
  | PipeExpr | ReadExpr | Missing;

/** A bare name: a binding, param, const, pipeline, dimension. */
export interface NameExpr {
  readonly kind: "name";
  readonly span: Span;
  readonly name: string;
}

/** `callee(args)`, and a step written without brackets (`|> phash`), which has `bare: true` and no arguments. */
export interface CallExpr {
  readonly kind: "call";
  readonly span: Span;
  readonly callee: Identifier;
  readonly args: readonly Argument[];
  readonly bare: boolean;
}

export interface Argument {
  readonly kind: "argument";
  readonly span: Span;
  readonly name: Identifier | undefined;
  readonly value: Expr;
}

/** `.field`: a field of the innermost map's row. */
export interface RowFieldExpr {
  readonly kind: "rowField";
  readonly span: Span;
  readonly field: Identifier;
}

/** `object.field`. */
export interface MemberExpr {
  readonly kind: "member";
  readonly span: Span;
  readonly object: Expr;
  readonly field: Identifier;
}

/** `object[i, j]`. */
export interface IndexExpr {
  readonly kind: "index";
  readonly span: Span;
  readonly object: Expr;
  readonly indices: readonly Expr[];
}

export interface NumberLiteral {
  readonly kind: "number";
  readonly span: Span;
  readonly value: number;
  /** As written without `_`: exact for integers beyond 2^53. */
  readonly text: string;
  /** True when written without a point or exponent. */
  readonly isInteger: boolean;
}

export const units = ["%", "KiB", "MiB", "GiB", "TiB", "ms", "s", "min", "h", "d", "Gbps", "kHz"] as const;
export type Unit = (typeof units)[number];

/** `50 ms`, `0.1%`: `value` is the number as written, in `unit`. */
export interface QuantityLiteral {
  readonly kind: "quantity";
  readonly span: Span;
  readonly value: number;
  readonly text: string;
  readonly unit: Unit;
}

/** Texts and `{name}` interpolations in turn; a string without interpolation has at most one part. */
export interface StringLiteral {
  readonly kind: "string";
  readonly span: Span;
  readonly parts: readonly StringPart[];
}

export type StringPart = TextPart | InterpolationPart;

/** Text with its escapes resolved. */
export interface TextPart {
  readonly kind: "text";
  readonly span: Span;
  readonly text: string;
}

/** `{name}`; the span covers the braces. */
export interface InterpolationPart {
  readonly kind: "interpolation";
  readonly span: Span;
  readonly name: Identifier;
}

export interface BooleanLiteral { readonly kind: "boolean"; readonly span: Span; readonly value: boolean }

export interface NullLiteral { readonly kind: "null"; readonly span: Span }

export interface ListExpr {
  readonly kind: "list";
  readonly span: Span;
  readonly elements: readonly Expr[];
}

export interface RecordExpr {
  readonly kind: "recordExpr";
  readonly span: Span;
  readonly entries: readonly RecordEntry[];
}

export type RecordEntry = SpreadEntry | ShorthandEntry | KeyEntry;

/** `..value`, or a bare `..` (no value): every field of the row. */
export interface SpreadEntry {
  readonly kind: "spread";
  readonly span: Span;
  readonly value: Expr | undefined;
}

/** `.field`, short for `field: .field`. */
export interface ShorthandEntry {
  readonly kind: "shorthand";
  readonly span: Span;
  readonly field: Identifier;
}

export interface KeyEntry {
  readonly kind: "entry";
  readonly span: Span;
  readonly key: Identifier;
  readonly value: Expr;
}

export interface IfExpr {
  readonly kind: "if";
  readonly span: Span;
  readonly condition: Expr;
  readonly then: Expr;
  readonly else: Expr;
}

export type BinaryOp = "or" | "and" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "??" | "+" | "-" | "*" | "/";

export interface BinaryExpr {
  readonly kind: "binary";
  readonly span: Span;
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
}

export interface UnaryExpr {
  readonly kind: "unary";
  readonly span: Span;
  readonly op: "not" | "-";
  readonly operand: Expr;
}

/** `low..high`, both ends included. */
export interface RangeExpr {
  readonly kind: "range";
  readonly span: Span;
  readonly low: Expr;
  readonly high: Expr;
}

/** `value as type`. */
export interface CastExpr {
  readonly kind: "cast";
  readonly span: Span;
  readonly value: Expr;
  readonly type: TypeNode;
}

/** `source |> step |> step`. Has a step or settings, else the parser leaves only the source. */
export interface PipeExpr {
  readonly kind: "pipe";
  readonly span: Span;
  readonly source: Expr;
  /** The `with` between the source and the first step. */
  readonly settings: Settings | undefined;
  readonly steps: readonly PipeStep[];
}

export interface PipeStep {
  readonly kind: "pipeStep";
  readonly span: Span;
  readonly step: CallExpr | RecordExpr | Missing;
  readonly settings: Settings | undefined;
}

/** `read source(...) as Type`. */
export interface ReadExpr {
  readonly kind: "read";
  readonly span: Span;
  readonly source: CallExpr | Missing;
  readonly type: TypeNode;
}

/** The text of a string without interpolations, else undefined. */
export function plainText(literal: StringLiteral): string | undefined {
  let text = "";
  for (const part of literal.parts) {
    if (part.kind === "interpolation") return undefined;
    text += part.text;
  }
  return text;
}
