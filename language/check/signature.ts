/**
 * What can be called: parameters with their patterns, a result, and what `where` says. Made from the declarations of
 * functions, externs and models and from the catalogue's signature texts, so that one rule types all calls.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { Span } from "../source/span.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Pattern } from "./pattern.ts";

export interface Signature {
  /** "function `f`", "operator `resize`", "model `vit`": for messages. */
  readonly title: string;
  readonly params: readonly SignatureParam[];
  readonly result: Pattern;
  /** Names that stand for dimensions; those no argument binds are fresh in each call. */
  readonly dimNames: ReadonlySet<string>;
  /** `int` parameters that a shape or a bound mentions: their arguments must be known while compiling. */
  readonly valueDims: ReadonlySet<string>;
  readonly bounds: readonly SignatureBound[];
  /** The signature as written, for operators of the catalogue. */
  readonly text?: string;
}

export interface SignatureParam {
  readonly name: string;
  readonly type: Pattern;
  readonly default?: ConstantValue;
  /** Where it is declared; undefined for the catalogue's. */
  readonly span?: Span;
}

/** `left <= right` or `left == right`. */
export interface SignatureBound {
  readonly op: "<=" | "==";
  readonly left: Dim;
  readonly right: Dim;
  readonly span?: Span;
}
