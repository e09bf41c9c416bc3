/** Sessions of a run: on the device asked for, of the files that the run began with. */
import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { markFiles } from "../../../runtime/backends/file-marks.ts";
import type { Backend, SessionSpec } from "../../../runtime/contract/backend.ts";
import { placeBackend } from "../../../runtime/topology/placement.ts";
import type { ModelPlaces } from "../../../runtime/topology/placement.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-placement-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model: SessionSpec = { name: "net", at: { file: "a.pipe", line: 3, column: 1 }, inputs: [], outputs: [], device: "cpu", intraOpThreads: 1 };

function saved(name: string): string {
  const file = join(folder, name);
  writeFileSync(file, name);
  return file;
}

function placesOf(file: string, device?: string): ModelPlaces {
  return { device, files: { [file]: markFiles([file, `${file}.weights`]) } };
}

/** Writes down what is opened and closed. */
function recorded(): { readonly backend: Backend; readonly opened: string[]; readonly closed: string[] } {
  const [opened, closed]: [string[], string[]] = [[], []];
  const backend: Backend = {
    open: async ({ device }, file) => {
      opened.push(device);
      return { run: async () => new Map(), close: async () => void closed.push(file) };
    },
  };
  return { backend, opened, closed };
}

test("the device of the command line stands in for the plan's", async () => {
  const { backend, opened } = recorded();
  const file = saved("here");
  await placeBackend(backend, placesOf(file)).open(model, file);
  await placeBackend(backend, placesOf(file, "cuda:1")).open(model, file);
  expect(opened).toEqual(["cpu", "cuda:1"]);
});

test("a file that was renamed over the model's is refused, and its session closed", async () => {
  const { backend, closed } = recorded();
  const file = saved("renamed");
  const placed = placeBackend(backend, placesOf(file));
  await placed.open(model, file);
  expect(closed).toEqual([]);
  renameSync(saved("new"), file);
  await expect(placed.open(model, file)).rejects.toMatchObject({ code: "R0209", message: `model \`net\` (a.pipe:3): ${file} is not the file that the run began with` });
  expect(closed).toEqual([file]);
});

test("so is one whose weights, in a file beside it, were", async () => {
  const { backend, closed } = recorded();
  const [file, weights] = [saved("graph"), saved("graph.weights")];
  const placed = placeBackend(backend, placesOf(file));
  await placed.open(model, file);
  renameSync(saved("new weights"), weights);
  await expect(placed.open(model, file)).rejects.toMatchObject({ code: "R0209", message: `model \`net\` (a.pipe:3): ${weights} is not the file that the run began with` });
  expect(closed).toEqual([file]);
});

test.each(["", ".weights"])("a model whose file%s is written to fails the calls made since", async (which) => {
  const { backend } = recorded();
  const [file, weights] = [saved("used"), saved("used.weights")];
  const placed = placeBackend(backend, placesOf(file));
  const session = await placed.open(model, file);
  expect(await session.run(new Map())).toEqual(new Map());
  writeFileSync(`${file}${which}`, "other values");
  utimesSync(`${file}${which}`, new Date(), new Date(Date.now() + 5000));
  const fault = { code: "R0208", message: `model \`net\` (a.pipe:3): ${which === "" ? file : weights} was written to while the run used it` };
  await expect(session.run(new Map())).rejects.toMatchObject(fault);
  await expect(placed.open(model, file)).rejects.toMatchObject(fault);
});

test("a call that fails on a file that was written to is not held against its rows", async () => {
  const file = saved("broken");
  const failing: Backend = { open: async () => ({ run: () => Promise.reject(new Error("no such row")), close: async () => {} }) };
  const session = await placeBackend(failing, placesOf(file)).open(model, file);
  await expect(session.run(new Map())).rejects.toThrow("no such row");
  writeFileSync(file, "other values");
  await expect(session.run(new Map())).rejects.toMatchObject({ code: "R0208" });
});

test("calls go on where another model is renamed over the file", async () => {
  const { backend } = recorded();
  const file = saved("kept");
  const session = await placeBackend(backend, placesOf(file)).open(model, file);
  renameSync(saved("newer"), file);
  expect(await session.run(new Map())).toEqual(new Map());
});

test("one that comes to be there only later is the backend's to judge", async () => {
  const { backend, closed } = recorded();
  const file = join(folder, "late");
  const placed = placeBackend(backend, placesOf(file));
  saved("late");
  await placed.open(model, file);
  expect(closed).toEqual([]);
});
