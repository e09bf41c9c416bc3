/**
 * A program in which every name is resolved and every type known. Made by `checkProgram`, read by the plan
 * and emission passes. Invariants: no `error` type is left; every expression carries its type and place; all
 * symbols (`symbol`) are unique over all files of the program and legal TypeScript identifiers; streams stand
 * in topological order; function calls are resolved but not inlined.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { RecordType, ValueType } from "../catalog/value-type.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";

/** Bounds of dimension names (each >= 0 by default), and of products and sums of them. */
export interface DimFacts {
  readonly bounds: ReadonlyMap<string, { readonly low?: bigint; readonly high?: bigint }>;
  readonly limits: readonly { readonly dim: Dim; readonly high: bigint }[];
}

export interface CheckedProgram {
  readonly phase: "checked";
  /** The main file first, then its imports in order of first mention. */
  readonly files: readonly SourceFile[];
  readonly params: readonly CheckedParam[];
  readonly secrets: readonly CheckedSecret[];
  readonly constants: readonly CheckedConstant[];
  readonly models: readonly CheckedModel[];
  readonly externs: readonly CheckedExtern[];
  readonly functions: readonly CheckedFunction[];
  readonly pipelines: readonly CheckedPipeline[];
  readonly tests: readonly CheckedTest[];
}

export interface CheckedParam {
  readonly symbol: string;
  readonly name: string;
  readonly doc: string;
  readonly type: ValueType;
  readonly range?: { readonly low: ConstantValue; readonly high: ConstantValue };
  readonly default?: ConstantValue;
  /** `build` params reached a type, setting or model: the value is fixed (in `value`) and `node out.js` refuses them. */
  readonly fixedAt: "build" | "run";
  readonly value?: ConstantValue;
  readonly span: Span;
}

export interface CheckedSecret {
  readonly symbol: string;
  readonly name: string;
  readonly from: Expr;
  readonly span: Span;
}

/** `plain` constants are folded where used; the others are loaded once per worker that needs them. */
export type CheckedConstant =
  | { readonly kind: "plain"; readonly symbol: string; readonly name: string; readonly value: ConstantValue; readonly type: ValueType; readonly span: Span }
  | { readonly kind: "resource"; readonly symbol: string; readonly name: string; readonly value: Expr; readonly type: ValueType; readonly span: Span }
  | { readonly kind: "table"; readonly symbol: string; readonly name: string; readonly read: ReadCall; readonly steps: readonly Stream[]; readonly key: Expr; readonly type: ValueType; readonly span: Span };

export interface CheckedModel {
  readonly symbol: string;
  readonly name: string;
  /** As written, relative to `fromFile`. */
  readonly file: string;
  readonly fromFile: string;
  readonly inputs: readonly CheckedPort[];
  readonly outputs: readonly CheckedPort[];
  /** The file has no batch axis: one call per row. */
  readonly batched: boolean;
  /** `where N == 8`. */
  readonly fixedBatch?: number;
  /** Upper bounds of the free dimension names, from `where`. */
  readonly bounds: Readonly<Record<string, { readonly low: number; readonly high?: number }>>;
  /** Padding by dimension name: the multiple and the fill value of each input port that has the dimension. */
  readonly pad: Readonly<Record<string, { readonly multiple: number; readonly fill: Readonly<Record<string, number>> }>>;
  readonly settings: Settings;
  readonly weightBytes?: number;
  /** Most bytes of one call beside inputs and weights, in `N` and the names of the declaration. */
  readonly activationBytes?: Dim;
  readonly span: Span;
}

export interface CheckedPort {
  /** The name in the program and the name in the file. */
  readonly name: string;
  readonly port: string;
  readonly dtype: Dtype;
  /** Without the batch axis: a row's shape. */
  readonly rowShape: readonly Dim[];
  /** Where the batch axis stands in the file's tensor; undefined: the tensor lacks it. */
  readonly batchAxis?: number;
  /** The file's dimensions that are not proved: checked on every batch. */
  readonly checkedAtRun: boolean;
  readonly span: Span;
}

export interface CheckedExtern {
  readonly symbol: string;
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: ValueType }[];
  readonly result: ValueType;
  /** The TypeScript module as written, relative to `fromFile`; the export has the extern's name. */
  readonly module: string;
  readonly fromFile: string;
  readonly settings: Settings;
  readonly span: Span;
}

export interface CheckedFunction {
  readonly symbol: string;
  readonly name: string;
  readonly doc: string;
  readonly parameters: readonly { readonly symbol: string; readonly name: string; readonly type: ValueType }[];
  readonly lets: readonly { readonly symbol: string; readonly name: string; readonly value: Expr }[];
  readonly body: Expr;
  readonly result: ValueType;
  /** Whether evaluating it awaits something. */
  readonly async: boolean;
  readonly span: Span;
}

export interface CheckedPipeline {
  readonly name: string;
  readonly doc: string;
  readonly settings: Settings;
  readonly streams: readonly Stream[];
  readonly writes: readonly CheckedWrite[];
  /** What is known of the dimension names in its rows: from it the plan bounds the bytes of every column. */
  readonly dims: DimFacts;
  readonly span: Span;
}

export interface CheckedWrite {
  readonly stream: number;
  readonly sink: string;
  /** Sink arguments by parameter name. `partition_by: [.lang]` arrives as a list of strings. */
  readonly args: Readonly<Record<string, Expr>>;
  readonly settings: Settings;
  readonly span: Span;
}

/** One node of the dataflow. `id` is its index in `streams`; rows of all streams are records. */
export type Stream = StreamBase &
  (
    | { readonly kind: "read"; readonly read: ReadCall }
    | { readonly kind: "map"; readonly input: number; readonly record: readonly RecordEntry[] }
    | { readonly kind: "filter"; readonly input: number; readonly predicate: Expr }
    | { readonly kind: "explode"; readonly input: number; readonly fields: readonly { readonly name: string; readonly value: Expr }[]; readonly childrenMax?: number }
    /** `carried`: fields that come from the parent row, under the same name. */
    | { readonly kind: "implode"; readonly input: number; readonly aggregates: readonly Aggregate[]; readonly carried: readonly string[] }
    | { readonly kind: "dedupe"; readonly input: number; readonly key: Expr; readonly distance: number; readonly keysMax: number }
    | { readonly kind: "limit"; readonly input: number; readonly rows: Expr }
    | { readonly kind: "sample"; readonly input: number; readonly fraction: Expr; readonly seed: Expr }
    | { readonly kind: "zip"; readonly inputs: readonly number[] }
  );

interface StreamBase {
  readonly id: number;
  /** The `let` that names it, where it has one. */
  readonly name?: string;
  readonly row: RecordType;
  readonly settings: Settings;
  /** The source this row came from and the explodes still open over it (ids of those streams). */
  readonly lineage: { readonly read: number; readonly explodes: readonly number[] };
  /** At most so many bytes of each field in one row; a row over it is a row error. */
  readonly bytesMax: Readonly<Record<string, number>>;
  readonly span: Span;
}

export interface ReadCall {
  readonly source: string;
  readonly args: Readonly<Record<string, Expr>>;
  readonly row: RecordType;
  readonly span: Span;
}

/** `of` (the whole row's `n: count()` has none) is evaluated per child; carried fields come from the parent by name. */
export interface Aggregate {
  readonly name: string;
  readonly operator: string;
  readonly of?: Expr;
  readonly args: Readonly<Record<string, Expr>>;
  readonly type: ValueType;
  readonly span: Span;
}

/** Record entries in order. A spread names the fields it contributes, so that nothing is left to find out. */
export type RecordEntry =
  | { readonly kind: "field"; readonly name: string; readonly value: Expr }
  | { readonly kind: "spread"; readonly value: Expr; readonly fields: readonly string[] };

/** Settings by name, constant or (for run-time params in paths) an expression. */
export type Settings = Readonly<Record<string, SettingValue>>;
export type SettingValue = { readonly span: Span } & (
  | { readonly kind: "constant"; readonly value: ConstantValue }
  | { readonly kind: "expr"; readonly value: Expr }
  | { readonly kind: "call"; readonly name: string; readonly args: Settings }
  | { readonly kind: "record"; readonly fields: Settings }
);

export type UnaryOperator = "-" | "not";
export type BinaryOperator = "+" | "-" | "*" | "/" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "and" | "or" | "in" | "??";

export type Expr = { readonly type: ValueType; readonly span: Span } & (
  | { readonly kind: "constant"; readonly value: ConstantValue }
  | { readonly kind: "interpolation"; readonly parts: readonly (string | Expr)[] }
  | { readonly kind: "param"; readonly symbol: string }
  | { readonly kind: "resource"; readonly symbol: string }
  | { readonly kind: "local"; readonly symbol: string }
  /** A field of the innermost map's row. */
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "member"; readonly value: Expr; readonly name: string }
  /** Indexing a tensor (drops leading axes), a list, or a table. */
  | { readonly kind: "index"; readonly value: Expr; readonly indices: readonly Expr[] }
  | { readonly kind: "operator"; readonly operator: string; readonly args: Readonly<Record<string, Expr>>; readonly async: boolean }
  | { readonly kind: "function"; readonly symbol: string; readonly args: readonly Expr[]; readonly async: boolean }
  | { readonly kind: "extern"; readonly symbol: string; readonly args: readonly Expr[] }
  /** Its type is a record of the model's outputs. */
  | { readonly kind: "model"; readonly symbol: string; readonly args: readonly Expr[] }
  | { readonly kind: "record"; readonly entries: readonly RecordEntry[] }
  | { readonly kind: "list"; readonly items: readonly Expr[] }
  | { readonly kind: "unary"; readonly operator: UnaryOperator; readonly value: Expr }
  | { readonly kind: "binary"; readonly operator: BinaryOperator; readonly left: Expr; readonly right: Expr }
  | { readonly kind: "if"; readonly condition: Expr; readonly then: Expr; readonly otherwise: Expr }
  /** A conversion of dtype, or (for tensors) a narrowing checked per row. */
  | { readonly kind: "cast"; readonly value: Expr; readonly checked: boolean }
  /** A record wider than wanted, narrowed to the fields of `type`; or a value made optional. */
  | { readonly kind: "narrow"; readonly value: Expr }
  /** Only in tests: a fixture file's bytes, or a stream's rows. */
  | { readonly kind: "fixture"; readonly path: string; readonly fromFile: string }
  | { readonly kind: "stream"; readonly pipeline: string; readonly stream: number; readonly name: string }
  | { readonly kind: "snapshot"; readonly name: string }
);

export interface CheckedTest {
  readonly name: string;
  readonly givens: readonly { readonly pipeline: string; readonly stream: number; readonly name: string; readonly rows: Expr; readonly span: Span }[];
  readonly expects: readonly { readonly value: Expr; readonly text: string; readonly span: Span }[];
  readonly span: Span;
}
