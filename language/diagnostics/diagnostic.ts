/**
 * Diagnostics as data. A check names a code of the catalogue, gives the code's parameters and the places; the words
 * come from the catalogue. The terminal, `--json` and the language server render the same object, so it is plain JSON.
 */
import type { Span } from "../source/span.ts";

export type Severity = "error" | "warning" | "note";

export interface Label {
  readonly span: Span;
  readonly text: string;
  /** Exactly one label of a diagnostic is primary: the place to look at first. */
  readonly primary: boolean;
}

export interface Edit {
  readonly span: Span;
  readonly replacement: string;
}

export interface Fix {
  /** What applying the fix does, as an instruction: "write `pipeline`". */
  readonly text: string;
  /** Non-overlapping edits that carry it out; empty where only the user knows what to write. */
  readonly edits: readonly Edit[];
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly labels: readonly Label[];
  /** Why the compiler expected something else: "because model `vit` input `pixels` says ...". */
  readonly reason?: string;
  readonly fix?: Fix;
}

/** An entry of the catalogue. `Params` are what its message needs; a missing one does not compile. */
export interface Code<Params> {
  readonly code: string;
  readonly severity: Severity;
  /** A few words that name the problem in general, the title of its page. */
  readonly title: string;
  readonly message: (params: Params) => string;
}

/** Declares a code; the parameter type of `message` becomes the parameters `report` asks for. */
export function defineCode<Params>(entry: Code<Params>): Code<Params> {
  return entry;
}

export interface Place {
  /** The primary span. */
  readonly at: Span;
  /** What to write under the primary span; empty by default. */
  readonly label?: string;
  /** Secondary places, in the order to show them. */
  readonly others?: readonly { readonly span: Span; readonly text: string }[];
  readonly reason?: string;
  readonly fix?: Fix;
}

/** Makes a diagnostic: `report(codes.unknownName, { name }, { at: span, fix })`. */
export function report<Params>(code: Code<Params>, params: NoInfer<Params>, place: Place): Diagnostic {
  const others = (place.others ?? []).map((other) => ({ ...other, primary: false }));
  return {
    code: code.code,
    severity: code.severity,
    message: code.message(params),
    labels: [{ span: place.at, text: place.label ?? "", primary: true }, ...others],
    ...(place.reason === undefined ? {} : { reason: place.reason }),
    ...(place.fix === undefined ? {} : { fix: place.fix }),
  };
}

/** The primary label: where the problem is. */
export function primaryLabel(diagnostic: Diagnostic): Label | undefined {
  return diagnostic.labels.find((label) => label.primary);
}

/** True when at least one diagnostic is an error, so that the passes after must not run. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}
