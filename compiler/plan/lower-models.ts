/**
 * Takes the model calls out of a map: map (arguments that must be computed) -> model -> … -> map (the rest). Equal
 * calls are made once. Maps that would only hand columns on are left out: the model step carries columns itself and
 * names its outputs as the record wants them.
 */
import type { RecordType, ValueType } from "../../language/catalog/value-type.ts";
import type { CheckedModel, CheckedProgram, Expr, RecordEntry, Settings, Stream } from "../../language/check/checked-program.ts";
import type { StepList } from "./lower.ts";
import type { ModelStep } from "./lowered-program.ts";
import { hasKind, mapEntries, mapParts } from "./walk-expr.ts";

type MapStream = Extract<Stream, { kind: "map" }>;
type ModelExpr = Extract<Expr, { kind: "model" }>;

const MODEL: ReadonlySet<Expr["kind"]> = new Set(["model"]);

export function hasModelCall(expr: Expr): boolean {
  return hasKind(expr, MODEL);
}

/** One model call taken out: where its arguments come from and where its outputs go. */
interface Call {
  readonly expr: ModelExpr;
  readonly model: CheckedModel;
  /** Calls whose outputs its arguments read come in earlier levels. */
  readonly level: number;
  /** Arguments with inner calls already replaced by fields. */
  readonly args: readonly Expr[];
  readonly inputs: readonly { readonly port: string; readonly column: string }[];
  readonly computed: readonly { readonly name: string; readonly value: Expr }[];
  readonly constants: ModelStep["constants"];
  readonly outputs: ReadonlyMap<string, { readonly column: string; readonly type: ValueType; readonly port: string }>;
}

/** Lowers a map that calls models; returns the step that gives the map's rows. */
export function lowerModelMap(checked: CheckedProgram, stream: MapStream, from: { readonly step: number; readonly row: RecordType }, list: StepList): number {
  const taken = new Set([...from.row.fields, ...stream.row.fields].map((field) => field.name));
  const calls: Call[] = [];
  const bare = bareSpreads(stream);
  const entries = mapEntries(stream.record, (value) => extract(checked, value, calls, { taken, bare, row: from.row })).flatMap(flattenModelSpread);
  return placeCalls(stream, from, list, calls, entries);
}

interface ExtractContext {
  readonly taken: Set<string>;
  /** Calls spread directly into the row: their outputs may have their own names at once. */
  readonly bare: ReadonlyMap<ModelExpr, ReadonlySet<string>>;
  readonly row: RecordType;
}

/** Direct `..model(…)` entries, with the fields each gives to the row, if no later entry overrides them. */
function bareSpreads(stream: MapStream): ReadonlyMap<ModelExpr, ReadonlySet<string>> {
  const bare = new Map<ModelExpr, ReadonlySet<string>>();
  for (const entry of stream.record) {
    if (entry.kind === "spread" && entry.value.kind === "model") bare.set(entry.value, new Set(entry.fields));
  }
  return bare;
}

/** The expression with every model call replaced by a record of the columns that its step adds. */
function extract(checked: CheckedProgram, expr: Expr, calls: Call[], cx: ExtractContext): Expr {
  const inner = mapParts(expr, (part) => extract(checked, part, calls, cx));
  if (inner.kind === "member" && inner.value.kind === "record") return selected(inner, inner.value.entries, inner.name) ?? inner;
  if (inner.kind !== "model") return inner;
  const call = knownCall(calls, inner) ?? addCall(checked, inner, calls, cx, expr.kind === "model" ? cx.bare.get(expr) : undefined);
  const fields = [...call.outputs].map(([name, output]): RecordEntry => ({ kind: "field", name, value: columnOf(output.column, output.type, expr) }));
  return { kind: "record", entries: fields, type: expr.type, span: expr.span };
}

/** `{ a: x, … }.a` where the record was made here: just x. */
function selected(member: Expr, entries: readonly RecordEntry[], name: string): Expr | undefined {
  const entry = entries.find((candidate) => candidate.kind === "field" && candidate.name === name);
  return entry === undefined || entry.value.kind !== "field" ? undefined : { ...entry.value, span: member.span };
}

function columnOf(name: string, type: ValueType, at: Expr): Expr {
  return { kind: "field", name, type, span: at.span };
}

function knownCall(calls: readonly Call[], expr: ModelExpr): Call | undefined {
  const wanted = fingerprint(expr.args);
  return calls.find((call) => call.expr.symbol === expr.symbol && fingerprint(call.args) === wanted);
}

/** Equal for expressions of equal meaning in the same row: everything but places and types. */
function fingerprint(args: readonly Expr[]): string {
  return JSON.stringify(args, (key, value: unknown) => (key === "span" || key === "type" ? undefined : typeof value === "bigint" ? `${value}n` : value));
}

function addCall(checked: CheckedProgram, expr: ModelExpr, calls: Call[], cx: ExtractContext, bare: ReadonlySet<string> | undefined): Call {
  const model = checked.models.find((candidate) => candidate.symbol === expr.symbol);
  if (model === undefined) throw new Error(`model ${expr.symbol} is not in the program`);
  const inputs: { port: string; column: string }[] = [];
  const computed: { name: string; value: Expr }[] = [];
  const constants: { port: string; value: Expr }[] = [];
  model.inputs.forEach((input, index) => {
    const arg = expr.args[index];
    if (arg === undefined) throw new Error(`call of model ${model.name} lacks the argument ${input.name}`);
    if (model.batched && input.batchAxis === undefined) constants.push({ port: input.port, value: arg });
    else if (arg.kind === "field") inputs.push({ port: input.port, column: arg.name });
    else {
      const column = freshName(cx.taken, `${model.name}_${input.name}`);
      computed.push({ name: column, value: arg });
      inputs.push({ port: input.port, column });
    }
  });
  const ownNames = new Set(cx.row.fields.map((field) => field.name));
  const outputs = new Map(
    model.outputs.map((output) => {
      const mayKeep = bare?.has(output.name) === true && !ownNames.has(output.name);
      const column = mayKeep ? output.name : freshName(cx.taken, `${model.name}_${output.name}`);
      return [output.name, { column, type: outputType(expr.type, output.name), port: output.port }];
    }),
  );
  const call = { expr, model, level: levelOf(expr.args, calls), args: expr.args, inputs, computed, constants, outputs };
  calls.push(call);
  return call;
}

function outputType(result: ValueType, name: string): ValueType {
  const field = result.kind === "record" ? result.fields.find((candidate) => candidate.name === name) : undefined;
  if (field === undefined) throw new Error(`a model call's type has no field ${name}`);
  return field.type;
}

/** 1 more than the highest level of the calls whose columns the arguments read. */
function levelOf(args: readonly Expr[], calls: readonly Call[]): number {
  const reads = (call: Call): boolean => args.some((arg) => readsAny(arg, new Set([...call.outputs.values()].map((output) => output.column))));
  return Math.max(0, ...calls.filter(reads).map((call) => call.level + 1));
}

function readsAny(expr: Expr, columns: ReadonlySet<string>): boolean {
  let found = expr.kind === "field" && columns.has(expr.name);
  mapParts(expr, (part) => {
    found ||= readsAny(part, columns);
    return part;
  });
  return found;
}

function freshName(taken: Set<string>, hint: string): string {
  let name = hint;
  for (let i = 2; taken.has(name); i++) name = `${hint}_${i}`;
  taken.add(name);
  return name;
}

/** A spread of a record made here becomes its fields, so that they can be told apart as columns. */
function flattenModelSpread(entry: RecordEntry): readonly RecordEntry[] {
  if (entry.kind !== "spread" || entry.value.kind !== "record") return [entry];
  const wanted = new Set(entry.fields);
  const fields = entry.value.entries;
  if (!fields.every((field) => field.kind === "field")) return [entry];
  return fields.filter((field) => wanted.has(field.name));
}

function placeCalls(stream: MapStream, from: { readonly step: number; readonly row: RecordType }, list: StepList, calls: readonly Call[], entries: readonly RecordEntry[]): number {
  let current = from.step;
  let row = from.row;
  const levels = Math.max(...calls.map((call) => call.level)) + 1;
  const last = calls.toSorted((a, b) => a.level - b.level).at(-1);
  const needsRest = !entries.every(isPassed);
  const settings = settingsOfParts(stream.settings);
  for (let level = 0; level < levels; level++) {
    const here = calls.filter((call) => call.level === level);
    const computed = here.flatMap((call) => call.computed);
    if (computed.length > 0) {
      const kept = row.fields.map((field): RecordEntry => ({ kind: "field", name: field.name, value: { kind: "field", name: field.name, type: field.type, span: stream.span } }));
      const added = computed.map(({ name, value }): RecordEntry => ({ kind: "field", name, value }));
      row = { kind: "record", fields: [...row.fields, ...computed.map(({ name, value }) => ({ name, type: value.type }))] };
      current = list.add({ kind: "map", input: current, entries: [...kept, ...added], row, settings: settings.maps, span: stream.span }, `${here[0]?.model.name ?? "model"}_inputs`);
    }
    for (const call of here) {
      const isLast = call === last && !needsRest;
      const outputs = [...call.outputs.values()].map(({ port, column }) => ({ port, column }));
      const carried = row.fields.map((field) => field.name);
      row = { kind: "record", fields: [...row.fields, ...[...call.outputs.values()].map(({ column, type }) => ({ name: column, type }))] };
      const named = isLast && stream.name !== undefined ? { name: stream.name } : {};
      const { model, inputs, constants } = call;
      current = list.add({ ...named, kind: "model", input: current, model: model.symbol, inputs, constants, outputs, carried, row: isLast ? stream.row : row, settings: settings.models, span: stream.span }, model.name);
    }
  }
  if (!needsRest) return current;
  const named = stream.name === undefined ? {} : { name: stream.name };
  return list.add({ ...named, kind: "map", input: current, entries, row: stream.row, settings: settings.maps, span: stream.span }, "map");
}

/** A field handed on under its own name. */
function isPassed(entry: RecordEntry): boolean {
  return entry.kind === "field" && entry.value.kind === "field" && entry.value.name === entry.name;
}

/** `workers` and `timeout` speak of the map's own computing, everything else of its models. */
function settingsOfParts(settings: Settings): { readonly maps: Settings; readonly models: Settings } {
  const { workers, timeout, ...models } = settings;
  return { maps: { ...(workers === undefined ? {} : { workers }), ...(timeout === undefined ? {} : { timeout }) }, models };
}
