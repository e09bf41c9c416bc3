/** `zip(a, b)`: rows of one lineage side by side, aligned by row id. */
import type { RecordField } from "../catalog/value-type.ts";
import { streamCodes } from "../diagnostics/codes/streams.ts";
import { typeCodes } from "../diagnostics/codes/types.ts";
import type { Span } from "../source/span.ts";
import type { CallExpr } from "../syntax/ast.ts";
import { complain } from "./context.ts";
import { addStream, viewStream } from "./flow.ts";
import type { Flow, StreamView } from "./flow.ts";
import { checkStream } from "./streams.ts";

export function checkZip(flow: Flow, ast: CallExpr): number | undefined {
  const { cx } = flow.scope;
  const views: { view: StreamView; span: Span }[] = [];
  for (const arg of ast.args) {
    const id = checkStream(flow, arg.value);
    if (id !== undefined) views.push({ view: viewStream(flow, id), span: arg.span });
  }
  const [first, ...rest] = views;
  if (ast.args.length < 2) {
    complain(cx, typeCodes.missingArgument, { callee: "`zip`", names: "a second stream" }, { at: ast.span, reason: "`zip` puts the rows of two or more streams side by side" });
  }
  if (first === undefined) return undefined;
  for (const other of rest) compareLineage(flow, first, other);
  const fields = new Map<string, { field: RecordField; span: Span }>();
  const origins = new Map<string, ReadonlyMap<number, string>>();
  let open = views.length < ast.args.length;
  for (const { view, span } of views) {
    open ||= view.known.open;
    for (const field of view.row.fields) {
      const earlier = fields.get(field.name);
      if (earlier !== undefined) {
        complain(cx, typeCodes.duplicateField, { name: field.name }, {
          at: span, label: `has a field \`${field.name}\``, others: [{ span: earlier.span, text: "and so has this" }],
          reason: "the rows of all streams become one row",
          fix: { text: `leave it out of one of them, or rename it: \`|> { ${field.name}2: .${field.name} }\``, edits: [] },
        });
        continue;
      }
      fields.set(field.name, { field, span });
      const origin = view.known.origins.get(field.name);
      if (origin !== undefined) origins.set(field.name, origin);
    }
  }
  return addStream(flow, {
    kind: "zip", inputs: views.map(({ view }) => view.id), row: { kind: "record", fields: [...fields.values()].map((one) => one.field) },
    lineage: first.view.lineage, span: ast.span,
  }, { open, origins });
}

function compareLineage(flow: Flow, first: { view: StreamView; span: Span }, other: { view: StreamView; span: Span }): void {
  const [a, b] = [first.view.lineage, other.view.lineage];
  if (a.read < 0 || b.read < 0) return;
  if (a.read === b.read && a.explodes.join() === b.explodes.join()) return;
  const placeOf = (id: number | undefined): Span | undefined => (id === undefined ? undefined : flow.streams[id]?.span);
  const sources = a.read !== b.read;
  const [left, right] = sources ? [placeOf(a.read), placeOf(b.read)] : [placeOf(a.explodes.at(-1)), placeOf(b.explodes.at(-1))];
  const others = [
    ...(left === undefined ? [] : [{ span: left, text: sources ? "the rows of the first come from here" : "the first is exploded here" }]),
    ...(right === undefined ? [] : [{ span: right, text: sources ? "the rows of this one come from here" : "this one is exploded here" }]),
  ];
  complain(flow.scope.cx, streamCodes.zipLineage, {}, {
    at: other.span, others,
    reason: sources ? "`zip` aligns rows by where they come from, so all streams must start at one `read`" : "`zip` aligns rows by where they come from, so the same explodes must be open over all streams",
  });
}
