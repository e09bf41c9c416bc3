/** Metrics, trace, timeline and report: readers of one stream of events. */
import { get } from "node:http";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { renderMetrics } from "../../../runtime/telemetry/metrics.ts";
import { parseMetricsAddress, serveMetrics } from "../../../runtime/telemetry/metrics-server.ts";
import { renderReport } from "../../../runtime/telemetry/report/render-report.ts";
import type { ReportData } from "../../../runtime/telemetry/report/report-data.ts";
import type { RunEvent } from "../../../runtime/telemetry/run-event.ts";
import { createRunState, foldEvent } from "../../../runtime/telemetry/run-state.ts";
import { createRunTimeline } from "../../../runtime/telemetry/run-timeline.ts";
import type { RunTimeline } from "../../../runtime/telemetry/run-timeline.ts";
import { openTrace } from "../../../runtime/telemetry/trace.ts";
import { readPastRuns } from "../../../runtime/contract/past-run.ts";

const at = { file: "job.pipe", line: 7, column: 3 };
const events: readonly RunEvent[] = [
  { atMs: 0, kind: "stageStarted", stage: 0, replica: 0, incarnation: 0 },
  { atMs: 20, kind: "stageReady", stage: 0, replica: 0, loadMs: 20 },
  { atMs: 500, kind: "chunkDone", stage: 0, replica: 0, chunk: 0, part: 0, isLast: true, rowsIn: 10, rowsOut: 9, failed: 1, busyMs: 450 },
  { atMs: 510, kind: "sample", edges: [{ held: 1, capacity: 4, bytes: 128 }], inFlight: [2], coresInUse: 1, cpuMs: 400, overMs: 500, residentBytes: 2 ** 20 },
  { atMs: 520, kind: "sinkDone", sink: 0, chunk: 0, rows: 9, busyMs: 5 },
  { atMs: 521, kind: "rowsDone", rows: 10 },
  { atMs: 522, kind: "rowsFailed", chunk: 0, count: 1, samples: [{ where: "a.jsonl, line 4", message: "no <image>", step: "pixels", at }] },
  { atMs: 530, kind: "commit", group: 0, rows: 9, dead: 1, files: 1 },
  { atMs: 540, kind: "decision", stage: 0, from: 1, to: 2, reason: "gains more than it costs", figures: { periodMs: 45 } },
];
const subject = { pipeline: "job", stages: ["decode"], sinks: ["jsonl 1"], edges: ["decode → jsonl 1"] };

function folded() {
  const state = createRunState(1, 1);
  for (const event of events) foldEvent(state, event);
  return state;
}

test("metrics", () => {
  const text = renderMetrics({ program: "job.pipe", ...subject, stages: ['dec"ode'] }, folded(), 1500);
  expect(text).toContain('pipec_rows_done_total{program="job.pipe",pipeline="job"} 10\n');
  expect(text).toContain('pipec_stage_busy_seconds_total{program="job.pipe",pipeline="job",stage="dec\\"ode"} 0.45\n');
  expect(text).toContain('pipec_edge_chunks{program="job.pipe",pipeline="job",edge="decode → jsonl 1"} 1\n');
  expect(text).toContain('pipec_cpu_seconds_total{program="job.pipe",pipeline="job"} 0.4\n');
  expect(text).toContain("# TYPE pipec_stage_replicas gauge\n");
  for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(# (HELP|TYPE) pipec_[a-z_]+ .+|pipec_[a-z_]+\{.+\} [\d.]+)$/);
});

describe("serving metrics", () => {
  test("addresses", () => {
    expect(parseMetricsAddress(":9464")).toEqual({ host: undefined, port: 9464 });
    expect(parseMetricsAddress("9464")).toEqual({ host: undefined, port: 9464 });
    expect(parseMetricsAddress("0.0.0.0:9464")).toEqual({ host: "0.0.0.0", port: 9464 });
    expect(parseMetricsAddress("[::1]:9464")).toEqual({ host: "::1", port: 9464 });
    expect(parseMetricsAddress("here")).toBeUndefined();
    expect(parseMetricsAddress(":70000")).toBeUndefined();
  });

  test("over HTTP, and an address that is taken", async () => {
    const server = await serveMetrics({ host: undefined, port: 0 }, () => "pipec_x 1\n");
    const fetchText = (path: string): Promise<string> => new Promise((resolve, reject) => {
      get({ port: server.port, path, agent: false }, (response) => {
        let text = `${response.statusCode} `;
        response.on("data", (part: Buffer) => (text += part.toString())).on("end", () => resolve(text));
      }).on("error", reject);
    });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/metrics`);
    expect(await fetchText("/metrics")).toBe("200 pipec_x 1\n");
    expect(await fetchText("/")).toBe("404 metrics are at /metrics\n");
    await expect(serveMetrics({ host: undefined, port: server.port }, () => "")).rejects.toMatchObject({ code: "R0180" });
    server.close();
  });
});

test("an address with colons of its own stands in brackets", async () => {
  const server = serveMetrics({ host: "::1", port: 0 }, () => "");
  // Not every machine has IPv6; the message has the address, too.
  const said = await server.then(({ url }) => url, (error: unknown) => String(error));
  expect(said).toMatch(/(^http:\/\/|at )\[::1\]:\d+(\/metrics$|: )/);
  await server.then(({ close }) => close(), () => {});
});

test("a trace is JSON with a span for each chunk", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipec-trace-"));
  const file = join(folder, "run.json");
  const trace = openTrace(file, subject);
  for (const event of events) trace.add(event);
  trace.close();
  const records: { readonly name: string; readonly ph: string; readonly ts: number; readonly dur?: number }[] = JSON.parse(readFileSync(file, "utf8"));
  expect(records).toContainEqual({ name: "chunk 0", ph: "X", ts: 50_000, dur: 450_000, pid: 1, tid: 1000, args: { rowsIn: 10, rowsOut: 9, failed: 1 } });
  expect(records.filter((record) => record.ph === "i").map((record) => record.name)).toEqual(["1 rows failed", "commit of group 0", "decode: 1 to 2 replicas"]);
  rmSync(folder, { recursive: true });
  expect(() => openTrace(join(folder, "gone", "run.json"), subject)).toThrow(/cannot be written/);
});

test("a trace goes on behind what an engine that died has left, torn or whole", () => {
  const folder = mkdtempSync(join(tmpdir(), "pipec-trace-"));
  const file = join(folder, "run.json");
  const first = openTrace(file, subject);
  for (const event of events) first.add({ ...event, atMs: event.atMs + 2000 });
  const whole = readFileSync(file, "utf8");
  expect(whole).not.toBe("");
  const spans = (text: string): number => {
    writeFileSync(file, text);
    const next = openTrace(file, subject, true);
    for (const event of events) next.add(event);
    next.close();
    const records: readonly { readonly ph: string }[] = JSON.parse(readFileSync(file, "utf8"));
    return records.filter(({ ph }) => ph === "X").length;
  };
  const own = spans("");
  // The last record is given up where it is torn; whole ones stay.
  expect([spans("["), spans('[\n{"na')]).toEqual([own, own]);
  const span = '{"name":"a","ph":"X","ts":1,"pid":1,"tid":1}';
  expect([spans(`[\n${span},\n${span}`), spans(`[\n${span},\n${span.slice(0, 9)}`)]).toEqual([own + 2, own + 1]);
  rmSync(folder, { recursive: true });
});

test("rows of an engine that died count as far as they are committed", () => {
  const state = createRunState(1, 1);
  for (const event of [...events, { atMs: 600, kind: "rowsDone", rows: 10 } as const, { atMs: 700, kind: "restart", what: "engine", incarnation: 1, reason: "killed" } as const]) foldEvent(state, event);
  expect(state).toMatchObject({ rowsDone: 9, rowsFailed: 1, commits: 1, restarts: 1, stages: [{ replicas: 0, busyMs: 450 }] });
  foldEvent(state, { atMs: 800, kind: "rowsFailed", chunk: 0, count: 1, samples: [{ where: "a.jsonl, line 4", message: "no <image>", step: "pixels", at }] });
  expect(state.samples).toHaveLength(1);
});

test.skipIf(!existsSync("/dev/full"))("a trace that cannot be written on says so once, and the run goes on", () => {
  const said: string[] = [];
  const complain = vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const trace = openTrace("/dev/full", subject);
  for (let round = 0; round < 200; round++) for (const event of events) trace.add(event);
  trace.close();
  complain.mockRestore();
  expect(said).toEqual([expect.stringMatching(/^the trace \/dev\/full ends here, it could not be written: ENOSPC/)]);
});

test("workers that come count when they are ready, those that go at once", () => {
  const state = createRunState(1, 1);
  const replicas = (event: RunEvent): number => {
    foldEvent(state, event);
    return state.stages[0].replicas;
  };
  const decision = { kind: "decision", stage: 0, reason: "", figures: {} } as const;
  expect(replicas({ atMs: 1, kind: "stageReady", stage: 0, replica: 0, loadMs: 5 })).toBe(1);
  expect(replicas({ atMs: 2, ...decision, from: 1, to: 2 })).toBe(1);
  expect(replicas({ atMs: 3, kind: "stageReady", stage: 0, replica: 1, loadMs: 5 })).toBe(2);
  expect(replicas({ atMs: 4, ...decision, from: 2, to: 2 })).toBe(2);
  expect(replicas({ atMs: 5, ...decision, from: 2, to: 1 })).toBe(1);
});

describe("the timeline", () => {
  test("work is spread over the time it took", () => {
    const timeline = createRunTimeline(1, 1);
    for (const event of events) timeline.add(event);
    expect(timeline.widthMs()).toBe(250);
    expect(timeline.bins().map((bin) => bin.busyMs)).toEqual([[200, 0], [250, 0], [0, 5]]);
    expect(timeline.bins()[2]).toMatchObject({ rowsDone: 10, gauges: { residentBytes: 2 ** 20 } });
  });

  test("CPU time is spread over the time since the look before", () => {
    const timeline = createRunTimeline(1, 1);
    for (const event of events) timeline.add(event);
    expect(timeline.bins().map((bin) => Math.round(bin.cpuMs))).toEqual([192, 200, 8]);
  });

  test("stays bounded, and loses nothing, however long the run", () => {
    const timeline = createRunTimeline(1, 0);
    for (let chunk = 0; chunk < 5000; chunk++) {
      timeline.add({ atMs: chunk * 1000 + 400, kind: "chunkDone", stage: 0, replica: 0, chunk, part: 0, isLast: true, rowsIn: 1, rowsOut: 1, failed: 0, busyMs: 400 });
      timeline.add({ atMs: chunk * 1000 + 400, kind: "rowsDone", rows: 1 });
    }
    const bins = timeline.bins();
    expect(bins.length).toBeLessThanOrEqual(240);
    expect(bins.reduce((sum, bin) => sum + bin.rowsDone, 0)).toBe(5000);
    expect(bins.reduce((sum, bin) => sum + bin.busyMs[0], 0)).toBeCloseTo(5000 * 400, 3);
  });
});

const oneStage: Pick<ReportData, "stages" | "sinks" | "edges"> = {
  stages: [{ label: "decode", at, replicas: 1 }],
  sinks: [{ label: "jsonl 1", at, replicas: 1 }],
  edges: [{ from: 0, to: { kind: "sink", sink: 0 } }],
};

function reportOf(timeline: RunTimeline, graph = oneStage, state = folded()): string {
  return renderReport({
    ...graph,
    program: "job.pipe",
    sourceFolder: "/home/me",
    startedAt: "2026-01-02T03:04:05Z",
    summary: { pipeline: "job", outcome: "finished", elapsedMs: 1000, rowsIn: 10, rowsFiltered: 0, rowsDead: 1, stages: [...graph.stages, ...graph.sinks].map(({ label }) => ({ label, replicas: 1, busyShare: 0.45 })), outputs: [] },
    state,
    binMs: timeline.widthMs(),
    bins: timeline.bins(),
    predicted: { rowsPerSecond: 20, bottleneck: "decode", machine: "laptop", stages: [25] },
  });
}

test("the report escapes what comes from data and links to the source", () => {
  const timeline = createRunTimeline(1, 1);
  for (const event of events) timeline.add(event);
  const html = reportOf(timeline);
  expect(html).toContain("no &#60;image&#62;");
  expect(html).toContain("vscode://file/home/me/job.pipe:7:3");
  expect(html).toContain("from 1 to 2 replicas, gains more than it costs (periodMs 45)");
  expect(html).toContain("<td class=\"number\">20 rows/s</td><td class=\"number\">10 rows/s</td><td class=\"number\">50 %</td>");
  expect(html).toContain("0.3 s: rows done 0.0 rows/s, CPU 0.8 cores");
  expect(html).not.toMatch(/<script|src=|https?:/);
});

test("the report leads an edge that skips stages around them", () => {
  const stage = (label: string) => ({ label, at, replicas: 1 });
  const graph: typeof oneStage = {
    stages: [stage("read"), stage("decode"), stage("join")],
    sinks: [stage("jsonl 1")],
    edges: [{ from: 0, to: { kind: "stage", stage: 1 } }, { from: 0, to: { kind: "stage", stage: 2 } }, { from: 1, to: { kind: "stage", stage: 2 } }, { from: 2, to: { kind: "sink", sink: 0 } }],
  };
  const html = reportOf(createRunTimeline(3, 1), graph, createRunState(3, 1));
  const [, boxX, boxY, width, height] = (/<rect x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"[^>]*><title>decode</.exec(html) ?? []).map(Number);
  const passing = [...html.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => /S[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)h([1-9]\d*)/.exec(path)).filter((lane) => lane !== null);
  expect(passing.map(([, x, , across]) => [Number(x), Number(across)])).toEqual([[boxX, width]]);
  expect(Number(passing[0]?.[2])).toBeGreaterThan(boxY + height);
});

test("the report's rate is a mean in which batches do not look like bursts", () => {
  const timeline = createRunTimeline(1, 1);
  for (let second = 0; second < 40; second++) timeline.add({ atMs: second * 1000 + 999, kind: "rowsDone", rows: 8 });
  // Each batch falls into one bin of a quarter of a second.
  expect(/at most ([\d,.]+ rows\/s)/.exec(reportOf(timeline))?.[1]).toBe("8.0 rows/s");
});

test("of each run the last word counts, and lines that are no runs are left out", () => {
  const line = (id: string, outcome: string): string => JSON.stringify({ id, pipeline: "job", startedAt: "2026-01-02T03:04:05Z", params: {}, outcome });
  expect(readPastRuns([line("a", "started"), line("b", "started"), "{torn", line("a", "finished")].join("\n")).map(({ id, outcome }) => [id, outcome])).toEqual([["a", "finished"], ["b", "started"]]);
});
