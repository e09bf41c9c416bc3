/** `pipec solve`: the table, the JSON, the exit statuses. */
import { expect, test } from "vitest";
import { runSolve } from "../../../../compiler/cli/commands/solve.ts";
import { inTemporaryFile } from "./temporary-file.ts";

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function solve(graph: string, json: boolean): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const status = await runSolve({ graph, json }, { stdout: (text) => (stdout += text), stderr: (text) => (stderr += text) });
  return { status, stdout, stderr };
}

const node = (id: number, changes: object = {}): object => ({ id, supportedOnFpga: 1, cpuLatency: 10, fpgaLatency: 2, isBackwardNode: 0, size: 40, ...changes });
const graph = (changes: object = {}): string =>
  JSON.stringify({
    maxSizePerFPGA: 100, maxFPGAs: 2, maxCPUs: 1,
    nodes: [node(7), node(3), node(5, { cpuLatency: 1 })],
    edges: [{ sourceId: 7, destId: 3, cost: 0.5 }, { sourceId: 3, destId: 5, cost: 0.25 }],
    ...changes,
  });

test("a table", async () => {
  expect((await inTemporaryFile(graph(), (path) => solve(path, false))).stdout).toBe(
    [
      "period       2.75",
      "lower bound  2.75 (proved optimal)",
      "devices      2 of 2 accelerators, 1 of 1 CPU",
      "searched     3 groups of nodes, all 4 cuts, 11 candidate stages",
      "",
      "stage  device         nodes  load  of period  memory",
      "    1  accelerator 1      1   2.5     90.9 %    40 B",
      "    2  accelerator 2      1  2.75    100.0 %    40 B",
      "    3  CPU 1              1     1     36.4 %       -",
      "",
    ].join("\n"),
  );
});

test("JSON in the file's ids", async () => {
  const ran = await inTemporaryFile(graph(), (path) => solve(path, true));
  expect(ran.status).toBe(0);
  expect(JSON.parse(ran.stdout)).toEqual({
    period: 2.75,
    lowerBound: 2.75,
    optimal: true,
    assignment: [
      { device: "accelerator", index: 1, load: 2.5, bytes: 40, nodes: [7] },
      { device: "accelerator", index: 2, load: 2.75, bytes: 40, nodes: [3] },
      { device: "CPU", index: 1, load: 1, bytes: 0, nodes: [5] },
    ],
  });
});

test("a file with problems: status 1, on stderr or as JSON", async () => {
  const bad = graph({ edges: [{ sourceId: 7, destId: 4, cost: 1 }] });
  const text = await inTemporaryFile(bad, (path) => solve(path, false));
  expect([text.status, text.stdout]).toEqual([1, ""]);
  expect(text.stderr).toContain("error P1105: the edge's `destId` is 4, but no node has that id");
  const json = await inTemporaryFile(bad, (path) => solve(path, true));
  expect([json.status, json.stderr]).toEqual([1, ""]);
  expect(JSON.parse(json.stdout).diagnostics[0].code).toBe("P1105");
});

test("many problems are cut short", async () => {
  const edges = Array.from({ length: 30 }, () => ({ sourceId: 7, destId: 4, cost: 1 }));
  const { stderr } = await inTemporaryFile(graph({ edges }), (path) => solve(path, false));
  expect(stderr.match(/P1105/g)).toHaveLength(20);
  expect(stderr).toContain("... and 10 more");
});

test("a file that is not there: status 1 and P1100", async () => {
  const ran = await solve("no/such/graph.json", false);
  expect(ran.status).toBe(1);
  expect(ran.stderr).toContain("error P1100: no/such/graph.json cannot be read: there is no such file");
});

test("nothing fits: status 3 with the reason", async () => {
  const ran = await inTemporaryFile(graph({ maxFPGAs: 1, maxCPUs: 0 }), (path) => solve(path, false));
  expect(ran.status).toBe(3);
  expect(ran.stderr).toContain("error P1110: the graph cannot be placed on these devices: the nodes need 120 bytes; all devices together have 100");
});

test("a graph without nodes needs no device", async () => {
  const ran = await inTemporaryFile(graph({ nodes: [], edges: [] }), (path) => solve(path, true));
  expect(JSON.parse(ran.stdout)).toEqual({ period: 0, lowerBound: 0, optimal: true, assignment: [] });
});

test("no partition found, and none proved impossible: P1111 says so", async () => {
  // Sixty free nodes that go one to a device: too many ways to walk all, too few devices.
  const wide = graph({ maxFPGAs: 31, maxCPUs: 0, nodes: Array.from({ length: 60 }, (_, id) => node(id, { size: 51 })), edges: [] });
  const { status, stderr } = await inTemporaryFile(wide, (path) => solve(path, false));
  expect(status).toBe(3);
  expect(stderr).toContain("error P1111: no partition was found that fits these devices");
});
