/**
 * What all checks share: the program's names, the catalogue, the diagnostics so far and what is already known of each
 * declaration. The checker is pure: the context lives for one `checkProgram` and nothing else is mutable.
 */
import type { Catalog } from "../catalog/catalog.ts";
import type { RecordType, ValueType } from "../catalog/value-type.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Code, Diagnostic, Place } from "../diagnostics/diagnostic.ts";
import type { Declaration, ResolvedModule, ResolvedProgram } from "../names/resolved-program.ts";
import type { NewSymbol } from "../names/symbols.ts";
import type { Span } from "../source/span.ts";
import type { CheckedConstant, CheckedExtern, CheckedFunction, CheckedModel, CheckedParam, CheckedSecret, Expr } from "./checked-program.ts";
import type { DimScope } from "./dim-scope.ts";
import type { Signature } from "./signature.ts";

export interface CheckContext {
  readonly catalog: Catalog;
  readonly program: ResolvedProgram;
  readonly modules: ReadonlyMap<string, ResolvedModule>;
  readonly diagnostics: Diagnostic[];
  readonly newSymbol: NewSymbol;
  /** Values given at build, as text, by param name. */
  readonly buildParams: ReadonlyMap<string, string>;
  /** Declarations that something uses. */
  readonly used: Set<Declaration>;
  /** Streams that other statements of their pipeline read by name. */
  readonly usedLets: Set<Local>;
  /** Streams that tests give or look at. */
  readonly testedLets: Set<Local>;
  /** The params checked so far, by symbol. */
  readonly params: Map<string, CheckedParam>;
  /** The first place that needs a param's value at build, by symbol. */
  readonly fixedParams: Map<string, Span>;
  /** What is known of each declaration; `"busy"` while it is being checked, to find circles. */
  readonly known: Map<Declaration, Known | "busy">;
}

/** What checking a declaration found. `signature` is how it is called. */
export type Known =
  | { readonly kind: "param"; readonly param: CheckedParam }
  | { readonly kind: "secret"; readonly secret: CheckedSecret }
  | { readonly kind: "const"; readonly constant: KnownConstant }
  | { readonly kind: "record"; readonly type: RecordType; readonly dims: readonly string[] }
  | { readonly kind: "model"; readonly model: CheckedModel | undefined; readonly signature: Signature | undefined }
  | { readonly kind: "extern"; readonly extern: CheckedExtern; readonly signature: Signature }
  | { readonly kind: "fn"; readonly fn: CheckedFunction; readonly signature: Signature }
  | { readonly kind: "broken" };

export type KnownConstant =
  | { readonly kind: "checked"; readonly constant: CheckedConstant }
  /** Depends on params: its expression stands wherever it is used. */
  | { readonly kind: "inline"; readonly value: Expr };

/** What a name that is declared inside a function, pipeline or test means. */
export type Local =
  | { readonly kind: "value"; readonly symbol: string; readonly type: ValueType; readonly span: Span; readonly isParameter: boolean }
  | { readonly kind: "stream"; readonly stream: number | undefined; readonly span: Span };

/** The row that `.x` means. */
export interface RowScope {
  readonly type: RecordType;
  /** Fields that were there before and are gone, with the reason. */
  readonly lost: ReadonlyMap<string, { readonly span: Span; readonly text: string }>;
  /** An earlier mistake left some fields unknown: unknown names stay silent. */
  readonly open: boolean;
}

/** Where an expression stands. */
export interface Scope {
  readonly cx: CheckContext;
  readonly module: ResolvedModule;
  readonly dims: DimScope;
  readonly locals: ReadonlyMap<string, Local>;
  readonly row: RowScope | undefined;
  /** Paths such as `.title` or `x.y` that a test showed not to be null. */
  readonly notNull: ReadonlySet<string>;
  /** Models may be called here: in a pipeline's map, outside conditions. */
  readonly models: "allowed" | "conditional" | "forbidden";
  readonly test: TestScope | undefined;
  /** An `auth:` argument, the one place a secret may go. */
  readonly secrets: boolean;
}

/** What test blocks may use beyond other expressions. */
export interface TestScope {
  /** The streams of each pipeline by name; `open`: an earlier mistake left some of its fields unknown. */
  readonly streamOf: (pipeline: string, stream: string) => { readonly id: number; readonly row: RecordType; readonly open: boolean } | undefined;
  readonly pipelines: ReadonlyMap<string, readonly string[]>;
}

/** Adds a diagnostic. */
export function complain<Params>(cx: CheckContext, code: Code<Params>, params: NoInfer<Params>, place: Place): void {
  cx.diagnostics.push(report(code, params, place));
}

/** An expression that was reported already: agrees with everything. */
export function errorExpr(span: Span): Expr {
  return { kind: "constant", value: { kind: "null" }, type: { kind: "error" }, span };
}
