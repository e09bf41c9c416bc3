/** Which files of a folder are listed, and in which order: that of their whole paths, as if all had been sorted at once. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { listPages, listTables } from "./list-input.ts";
import { walkFolder } from "./walk-folder.ts";
import type { Selection } from "./walk-folder.ts";

const root = mkdtempSync(join(tmpdir(), "pipec-walk-"));
afterAll(() => rmSync(root, { recursive: true }));

let folder = "";
let made = 0;
beforeEach(() => {
  folder = join(root, `inner-${made++}`);
  mkdirSync(folder);
});

function place(...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
}

const everything: Selection = { takesFile: () => true, entersFolder: () => true };

async function walked(selection = everything): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const run of walkFolder(folder, selection)) names.push(...run);
  return names;
}

test("names are in code unit order of whole paths, where a folder's name begins another's, too", async () => {
  place("a/x", "a/b/c", "a-b/x", "a.jpg", "a0", "aa/x", "B", "a/b-c", "é", "\u{10000}", "\uffee");
  const names = await walked();
  expect(names).toEqual([...names].sort());
  expect(names).toEqual(["B", "a-b/x", "a.jpg", "a/b-c", "a/b/c", "a/x", "a0", "aa/x", "é", "\u{10000}", "\uffee"]);
});

test("only files that are taken in folders that are entered, and nothing of the file system's own", async () => {
  place("a.jpg", "notes.txt", "in/b.jpg", "in/deep/c.jpg", "in/out/d.jpg", "out/e.jpg", "lost+found/f.jpg", "in/lost+found/g.jpg");
  const selection: Selection = { takesFile: (path) => path !== "in/b.jpg" && path.endsWith(".jpg"), entersFolder: (path) => path !== "in/out" && path !== "out" };
  expect(await walked(selection)).toEqual(["a.jpg", "in/deep/c.jpg"]);
});

test("of a folder, what is hidden is left out, and what earlier runs left", async () => {
  place("a.jpg", "notes.txt", ".hidden.jpg", ".cache/b.jpg", "_errors/c.jpg", "d/_e/f.jpg", "d/_g.jpg");
  symlinkSync("d", join(folder, "_d"));
  const named = async (takesUnderscored: boolean): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const page of listPages(folder, { extensions: [".jpg"], takesUnderscored })) names.push(...page.map(({ name }) => name));
    return names;
  };
  expect(await named(true)).toEqual(["a.jpg", "d/_g.jpg"]);
  expect(await named(false)).toEqual(["a.jpg"]);
});

test("links count as what they lead to, and no folder is walked inside itself", async () => {
  place("data/1.jpg", "data/sub/2.jpg");
  symlinkSync("data/1.jpg", join(folder, "one.jpg"));
  symlinkSync("data", join(folder, "again"));
  symlinkSync("..", join(folder, "data", "up"));
  symlinkSync(join(folder, "data", "sub"), join(folder, "data", "sub", "self"));
  symlinkSync(root, join(folder, "data", "sub", "far-up"));
  // Through the link to all that is around `folder`, what other tests made there is found, but never `folder` again.
  const names = (await walked()).filter((name) => !name.includes("far-up"));
  expect(names).toEqual(["again/1.jpg", "again/sub/2.jpg", "data/1.jpg", "data/sub/2.jpg", "one.jpg"]);
  expect((await walked()).filter((name) => name.includes(`far-up/inner-${made - 1}`))).toEqual([]);
});

test("a wanted link that leads nowhere is said, another is not", async () => {
  place("a.jpg");
  symlinkSync("gone", join(folder, "README"));
  expect((await listTables(folder, [".jpg"])).map(({ name }) => name)).toEqual(["a.jpg"]);
  symlinkSync("gone.jpg", join(folder, "b.jpg"));
  await expect(listTables(folder, [".jpg"])).rejects.toThrow("b.jpg is a link to something that does not exist");
});

test.skipIf(process.getuid?.() === 0)("a folder that may not be read is said: its files would be missing", async () => {
  mkdirSync(join(folder, "locked"), { mode: 0 });
  await expect(walked()).rejects.toThrow("locked may not be read: permission denied");
});
