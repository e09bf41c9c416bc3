/** What a name in a dimension means: a constant or param of the file, else a dimension name of its own. */
import { dimCodes } from "../diagnostics/codes/dims.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { describeDeclaration } from "../names/resolved-program.ts";
import type { ResolvedModule } from "../names/resolved-program.ts";
import type { Span } from "../source/span.ts";
import { dimOf } from "../tensor/dim.ts";
import type { Dim } from "../tensor/dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import type { LookupDim } from "./dim-expr.ts";
import { namedConstant } from "./named-constant.ts";

/** `onName` decides about names that are no constant; `batch` allows `N`, the batch axis of models. */
export function dimLookup(
  cx: CheckContext, module: ResolvedModule | undefined, onName: (name: string, span: Span) => Dim | undefined, batch = false,
): LookupDim {
  return (name, span) => {
    const found = module?.scope.get(name);
    if (found !== undefined && (found.kind === "const" || found.kind === "param" || found.kind === "value" || found.kind === "broken")) {
      cx.used.add(found);
      const constant = namedConstant(cx, found, span);
      if (constant === undefined) return undefined;
      if (constant.kind === "int" && constant.value >= 0n) return dimOf(constant.value);
      complain(cx, dimCodes.badDimension, {}, {
        at: span, reason: `\`${name}\` is ${describeDeclaration(found.kind)}, and its value is no integer >= 0`,
        others: [{ span: found.span, text: "declared here" }],
      });
      return undefined;
    }
    if (found !== undefined && found.kind !== "record" && found.kind !== "model" && found.kind !== "fn" && found.kind !== "extern" && found.kind !== "pipeline") {
      complain(cx, nameCodes.wrongKind, { name, found: describeDeclaration(found.kind), wanted: "a dimension" }, {
        at: span, others: [{ span: found.span, text: "declared here" }],
      });
      return undefined;
    }
    if (name === "N" && !batch && module !== undefined) {
      complain(cx, dimCodes.batchName, {}, {
        at: span,
        reason: "`N` is the batch axis of models; the values of a row never have it",
        fix: { text: "leave the axis out, or give the dimension another name", edits: [] },
      });
      return undefined;
    }
    return onName(name, span);
  };
}
