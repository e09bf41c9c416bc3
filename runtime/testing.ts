/**
 * `pipec/testing`: runs an emitted program's test blocks in this process, with the interpreter. The parent sends the
 * snapshots and gets a report for each test.
 */
import { dirname } from "node:path";
import type { Program } from "./contract/define-program.ts";
import { errorWords } from "./contract/error-words.ts";
import { setProgramFolder } from "./contract/program-folder.ts";
import type { ExpectSpec, TestContext, TestReport, TestSpec } from "./contract/tests.ts";
import { valueFromJson, valueToJson } from "./contract/value-json.ts";
import type { Row, Value } from "./contract/value.ts";
import { interpretPipeline } from "./topology/interpret.ts";

interface Order {
  readonly snapshots: string;
  readonly update: boolean;
}

/** Waits for the order, runs the tests one after the other, reports and ends. */
export function runTests(program: Program, tests: readonly TestSpec[], ownFile: string): void {
  setProgramFolder(dirname(ownFile));
  process.once("message", (order: Order) => {
    void reportAll(program, tests, order).then((reports) => {
      process.send?.({ reports }, () => process.disconnect());
    });
  });
}

async function reportAll(program: Program, tests: readonly TestSpec[], order: Order): Promise<readonly TestReport[]> {
  const stored = new Map(Object.entries(JSON.parse(order.snapshots) as Readonly<Record<string, unknown>>));
  const reports: TestReport[] = [];
  for (const test of tests) reports.push(await reportOne(program, test, stored, order.update));
  return reports;
}

async function reportOne(program: Program, test: TestSpec, stored: ReadonlyMap<string, unknown>, update: boolean): Promise<TestReport> {
  const faults: { at: TestSpec["at"]; text: string }[] = [];
  const snapshots: Record<string, unknown> = {};
  const context = createContext(program, test, stored);
  for (const expect of test.expects) {
    try {
      const asked = update ? await snapshotOf(expect, context) : undefined;
      if (asked !== undefined) snapshots[asked.name] = valueToJson(asked.value);
      else if ((await expect.holds(context)) !== true) faults.push({ at: expect.at, text: await describe(expect, context) });
    } catch (error) {
      faults.push({ at: expect.at, text: `${expect.text}\n        ${errorWords(error)}` });
    }
  }
  return { name: test.name, faults, snapshots };
}

/** Runs each pipeline once, when one of its streams is first looked at. */
function createContext(program: Program, test: TestSpec, stored: ReadonlyMap<string, unknown>): TestContext {
  const runs = new Map<string, Promise<ReadonlyMap<string, readonly Row[]>>>();
  const start = async (pipeline: string): Promise<ReadonlyMap<string, readonly Row[]>> => {
    const given = new Map<string, readonly Row[]>();
    for (const { pipeline: owner, stream, rows } of test.givens) if (owner === pipeline) given.set(stream, await rows());
    return interpretPipeline(program, pipeline, { given, collect: test.streams[pipeline] ?? [] });
  };
  return {
    streams: async (pipeline, stream) => {
      const run = runs.get(pipeline) ?? start(pipeline);
      runs.set(pipeline, run);
      return (await run).get(stream) ?? [];
    },
    snapshot: (name) => {
      if (!stored.has(name)) throw new Error(`there is no snapshot "${name}" yet: run \`pipec test --update\``);
      return valueFromJson(stored.get(name));
    },
  };
}

/** For `x == snapshot("name")`: the name and the value of x. */
async function snapshotOf(expect: ExpectSpec, context: TestContext): Promise<{ readonly name: string; readonly value: Value } | undefined> {
  if (expect.operator !== "==" || expect.left === undefined || expect.right === undefined) return undefined;
  for (const [side, other] of [[expect.right, expect.left], [expect.left, expect.right]] as const) {
    let name: string | undefined;
    await side({ ...context, snapshot: (asked) => ((name = asked), null) });
    if (name !== undefined) return { name, value: await other(context) };
  }
  return undefined;
}

async function describe(expect: ExpectSpec, context: TestContext): Promise<string> {
  if (expect.left === undefined || expect.right === undefined) return `${expect.text} does not hold`;
  const [left, right] = [await expect.left(context), await expect.right(context)];
  return `${expect.text}\n        left:  ${show(left)}\n        right: ${show(right)}`;
}

function show(value: Value): string {
  const text = typeof value === "bigint" ? String(value) : JSON.stringify(valueToJson(value));
  return text.length > 400 ? `${text.slice(0, 400)} …` : text;
}
