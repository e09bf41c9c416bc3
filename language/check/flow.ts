/**
 * The streams of one pipeline (or of a table's source) as they are checked: rows, lineage, and where each field came
 * from, which `implode` needs to know what a parent's row still holds.
 */
import type { RecordType } from "../catalog/value-type.ts";
import type { Span } from "../source/span.ts";
import type { Settings, Stream } from "./checked-program.ts";
import type { Scope } from "./context.ts";
import { rowScope } from "./scope.ts";

export interface Flow {
  /** The scope of expressions outside rows; `locals` grows with each `let`. */
  readonly scope: Scope;
  readonly streams: Stream[];
  readonly known: StreamKnown[];
}

export interface StreamKnown {
  /** An earlier mistake left some fields unknown. */
  readonly open: boolean;
  /** For each field: the explodes it came through unchanged, and its name in the row of the parent. */
  readonly origins: ReadonlyMap<string, ReadonlyMap<number, string>>;
  /** Fields that are gone, with the reason. */
  readonly lost: ReadonlyMap<string, { readonly span: Span; readonly text: string }>;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type NewStream = DistributiveOmit<Stream, "id" | "bytesMax" | "settings"> & { readonly settings?: Settings };

/** Adds a stream and gives its id. `bytesMax` is filled in when the pipeline is complete. */
export function addStream(flow: Flow, stream: NewStream, known: Partial<StreamKnown> = {}): number {
  const id = flow.streams.length;
  flow.streams.push({ ...stream, id, bytesMax: {}, settings: stream.settings ?? {} });
  flow.known.push({ open: known.open ?? false, origins: known.origins ?? new Map(), lost: known.lost ?? new Map() });
  return id;
}

export interface StreamView {
  readonly id: number;
  readonly row: RecordType;
  readonly lineage: Stream["lineage"];
  readonly known: StreamKnown;
}

/** What a step needs to know of the stream before it. */
export function viewStream(flow: Flow, id: number): StreamView {
  const stream = flow.streams[id];
  const known = flow.known[id];
  if (stream === undefined || known === undefined) throw new Error(`there is no stream ${id}`);
  return { id, row: stream.row, lineage: stream.lineage, known };
}

/** The scope of expressions over the rows of a stream. */
export function scopeOver(flow: Flow, view: StreamView, models: Scope["models"] = "forbidden"): Scope {
  return rowScope(flow.scope, view.row, models, view.known);
}

/** Puts settings on a stream that was just added. */
export function setStream(flow: Flow, id: number, change: { readonly settings?: Settings; readonly name?: string }): void {
  const stream = flow.streams[id];
  if (stream !== undefined) flow.streams[id] = { ...stream, ...change };
}
