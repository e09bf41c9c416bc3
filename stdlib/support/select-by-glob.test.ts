/** Which files a glob selects, which folders it enters, and what of it ends a run. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { listPages } from "./list-input.ts";
import { isGlob, selectByGlob, splitGlob } from "./select-by-glob.ts";

const root = mkdtempSync(join(tmpdir(), "pipec-glob-"));
afterAll(() => rmSync(root, { recursive: true }));

const files = [
  "2024-05/a.jpg", "2024-05/b.png", "2024-05/raw/c.jpg", "2024-06/d.jpg", "2025-01/e.jpg", "2025-01/_f.jpg", "_old/g.jpg",
  ".hidden/h.jpg", "2024-05/.hidden/i.jpg", "2024-05/.j.jpg", "k.jpg", "l [1].jpg", "!m.jpg",
];
for (const name of files) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), "");
}

async function listed(glob: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const page of listPages(`${root}/${glob}`, { takesUnderscored: false })) found.push(...page.map(({ file }) => file.slice(root.length + 1)));
  return found;
}

describe("a glob", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["*.jpg", ["!m.jpg", "k.jpg", "l [1].jpg"]],
    ["!*.jpg", ["!m.jpg"]],
    ["*[[]1].jpg", ["l [1].jpg"]],
    ["l [[]*].jpg", ["l [1].jpg"]],
    ["2024-*/*.jpg", ["2024-05/a.jpg", "2024-06/d.jpg"]],
    ["2024-??/*.{jpg,png}", ["2024-05/a.jpg", "2024-05/b.png", "2024-06/d.jpg"]],
    ["{2024-05/raw,2025-01}/*.jpg", ["2024-05/raw/c.jpg", "2025-01/_f.jpg", "2025-01/e.jpg"]],
    ["./2024-*//*.jpg", ["2024-05/a.jpg", "2024-06/d.jpg"]],
    ["**/[a-d].jpg", ["2024-05/a.jpg", "2024-05/raw/c.jpg", "2024-06/d.jpg"]],
    ["*/raw/**", ["2024-05/raw/c.jpg"]],
    ["*/.hidden/*", ["2024-05/.hidden/i.jpg"]],
    ["**/.hidden/*", [".hidden/h.jpg", "2024-05/.hidden/i.jpg"]],
    ["*/.*.jpg", ["2024-05/.j.jpg"]],
    ["2024-*", []],
    // All files of folders that are named.
    ["2024-*/", ["2024-05/a.jpg", "2024-05/b.png", "2024-05/raw/c.jpg", "2024-06/d.jpg"]],
    ["2024-0{5,6}", ["2024-05/a.jpg", "2024-05/b.png", "2024-05/raw/c.jpg", "2024-06/d.jpg"]],
    ["202?-0[16]/", ["2024-06/d.jpg", "2025-01/_f.jpg", "2025-01/e.jpg"]],
    ["_*/g.*", ["_old/g.jpg"]],
  ];
  test.each(cases)("%s", async (glob, wanted) => {
    if (wanted.length === 0) await expect(listed(glob)).rejects.toThrow("matches no file");
    else expect(await listed(glob)).toEqual(wanted);
  });

  test("that matches nothing, or begins where nothing is, is said", async () => {
    await expect(listed("2024-*/*.gif")).rejects.toThrow("2024-*/*.gif matches no file");
    await expect(listed("1999/*.jpg")).rejects.toThrow("1999 does not exist");
  });

  test("enters no folder that can hold nothing of it", () => {
    const entered = (glob: string, ...folders: readonly string[]): readonly string[] => folders.filter(selectByGlob(splitGlob(glob)).entersFolder);
    expect(entered("2024-*/*.jpg", "2024-05", "2025-01", "2024-05/raw")).toEqual(["2024-05"]);
    expect(entered("2024-*/raw/*.jpg", "2024-05", "2024-05/raw", "2024-05/other", "2024-05/raw/deep")).toEqual(["2024-05", "2024-05/raw"]);
    expect(entered("2024-*/**/*.jpg", "2024-05", "2024-05/raw", "2024-05/.cache", "2025-01", ".cache")).toEqual(["2024-05", "2024-05/raw"]);
    expect(entered("**/.cache/*.jpg", "a", "a/.cache", ".cache")).toEqual(["a", "a/.cache", ".cache"]);
  });

  test("whose link leads nowhere is said, if the link is one of the files", async () => {
    symlinkSync("gone.jpg", join(root, "2024-06", "n.jpg"));
    expect(await listed("2024-*/*.png")).toEqual(["2024-05/b.png"]);
    await expect(listed("2024-*/*.jpg")).rejects.toThrow("n.jpg is a link to something that does not exist");
    rmSync(join(root, "2024-06", "n.jpg"));
  });

  test.skipIf(process.getuid?.() === 0)("with a folder in it that may not be read is said: its files would be missing", async () => {
    mkdirSync(join(root, "2026-01"), { mode: 0 });
    expect(await listed("2024-*/*.png")).toEqual(["2024-05/b.png"]);
    await expect(listed("20*/*.jpg")).rejects.toThrow("2026-01 may not be read: permission denied");
    rmSync(join(root, "2026-01"), { recursive: true });
  });

  test("is told from a plain path", () => {
    expect(["a/b.jpg", "a b/c-d_e.jpg", "!x", "c:/data", "a.b.c"].filter(isGlob)).toEqual([]);
    expect(["*.jpg", "a/**", "a?.jpg", "[ab].jpg", "{a,b}"].filter(isGlob)).toEqual(["*.jpg", "a/**", "a?.jpg", "[ab].jpg", "{a,b}"]);
  });
});
