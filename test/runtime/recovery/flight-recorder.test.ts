/** What can be read of workers and processes that are gone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openCallRecord, readCallRecord } from "../../../runtime/recovery/call-record.ts";
import { CALL_WORDS, createCallWords, createHangClock } from "../../../runtime/recovery/call-words.ts";
import { openFlightRecorder, readFlights } from "../../../runtime/recovery/flight-recorder.ts";
import { callLimitMs } from "../../../runtime/stage/watched-session.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-flights-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the flight recorder", () => {
  const call = { kind: "run", step: 4, chunk: 70_000, split: 2, firstRow: 2 ** 40, rows: 12 } as const;

  it("tells the calls in flight of all workers, and no others", () => {
    const file = join(folder, "flights");
    const first = openFlightRecorder(file, 0, 0);
    const other = openFlightRecorder(file, 3, 1);
    const ended = first.begin({ ...call, step: 1 });
    other.begin(call);
    other.begin({ ...call, kind: "load", step: 5 });
    ended();
    const flights = readFlights(file);
    expect(flights.map(({ startedMs, ...flight }) => flight)).toEqual([
      { kind: "load", stage: 3, replica: 1, step: 5, chunk: 70_000, split: 2, firstRow: 2 ** 40, rows: 12 },
      { ...call, stage: 3, replica: 1 },
    ]);
    first.close();
    other.close();
  });

  it("has nothing to tell where there is no file", () => {
    expect(readFlights(join(folder, "none"))).toEqual([]);
  });

  it("goes on where more calls are in flight than it has slots for", () => {
    const file = join(folder, "many");
    const recorder = openFlightRecorder(file, 0, 0);
    const ends = Array.from({ length: 9 }, () => recorder.begin(call));
    for (const end of ends) end();
    expect(readFlights(file)).toEqual([]);
    recorder.begin(call);
    expect(readFlights(file)).toHaveLength(1);
    recorder.close();
  });
});

describe("the calls of a process", () => {
  it("can be read by another: the rows under way, and whether it gets on", () => {
    const file = join(folder, "calls");
    const watch = openCallRecord(file);
    const reader = readCallRecord(file);
    const ended = watch.rows?.(3, 8);
    const call = watch.call?.(200);
    watch.rows?.(9, 9);
    expect(reader?.rows()).toContainEqual({ first: 3, last: 8 });
    ended?.();
    expect(reader?.rows()).toEqual([{ first: 9, last: 9 }]);
    const [moves, open, limitMs] = reader?.words() ?? [];
    expect([open, limitMs]).toEqual([1, 200]);
    call?.ended();
    expect(reader?.words().slice(0, 2)).toEqual(Int32Array.of((moves ?? 0) + 1, 0));
    reader?.close();
  });

  it("cannot be read where there is no file", () => {
    expect(readCallRecord(join(folder, "none"))).toBeUndefined();
  });
});

describe("a hang", () => {
  const ticks = (clock: ReturnType<typeof createHangClock>, words: Int32Array, count: number): readonly (number | undefined)[] => Array.from({ length: count }, () => clock.look(words));

  it("is a call that is open while nothing begins or ends for longer than its limit", () => {
    const words = new Int32Array(CALL_WORDS);
    const begin = createCallWords(words);
    const clock = createHangClock(100);
    begin(300);
    expect(ticks(clock, words, 9).every((limit) => limit === undefined)).toBe(true);
    expect(clock.look(words)).toBe(300);
  });

  it("is not a call that ends, one among others that end, or no call at all", () => {
    const words = new Int32Array(CALL_WORDS);
    const begin = createCallWords(words);
    const clock = createHangClock(100);
    begin(300);
    for (let call = 0; call < 20; call++) {
      expect(clock.look(words)).toBeUndefined();
      begin(200).ended();
    }
    const other = new Int32Array(CALL_WORDS);
    createCallWords(other)(300).ended();
    expect(ticks(createHangClock(100), other, 50).every((limit) => limit === undefined)).toBe(true);
  });

  it("takes long to be told from other work where the calls that are open wait for something", () => {
    const words = new Int32Array(CALL_WORDS);
    const begin = createCallWords(words);
    const clock = createHangClock(100);
    begin(100).waits();
    begin(2000).waits();
    expect(ticks(clock, words, 300).every((limit) => limit === undefined)).toBe(true);
    expect(ticks(clock, words, 10).some((limit) => limit === 30_000)).toBe(true);
    begin(100);
    expect(ticks(createHangClock(100), words, 10).some((limit) => limit === 100)).toBe(true);
  });

  it("of a model is a hundred times what its calls take, and a minute at least", () => {
    expect(callLimitMs([5, 1, 3])).toBe(60_000);
    expect(callLimitMs([5000, 1000, 3000])).toBe(300_000);
  });
});
