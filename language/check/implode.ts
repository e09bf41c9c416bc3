/** `implode(vec: mean(.vec), n: count())`: one row per parent again, closing the innermost explode. */
import type { RecordField, RecordType, ValueType } from "../catalog/value-type.ts";
import { nameCodes } from "../diagnostics/codes/names.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Argument, CallExpr } from "../syntax/ast.ts";
import type { Aggregate, Expr, Settings } from "./checked-program.ts";
import { complain } from "./context.ts";
import { chooseSignature } from "./expr-calls.ts";
import { checkExpr } from "./expr.ts";
import { inferResult } from "./infer-result.ts";
import { addStream, scopeOver, viewStream } from "./flow.ts";
import type { Flow, StreamKnown, StreamView } from "./flow.ts";
import { aggregatesOf } from "./operators.ts";
import { dimsOf, hasError } from "./pattern.ts";
import { namesIn } from "./read-type.ts";
import { unknownRows } from "./steps.ts";
import { showDim } from "./print-type.ts";

export function checkImplode(flow: Flow, view: StreamView, step: CallExpr, settings: Settings): number {
  const explode = view.lineage.explodes.at(-1);
  if (explode === undefined) {
    if (!view.known.open || view.lineage.read >= 0) {
      complain(flow.scope.cx, streamCodes.implodeOpen, {}, { at: step.span, reason: "`implode` closes an `explode`, and none is open over these rows" });
    }
    return unknownRows(flow, view, step.span);
  }
  const parentId = parentOf(flow, explode);
  const parent = viewStream(flow, parentId);
  const aggregates = step.args.flatMap((arg) => readAggregate(flow, view, parent, arg) ?? []);
  const names = new Set(aggregates.map((one) => one.name));
  const carried: RecordField[] = [];
  const lost = new Map(view.known.lost);
  const origins = new Map<string, ReadonlyMap<number, string>>();
  for (const field of view.row.fields) {
    if (names.has(field.name)) continue;
    const source = parent.row.fields.find((candidate) => candidate.name === field.name);
    if (view.known.origins.get(field.name)?.get(explode) === field.name && source !== undefined) {
      carried.push(source);
      origins.set(field.name, parent.known.origins.get(field.name) ?? new Map());
    } else lost.set(field.name, { span: step.span, text: `\`${field.name}\` differs from child to child and is not aggregated here` });
  }
  const row: RecordType = { kind: "record", fields: [...carried, ...aggregates.map((one) => ({ name: one.name, type: one.type }))] };
  const known: StreamKnown = { open: view.known.open || aggregates.length < step.args.length, origins, lost };
  return addStream(flow, {
    kind: "implode", input: view.id, aggregates, carried: carried.map((field) => field.name), row, settings, span: step.span,
    lineage: { ...view.lineage, explodes: view.lineage.explodes.slice(0, -1) },
  }, known);
}

function parentOf(flow: Flow, explode: number): number {
  const stream = flow.streams[explode];
  if (stream?.kind !== "explode") throw new Error(`stream ${explode} is no explode`);
  return stream.input;
}

function readAggregate(flow: Flow, view: StreamView, parent: StreamView, arg: Argument): Aggregate | undefined {
  const { cx, module } = flow.scope;
  if (arg.name === undefined || arg.value.kind !== "call") {
    if (arg.value.kind !== "missing") {
      complain(cx, streamCodes.aggregate, {}, { at: arg.span, reason: "each argument names a field and says how the children are folded: `implode(vec: mean(.vec), n: count())`" });
    }
    return undefined;
  }
  const { name } = arg.name;
  const call = arg.value;
  const { callee } = call;
  const operator = module.scope.has(callee.name) ? undefined : cx.catalog.operators.get(callee.name);
  const signatures = operator === undefined ? [] : aggregatesOf(cx, operator);
  if (operator === undefined || signatures.length === 0) {
    complainNoAggregate(flow, call);
    return undefined;
  }
  const scope = scopeOver(flow, view);
  const args = call.args.map((one) => ({ name: one.name, expr: checkExpr(scope, one.value) }));
  if (args.some((one) => hasError(one.expr.type))) return undefined;
  const chosen = chooseSignature(scope, signatures, args, call.span);
  if (!chosen.ok) {
    cx.diagnostics.push(chosen.diagnostic);
    return undefined;
  }
  chosen.result.commit();
  const [first] = chosen.signature.params;
  const rest: Record<string, Expr> = { ...chosen.result.args };
  const of = first === undefined ? undefined : rest[first.name];
  if (first !== undefined) delete rest[first.name];
  const { inferAggregate } = operator;
  const inferred = inferAggregate === undefined ? undefined : inferResult(scope, { ...operator, infer: inferAggregate }, chosen.signature, chosen.result, call.span);
  if (inferred !== undefined && !inferred.ok) {
    cx.diagnostics.push(inferred.diagnostic);
    return undefined;
  }
  const type = inferred?.type ?? chosen.result.type;
  if (!sameForAllChildren(flow, parent, type, call)) return undefined;
  return { name, operator: operator.name, args: rest, type, span: arg.span, ...(of === undefined ? {} : { of }) };
}

function complainNoAggregate(flow: Flow, call: CallExpr): void {
  const { cx, module } = flow.scope;
  const { name, span } = call.callee;
  if (name === "") return;
  const known = [...cx.catalog.operators.values()].filter((operator) => (operator.aggregates ?? []).length > 0).map((operator) => operator.name);
  const near = suggest(name, known);
  const fix = near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } };
  const reason = `the aggregates are ${known.map((one) => `\`${one}\``).join(", ")}`;
  if (module.scope.has(name) || cx.catalog.operators.has(name)) complain(cx, streamCodes.notAnAggregate, { name }, { at: span, reason, ...fix });
  else complain(cx, nameCodes.unknownOperator, { name }, { at: span, reason, ...fix });
}

/** Children are folded element by element, so their shapes must not differ. */
function sameForAllChildren(flow: Flow, parent: StreamView, type: ValueType, call: CallExpr): boolean {
  const known = namesIn([parent.row]);
  const varying = dimsOf(type).find((dim) => [...namesIn([{ kind: "tensor", dtype: "i64", shape: [dim] }])].some((name) => !known.has(name)));
  if (varying === undefined) return true;
  complain(flow.scope.cx, streamCodes.childShapes, { dim: showDim(varying) }, {
    at: call.span, reason: "the children of one row are folded element by element, so they must have one shape",
    fix: { text: "fold the dimension away first, such as with `mean(.x, axis: 0)`", edits: [] },
  });
  return false;
}

