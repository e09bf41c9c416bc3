/** Of outputs that are written together, the one at fault is named, as the user knows it. */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { writingAll } from "../../../runtime/recovery/sync-file.ts";

const outputs = ["out/rows", "out/one.jsonl", "disk/dead"];

function failure(code: string, path?: string): Error {
  return Object.assign(new Error(code), { code, ...(path === undefined ? {} : { path: resolve(path) }) });
}

test.each([
  ["ENOSPC", "state/manifest-00001", "state cannot be written: the disk is full"],
  ["ENOSPC", "out/.pipec-staging-one.jsonl-ab12-1/part-00000-000.rows", "out/one.jsonl cannot be written: the disk is full"],
  ["EROFS", "disk/.pipec-staging-dead-ab12-1", "disk/dead may not be written: the disk is read-only"],
  ["ENOTDIR", "disk", "disk/dead cannot be written: something on the way to it is a file, not a folder"],
  ["EACCES", "out/rows/a=1", "out/rows may not be written: permission denied"],
  ["EIO", undefined, "state cannot be written: EIO"],
])("%s at %s", async (code, path, said) => {
  await expect(writingAll("state", outputs, () => Promise.reject(failure(code, path)))).rejects.toMatchObject({ code: "R0151", message: said });
});
