import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lines } from "./kernel.ts";

test("keeps spaces, drops line ends and the byte order mark", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pipec-lines-"));
  const path = join(folder, "names.txt");
  await writeFile(path, "\ufeffa\r\nb\n \n");
  expect(await lines({ path })).toEqual(["a", "b", " "]);
  await rm(folder, { recursive: true });
});

test("a missing file is one clear message", async () => {
  await expect(lines({ path: "no/such/file.txt" })).rejects.toThrow("no/such/file.txt does not exist");
});
