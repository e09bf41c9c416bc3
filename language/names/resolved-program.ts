/**
 * What the names pass gives: every file of the program with the names its text may use. Invariants: `modules` starts
 * with the main file, each file stands once, in order of first mention; a scope holds one declaration per name, and a
 * name whose import failed is bound to `broken`, so that its uses are not reported again.
 */
import type { ConstantValue } from "../catalog/constant-value.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";
import type {
  ConstItem, ExternItem, FnItem, ModelItem, ParamItem, PipelineAst, PipelineItem, RecordItem, SecretItem, TestItem,
} from "../syntax/ast.ts";

export interface ResolvedProgram {
  readonly phase: "resolved";
  readonly modules: readonly ResolvedModule[];
}

export interface ResolvedModule {
  readonly source: SourceFile;
  readonly ast: PipelineAst;
  /** What this file declares, in order of the text. */
  readonly declarations: readonly Declaration[];
  readonly tests: readonly TestItem[];
  /** What a name means in this file: its own items and its imports. */
  readonly scope: ReadonlyMap<string, Declaration>;
  readonly imports: readonly ImportBinding[];
}

/** A name that an `import` binds in a file; kept so that unused ones can be reported. */
export interface ImportBinding {
  readonly name: string;
  readonly span: Span;
  readonly declaration: Declaration;
}

interface DeclarationOf<Kind extends string, Item> {
  readonly kind: Kind;
  readonly name: string;
  readonly span: Span;
  /** The path of the declaring file. */
  readonly file: string;
  readonly item: Item;
}

export type Declaration =
  | DeclarationOf<"param", ParamItem>
  | DeclarationOf<"secret", SecretItem>
  | DeclarationOf<"const", ConstItem>
  | DeclarationOf<"record", RecordItem>
  | DeclarationOf<"model", ModelItem>
  | DeclarationOf<"extern", ExternItem>
  | DeclarationOf<"fn", FnItem>
  | DeclarationOf<"pipeline", PipelineItem>
  /** From a `std/…` module. */
  | { readonly kind: "operator"; readonly name: string; readonly span: Span }
  | { readonly kind: "value"; readonly name: string; readonly span: Span; readonly value: ConstantValue }
  | { readonly kind: "broken"; readonly name: string; readonly span: Span };

/** "a model", "a record": for messages. */
export function describeDeclaration(kind: Declaration["kind"]): string {
  switch (kind) {
    case "param": return "a param";
    case "secret": return "a secret";
    case "const": return "a constant";
    case "record": return "a record type";
    case "model": return "a model";
    case "extern": return "an extern function";
    case "fn": return "a function";
    case "pipeline": return "a pipeline";
    case "operator": return "an operator";
    case "value": return "a value of the standard library";
    case "broken": return "a name whose import failed";
  }
}
