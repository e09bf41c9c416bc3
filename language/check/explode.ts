/** `explode(box: .boxes, score: .scores)`: one row per element; the elements' counts must be proved equal. */
import type { RecordField, RecordType, ValueType } from "../catalog/value-type.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { CallExpr } from "../syntax/ast.ts";
import type { Dim } from "../tensor/dim.ts";
import type { Expr, Settings } from "./checked-program.ts";
import { complain } from "./context.ts";
import { provedEqual, upperBound } from "./dim-scope.ts";
import { openElement } from "./expr-index.ts";
import { checkExpr, settle } from "./expr.ts";
import { addStream, scopeOver } from "./flow.ts";
import type { Flow, StreamView } from "./flow.ts";
import { hasError } from "./pattern.ts";
import { printType, showDim } from "./print-type.ts";

interface Exploded {
  readonly name: string;
  readonly value: Expr;
  readonly element: ValueType;
  /** How many: a dimension for tensors; lists only know a maximum. */
  readonly count: Dim | undefined;
  readonly countMax: number | undefined;
}

export function checkExplode(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const id = flow.streams.length;
  const exploded = readExploded(flow, view, step);
  const complete = exploded.length === step.args.length && step.args.length > 0;
  if (step.args.length === 0) {
    complain(flow.scope.cx, typeCodes.missingArgument, { callee: "`explode`", names: "a field" }, { at: step.span, reason: "name what each row becomes: `explode(box: .boxes)`" });
  }
  proveCounts(flow, exploded);
  const own = new Set(exploded.map((one) => one.name));
  const carried = view.row.fields.filter((field) => !own.has(field.name));
  const fields: RecordField[] = [...carried, ...exploded.map((one) => ({ name: one.name, type: one.element }))];
  const row: RecordType = { kind: "record", fields };
  const childrenMax = childrenMaxOf(flow, exploded, settings, step, complete);
  const origins = new Map(carried.map((field) => [field.name, new Map([...(view.known.origins.get(field.name) ?? []), [id, field.name]])]));
  return addStream(flow, {
    kind: "explode", input: view.id, fields: exploded.map(({ name, value }) => ({ name, value })), row, settings, span: step.span,
    lineage: { ...view.lineage, explodes: [...view.lineage.explodes, id] },
    ...(childrenMax === undefined ? {} : { childrenMax }),
  }, { open: view.known.open || !complete, origins, lost: view.known.lost });
}

function readExploded(flow: Flow, view: StreamView, step: CallExpr): readonly Exploded[] {
  const { cx } = flow.scope;
  const result: Exploded[] = [];
  for (const arg of step.args) {
    if (arg.name === undefined) {
      complain(cx, streamCodes.explodeName, {}, { at: arg.span, reason: "each child row needs a field to hold its element: `explode(box: .boxes)`" });
      continue;
    }
    const { name, span } = arg.name;
    const value = settle(flow.scope, checkExpr(scopeOver(flow, view), arg.value));
    if (hasError(value.type)) continue;
    if (result.some((one) => one.name === name)) {
      complain(cx, typeCodes.duplicateField, { name }, { at: span });
      continue;
    }
    const one = elementOf(flow, value);
    if (one === undefined) {
      complain(cx, streamCodes.explodeType, { found: printType(value.type) }, {
        at: arg.value.span, label: `this is ${printType(value.type)}`, reason: "`explode` takes lists, and tensors, whose first axis it goes along",
      });
      continue;
    }
    result.push({ name, value, ...one });
  }
  return result;
}

function elementOf(flow: Flow, value: Expr): Pick<Exploded, "element" | "count" | "countMax"> | undefined {
  const { type } = value;
  if (type.kind === "list") return { element: openElement(flow.scope.dims, type, value.span), count: undefined, countMax: type.lengthMax };
  const [count, ...shape] = type.kind === "tensor" ? type.shape : [];
  if (type.kind !== "tensor" || count === undefined) return undefined;
  const high = upperBound(flow.scope.dims, count);
  return { element: type.dtype === "string" && shape.length === 0 ? { kind: "string" } : { ...type, shape }, count, countMax: high === undefined ? undefined : Number(high) };
}

function proveCounts(flow: Flow, exploded: readonly Exploded[]): void {
  const [first, ...rest] = exploded;
  if (first === undefined) return;
  for (const other of rest) {
    const proved = first.count !== undefined && other.count !== undefined && provedEqual(flow.scope.dims, first.count, other.count);
    if (proved) continue;
    const describe = (one: Exploded): string => (one.count === undefined ? "a list of a length of its own" : `\`${showDim(one.count)}\` elements`);
    complain(flow.scope.cx, streamCodes.explodeCounts, { first: first.name, second: other.name }, {
      at: other.value.span, label: describe(other), others: [{ span: first.value.span, text: describe(first) }],
      reason: "each child row takes one element of each, so there must be equally many in every row",
      fix: { text: first.count === undefined || other.count === undefined ? "explode one list of records instead" : "narrow one of them with `as tensor<...>[...]`", edits: [] },
    });
  }
}

/** Memory is set aside for the children of one row, so there must be a most. */
function childrenMaxOf(flow: Flow, exploded: readonly Exploded[], settings: Settings, step: CallExpr, complete: boolean): number | undefined {
  const stated = settings["max"];
  if (stated?.kind === "constant" && stated.value.kind === "int") return Number(stated.value.value);
  const bounds = exploded.flatMap((one) => (one.countMax === undefined ? [] : [one.countMax]));
  if (bounds.length > 0) return Math.min(...bounds);
  const [first] = exploded;
  if (first === undefined || !complete) return undefined;
  complain(flow.scope.cx, streamCodes.explodeUnbounded, {}, {
    at: first.value.span, label: `this is ${printType(first.value.type)}, of any length`,
    reason: "the memory for the children of one row is set aside before the run",
    fix: { text: "state the most: `explode(...) with { max: 1000 }`; a row with more is a row error", edits: [{ span: { ...step.span, start: step.span.end }, replacement: " with { max: 1000 }" }] },
  });
  return undefined;
}
