import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { watchFile } from "../../../runtime/backends/watch-file.ts";

const folder = mkdtempSync(join(tmpdir(), "pipec-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function saved(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("a file that is let be is neither written nor replaced", () => {
  const watch = watchFile(saved("still", "a"));
  expect([watch?.isWritten(), watch?.isReplaced()]).toEqual([false, false]);
});

test("other contents in place are both, of any length", () => {
  const [longer, later] = [saved("longer", "a"), saved("later", "a")];
  const watches = [watchFile(longer), watchFile(later)];
  saved("longer", "ab");
  saved("later", "b");
  utimesSync(later, new Date(), new Date(Date.now() + 5000));
  for (const watch of watches) expect([watch?.isWritten(), watch?.isReplaced()]).toEqual([true, true]);
});

test("a file that is renamed over it replaces it, and so does its going", () => {
  const [over, gone] = [saved("over", "a"), saved("gone", "a")];
  const watches = [watchFile(over), watchFile(gone)];
  renameSync(saved("other", "b"), over);
  rmSync(gone);
  for (const watch of watches) expect([watch?.isWritten(), watch?.isReplaced()]).toEqual([false, true]);
});

test("what cannot be looked at is not there, then or later", () => {
  const [loop, file] = [join(folder, "loop"), saved("looping", "a")];
  symlinkSync(loop, loop);
  for (const path of [loop, folder, join(folder, "none")]) expect(watchFile(path)).toBeUndefined();
  const watch = watchFile(file);
  rmSync(file);
  symlinkSync(file, file);
  expect([watch?.isWritten(), watch?.isReplaced()]).toEqual([false, true]);
});
