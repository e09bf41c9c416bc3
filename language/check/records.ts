/** Record declarations: their fields, and the dimension names that each row has its own values of. */
import type { RecordType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import type { Declaration } from "../names/resolved-program.ts";
import { dimName } from "../tensor/dim.ts";
import { complain } from "./context.ts";
import type { CheckContext } from "./context.ts";
import { dimLookup } from "./dim-lookup.ts";
import { asValueType, bindElementDims, namesIn, readFields } from "./read-type.ts";
import { unionOf, without } from "./sets.ts";

export interface KnownRecord {
  readonly type: RecordType;
  readonly dims: readonly string[];
}

/** The type of a record declaration; a record that holds itself is reported. */
export function recordOf(cx: CheckContext, declaration: Extract<Declaration, { kind: "record" }>): KnownRecord {
  const known = cx.known.get(declaration);
  if (known !== undefined && known !== "busy") return known.kind === "record" ? known : { type: { kind: "record", fields: [] }, dims: [] };
  if (known === "busy") {
    complain(cx, nameCodes.circular, { name: declaration.name, what: "record" }, {
      at: declaration.span, reason: "a record cannot hold itself: its values would have no end",
    });
    return { type: { kind: "record", fields: [] }, dims: [] };
  }
  cx.known.set(declaration, "busy");
  const record = readRecord(cx, declaration);
  cx.known.set(declaration, { kind: "record", ...record });
  return record;
}

function readRecord(cx: CheckContext, declaration: Extract<Declaration, { kind: "record" }>): KnownRecord {
  const module = cx.modules.get(declaration.file);
  const dims = new Set<string>();
  const lookupDim = dimLookup(cx, module, (name) => {
    dims.add(name);
    return dimName(name);
  });
  const recordDim = (hint: string): ReturnType<typeof dimName> => {
    let name = hint;
    for (let i = 2; dims.has(name); i++) name = `${hint}_${i}`;
    dims.add(name);
    return dimName(name);
  };
  const fields = readFields({ cx, module, lookupDim, recordDim, stringTensors: false }, declaration.item.fields);
  const pattern = bindElementDims({ kind: "record", name: declaration.name, fields }, new Set());
  const type = asValueType(pattern);
  const inner = type?.kind === "record" ? type : { kind: "record" as const, fields: [] };
  const free = without(namesIn([inner]), elementDimsIn(pattern));
  return { type: inner, dims: [...free] };
}

function elementDimsIn(pattern: ReturnType<typeof bindElementDims>): Set<string> {
  switch (pattern.kind) {
    case "optional": return elementDimsIn(pattern.inner);
    case "record": return pattern.fields.reduce((all, field) => unionOf(all, elementDimsIn(field.type)), new Set<string>());
    case "list": return unionOf(pattern.elementDims ?? [], elementDimsIn(pattern.element));
    default: return new Set();
  }
}
