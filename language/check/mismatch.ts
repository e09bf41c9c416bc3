/** Words for what did not fit: one place for the sentences about types and dimensions that disagree. */
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import { report } from "../diagnostics/diagnostic.ts";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Span } from "../source/span.ts";
import { unmarkName } from "./hygiene.ts";
import type { DimMismatch, Mismatch } from "./match.ts";
import { showDim } from "./print-type.ts";

export interface Expectation {
  /** "of parameter `x` of operator `resize`". */
  readonly reason?: string;
  /** Where the expectation comes from. */
  readonly declared?: { readonly span: Span; readonly text: string };
}

/** The diagnostic of a mismatch at `span`. */
export function mismatchDiagnostic(mismatch: Mismatch, span: Span, why: Expectation): Diagnostic {
  const others = why.declared === undefined ? [] : [why.declared];
  const reason = why.reason === undefined ? {} : { reason: why.reason };
  const place = { at: span, others, ...reason };
  switch (mismatch.kind) {
    case "type": {
      const wrap = stringToBytes(mismatch);
      return report(typeCodes.mismatch, mismatch, { ...place, label: `this is ${mismatch.found}`, ...(wrap === undefined ? {} : { fix: wrap }) });
    }
    case "dtype":
      return report(typeCodes.mismatch, mismatch, {
        ...place,
        label: `this is ${mismatch.found}`,
        fix: { text: `convert it: \`as ${scalarOr(mismatch)}\``, edits: [] },
      });
    case "null":
      return report(typeCodes.maybeNull, { found: mismatch.found }, {
        ...place,
        label: mismatch.found === "null" ? "this is null" : `this is ${mismatch.found}`,
        ...(mismatch.found === "null" ? {} : { fix: { text: "give a default with `??`, or test for `!= null` first", edits: [] } }),
      });
    case "rank":
      return report(dimCodes.rank, { expected: String(mismatch.expected), found: String(mismatch.found), expectedType: mismatch.expectedType }, {
        ...place, label: `this is ${mismatch.foundType}`,
      });
    case "inexact":
      return report(dimCodes.inexact, { name: unmarkName(mismatch.name), pattern: showDim(mismatch.pattern), found: showDim(mismatch.found) }, place);
    case "field":
      return report(typeCodes.lacksField, { name: mismatch.name, expected: mismatch.expected }, {
        ...place,
        label: mismatch.found.length === 0 ? "this has no fields" : `this has ${mismatch.found.map((name) => `\`${name}\``).join(", ")}`,
        ...fixOf(nearField(mismatch.name, mismatch.found)),
      });
    case "choice":
      return report(typeCodes.notAChoice, { value: mismatch.value, choices: mismatch.choices.map((text) => JSON.stringify(text)).join(", ") }, {
        ...place, ...fixOf(nearChoice(mismatch.value, mismatch.choices, span)),
      });
    case "literal":
      return report(typeCodes.literalDoesNotFit, { text: mismatch.text, dtype: mismatch.dtype }, { ...place, reason: mismatch.reason });
    case "dim":
      return dimDiagnostic(mismatch, span, why);
  }
}

function dimDiagnostic(mismatch: DimMismatch, span: Span, why: Expectation): Diagnostic {
  const others = mismatch.bound.map(({ name, at }) => ({ span: at.span, text: `\`${unmarkName(name)}\` is \`${showDim(at.dim)}\` by ${at.by}` }))
    .filter((other) => other.span.start !== span.start || other.span.end !== span.end);
  const [expected, found] = [showDim(mismatch.expected), showDim(mismatch.found)];
  const shown = showDim(mismatch.pattern) === expected ? "" : ` (\`${showDim(mismatch.pattern)}\` there)`;
  return report(dimCodes.disagree, { axis: mismatch.axis, expected, found }, {
    at: span,
    label: `this is ${mismatch.foundType}`,
    others: others.length > 0 ? others : why.declared === undefined ? [] : [why.declared],
    reason: `${why.reason === undefined ? "" : `${why.reason}: `}${mismatch.expectedType} is wanted${shown}, and \`${found}\` is not shown to equal \`${expected}\``,
    ...(/^\d+$/.test(found) && /^\d+$/.test(expected) ? {} : { fix: { text: `if every row has this shape, say so: \`as tensor<...>[...]\` checks it for each row`, edits: [] } }),
  });
}

function scalarOr(mismatch: Extract<Mismatch, { kind: "dtype" }>): string {
  return mismatch.wanted === "i64" ? "int" : mismatch.wanted === "f64" ? "float" : mismatch.wanted;
}

function stringToBytes(mismatch: Extract<Mismatch, { kind: "type" }>): Fix | undefined {
  return mismatch.expected === "string" && (mismatch.found === "int" || mismatch.found === "float")
    ? { text: "put it into a string: `\"{name}\"`", edits: [] }
    : undefined;
}

function nearField(name: string, found: readonly string[]): Fix | undefined {
  const near = suggest(name, found);
  return near === undefined ? undefined : { text: `\`${near}\` is near: rename it, or write \`${name}: .${near}\``, edits: [] };
}

function nearChoice(value: string, choices: readonly string[], span: Span): Fix | undefined {
  const near = suggest(value, choices);
  return near === undefined ? undefined : { text: `write \`"${near}"\``, edits: [{ span, replacement: `"${near}"` }] };
}

function fixOf(fix: Fix | undefined): { readonly fix?: Fix } {
  return fix === undefined ? {} : { fix };
}
