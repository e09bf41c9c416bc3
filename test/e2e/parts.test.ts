/** Chunks that move in parts: the same bytes whatever the workers and tickets, and whatever fails in the middle of one. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundleProgram, runProgram } from "../support/bundle-program.ts";

let folder: string;
beforeAll(async () => {
  folder = await bundleProgram("parts");
});

type Files = Readonly<Record<string, string>>;

function filesIn(path: string, under = ""): Files {
  if (!existsSync(path)) return {};
  return Object.fromEntries(
    readdirSync(join(path, under)).sort().flatMap((name) => {
      const at = under === "" ? name : `${under}/${name}`;
      if (name === "_SUCCESS") return [];
      return statSync(join(path, at)).isDirectory() ? Object.entries(filesIn(path, at)) : [[at, readFileSync(join(path, at), "utf8")]];
    }),
  );
}

let runs = 0;
async function run(...args: readonly string[]): Promise<{ readonly code: number | null; readonly stderr: string; readonly files: Files }> {
  const place = join(folder, `run-${runs++}`);
  mkdirSync(place);
  const ended = await runProgram(folder, ...args, "--output", join(place, "data"));
  return { ...ended, files: filesIn(join(place, "data")) };
}

const ways = [["many"], ["ticket"], ["one", "--interpret"]];

function rowsOf(files: Files, name: string): readonly Record<string, unknown>[] {
  return Object.keys(files).filter((file) => file.startsWith(`${name}/`)).sort().flatMap((file) => (files[file] ?? "").split("\n")).filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("chunks that move in parts", () => {
  it("give the same bytes on any number of workers, with one ticket, and with --interpret", async () => {
    const one = await run("one", "--rows", "60");
    expect(one.code, one.stderr).toBe(0);
    const wanted = Array.from({ length: 60 }, (_, id) => Array.from({ length: id % 7 }, (_child, child) => `${id}.${child}!`));
    expect(rowsOf(one.files, "spelled").map((row) => row["item"])).toEqual(wanted.flat());
    expect(rowsOf(one.files, "both").map((row) => [row["id"], row["count"]])).toEqual(wanted.map((items, id) => [id, items.filter((item) => item.length % 4 !== 0).length]));
    expect(rowsOf(one.files, "signs").map((row) => row["sign"])).toEqual(wanted.flat().flatMap((item) => [...item].slice(0, item.length % 5)));
    for (const way of ways) {
      const other = await run(...way, "--rows", "60");
      expect(other.code, other.stderr).toBe(0);
      expect(other.files, way.join(" ")).toEqual(one.files);
    }
  });

  it("end parts of large rows early, which changes nothing", async () => {
    const [one, early] = [await run("one", "--rows", "30"), await run("by_bytes", "--rows", "30")];
    expect(early.code, early.stderr).toBe(0);
    for (const name of ["spelled", "signs", "words"]) expect(rowsOf(early.files, name)).toEqual(rowsOf(one.files, name));
  });

  it("cope with no rows, with rows without children, and with one of 10,000", async () => {
    const none = await run("many", "--rows", "0");
    expect([none.code, rowsOf(none.files, "both")]).toEqual([0, []]);
    const childless = await run("many", "--rows", "1");
    expect([childless.code, rowsOf(childless.files, "both").map((row) => row["count"])]).toEqual([0, [0]]);
    const large = await run("many", "--rows", "6", "--large_at", "3");
    expect(large.code, large.stderr).toBe(0);
    expect(rowsOf(large.files, "spelled").filter((row) => row["id"] === 3)).toHaveLength(10_000);
    expect(rowsOf(large.files, "both").map((row) => row["id"])).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("set a row aside that fails in a later part, once, and its parent with it", async () => {
    const one = await run("one", "--rows", "20", "--fail_at", "10");
    expect(one.code, one.stderr).toBe(0);
    const letters = Object.entries(one.files).filter(([name]) => name.startsWith("_errors/")).map(([, letter]) => letter).join("");
    expect(letters.split("\n").filter((line) => line.includes("the item is torn"))).toHaveLength(1);
    expect(rowsOf(one.files, "both").map((row) => row["id"])).toEqual(Array.from({ length: 20 }, (_, id) => id).filter((id) => id !== 10));
    expect(rowsOf(one.files, "spelled").filter((row) => row["id"] === 10)).toHaveLength(13);
    for (const way of ways) expect((await run(...way, "--rows", "20", "--fail_at", "10")).files, way.join(" ")).toEqual(one.files);
    const strict = await run("strict", "--rows", "20", "--fail_at", "10");
    expect([strict.code, strict.stderr.includes("the item is torn"), strict.files]).toEqual([5, true, {}]);
  });

  it("set a row aside that ends the process in a later part, and lose no other", async () => {
    const wanted = await run("one", "--rows", "20", "--fail_at", "10");
    const crashed = await run("many", "--rows", "20", "--crash_at", "10");
    expect(crashed.code, crashed.stderr).toBe(0);
    for (const name of ["spelled", "signs", "words", "both"]) expect(rowsOf(crashed.files, name)).toEqual(rowsOf(wanted.files, name));
    expect(crashed.stderr).toContain("the engine was ended by SIGSEGV");
  });
});
