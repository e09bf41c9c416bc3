/**
 * What the checker may know of the world outside the source text: operators, sources, sinks, settings,
 * modules and model signatures. All plain data and pure functions, filled at the rim (the command line,
 * the language server, tests), so that the language room can be tested without a model file.
 */
import type { Dim } from "../tensor/dim.ts";
import type { Dtype } from "../tensor/dtype.ts";
import type { ConstantValue } from "./constant-value.ts";
import type { ValueType } from "./value-type.ts";

export interface Catalog {
  readonly operators: ReadonlyMap<string, OperatorDescriptor>;
  readonly sources: ReadonlyMap<string, SourceDescriptor>;
  readonly sinks: ReadonlyMap<string, SinkDescriptor>;
  /** Names that `import { … } from "std/<module>"` brings in: operators by name, or constant values (hardware). */
  readonly modules: ReadonlyMap<string, ModuleDescriptor>;
  readonly readModelSignature: (request: ModelRequest) => ModelSignatureResult;
}

/**
 * One operator of the standard library. Its types are given by signatures in the language's own syntax:
 *
 *     resize(x: tensor<u8>[H, W, C], height: int, width: int) -> tensor<u8>[height, width, C]
 *
 * A capital letter in a dtype place is a dtype variable; `..S` stands for any run of dimensions; an `int`
 * parameter named in a result shape must be known while compiling; names bound by no argument are fresh. `where`
 * bounds fresh names (`where T <= max`; left out where `max` is null) and asks callers to prove what it says of bound
 * ones (`where k <= K`). A type name that is no type of the language is a resource of that name (`tokenizer`).
 * The first signature whose argument names and types fit is taken. Where no signature can say it, `infer`
 * decides after a signature matched (its result type is then ignored).
 */
export interface OperatorDescriptor {
  /** `resource`: loaded once per worker (tokenizer, lines); `row`: works on streams (filter, explode, …). */
  readonly kind: "operator" | "resource" | "row";
  readonly name: string;
  /** The std module that lists it: "image", "text", "tensor", "row", … */
  readonly module: string;
  readonly summary: string;
  /** For `row` (filter, explode, …) the typing rule is the checker's own; the signature is for documentation. */
  readonly signatures: readonly string[];
  /** Signatures as an aggregate of `implode`, over a child's value: `max(x: float) -> float`. */
  readonly aggregates?: readonly string[];
  /** Values of parameters left out, by parameter name; a parameter without one and not `?` is required. */
  readonly defaults?: Readonly<Record<string, ConstantValue>>;
  readonly infer?: (call: OperatorCall) => OperatorResult;
  /** The same for the operator as an aggregate. */
  readonly inferAggregate?: (call: OperatorCall) => OperatorResult;
  /** Rough cost of one call, for the planner: CPU nanoseconds as a function of element counts. */
  readonly cost: OperatorCost;
  /** Whether the kernel returns a promise. */
  readonly async: boolean;
}

export interface OperatorCost {
  readonly fixedNs: number;
  readonly nsPerInputByte?: number;
  readonly nsPerOutputByte?: number;
}

/** A call whose arguments are already typed. `constant` is there when the value is known while compiling. */
export interface OperatorCall {
  readonly args: ReadonlyMap<string, { readonly type: ValueType; readonly constant?: ConstantValue }>;
  /**
   * A dimension that no other call shares. It has the bounds that the signature's `where` states for the name `hint`;
   * used only inside a list's element, each element has its own.
   */
  readonly freshDim: (hint: string) => Dim;
}

export type OperatorResult =
  | { readonly ok: true; readonly type: ValueType }
  /** `argument` names the parameter at fault; `reason` completes "because …". */
  | { readonly ok: false; readonly argument?: string; readonly reason: string };

/** A source (`read parquet(path) as Row`). */
export interface SourceDescriptor {
  readonly name: string;
  readonly summary: string;
  /** Parameters in the language's own syntax, e.g. `csv(path: uri, header: bool, separator: string) -> stream`. */
  readonly signature: string;
  readonly defaults?: Readonly<Record<string, ConstantValue>>;
  /** Fields the source offers whatever the data (`images`: path, bytes); absent where the data has columns. */
  readonly fixedFields?: readonly { readonly name: string; readonly type: ValueType }[];
  /** Why a field type cannot be read from this source, or undefined where it can. */
  readonly refuseField: (type: ValueType) => string | undefined;
}

/** A sink (`write rows to parquet(path)`). */
export interface SinkDescriptor {
  readonly name: string;
  readonly summary: string;
  readonly signature: string;
  readonly defaults?: Readonly<Record<string, ConstantValue>>;
  /** Whether it writes files whose names the run owns (staged, renamed when committed). */
  readonly files: boolean;
  readonly refuseField: (type: ValueType) => string | undefined;
}

export interface ModuleDescriptor {
  readonly name: string;
  readonly exports: ReadonlyMap<string, ModuleExport>;
}

export type ModuleExport =
  | { readonly kind: "operator"; readonly name: string }
  | { readonly kind: "value"; readonly value: ConstantValue; readonly summary: string };

export interface ModelRequest {
  /** The `.pipe` file that declares the model, as the user named it. */
  readonly fromFile: string;
  /** The path as written in `file:`. */
  readonly file: string;
}

export type ModelSignatureResult =
  | { readonly ok: true; readonly signature: ModelSignature }
  | { readonly ok: false; readonly code: "missing" | "unreadable"; readonly reason: string };

export interface ModelSignature {
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
  /** Bytes of weights, each initializer once; undefined where the reader does not know. */
  readonly weightBytes?: number;
  /**
   * Output shapes under given input shapes, where shape inference can tell: lets the checker prove what the
   * declaration says of outputs. Dimensions it cannot tell are fresh names.
   */
  readonly inferOutputs?: (inputs: ReadonlyMap<string, readonly Dim[]>) => ReadonlyMap<string, readonly Dim[]> | undefined;
  /**
   * Most bytes that one call holds at once beside its inputs and weights, in the names of the input shapes; undefined
   * where they do not decide it.
   */
  readonly activationBytes?: (inputs: ReadonlyMap<string, readonly Dim[]>) => Dim | undefined;
}

export interface ModelPort {
  readonly name: string;
  readonly kind: "tensor" | "sequence" | "map" | "optional";
  readonly dtype?: Dtype;
  /** A number, a symbol of the file, or undefined for a nameless dimension; undefined shape: unknown rank. */
  readonly shape?: readonly (number | string | undefined)[];
}
