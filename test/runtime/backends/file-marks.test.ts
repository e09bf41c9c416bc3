import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findReplaced, findWritten, markFiles } from "../../../runtime/backends/file-marks.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("files that are let be are neither written nor replaced", () => {
  const marks = markFiles([saved("still", "a"), saved("quiet", "b")]);
  expect([findWritten(marks), findReplaced(marks)]).toEqual([undefined, undefined]);
});

test("other contents in place are both, of any length, and the file is named", () => {
  const [first, longer, later] = [saved("first", "a"), saved("longer", "a"), saved("later", "a")];
  const marked = [longer, later].map((file) => ({ file, marks: markFiles([first, file]) }));
  saved("longer", "ab");
  saved("later", "b");
  utimesSync(later, new Date(), new Date(Date.now() + 5000));
  for (const { file, marks } of marked) expect([findWritten(marks), findReplaced(marks)]).toEqual([file, file]);
});

test("a file that is renamed over one replaces it, and so does its going", () => {
  const [over, gone] = [saved("over", "a"), saved("gone", "a")];
  const marked = [over, gone].map((file) => ({ file, marks: markFiles([file]) }));
  renameSync(saved("other", "b"), over);
  rmSync(gone);
  for (const { file, marks } of marked) expect([findWritten(marks), findReplaced(marks)]).toEqual([undefined, file]);
});

test("what cannot be looked at is not there, then or later", () => {
  const [loop, file] = [join(folder, "loop"), saved("looping", "a")];
  symlinkSync(loop, loop);
  expect(markFiles([loop, folder, join(folder, "none")])).toEqual({});
  const marks = markFiles([file]);
  rmSync(file);
  symlinkSync(file, file);
  expect(findReplaced(marks)).toBe(file);
});
