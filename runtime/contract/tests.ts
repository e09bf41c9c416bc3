/** Test blocks as an emitted program holds them: rows given, expectations with both sides of a comparison. */
import type { Place } from "./program.ts";
import type { Row, Value } from "./value.ts";

export interface TestSpec {
  readonly name: string;
  readonly at: Place;
  /** The streams that the expectations look at, by pipeline. */
  readonly streams: Readonly<Record<string, readonly string[]>>;
  readonly givens: readonly { readonly pipeline: string; readonly stream: string; readonly rows: () => Promise<readonly Row[]> }[];
  readonly expects: readonly ExpectSpec[];
}

export interface ExpectSpec {
  /** As written. */
  readonly text: string;
  readonly at: Place;
  readonly holds: (context: TestContext) => Promise<Value>;
  /** Both sides, where it is a comparison. */
  readonly operator?: string;
  readonly left?: (context: TestContext) => Promise<Value>;
  readonly right?: (context: TestContext) => Promise<Value>;
}

export interface TestContext {
  readonly streams: (pipeline: string, stream: string) => Promise<readonly Row[]>;
  readonly snapshot: (name: string) => Value;
}

/** Ties the tests' closures to their types. */
export function defineTests(tests: readonly TestSpec[]): readonly TestSpec[] {
  return tests;
}

/** What came of one test: no faults, or where and how it failed. */
export interface TestReport {
  readonly name: string;
  readonly faults: readonly { readonly at: Place; readonly text: string }[];
  /** Values met where a snapshot was asked for, as JSON. */
  readonly snapshots: Readonly<Record<string, unknown>>;
}
