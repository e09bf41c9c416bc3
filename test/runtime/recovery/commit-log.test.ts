/** The commit log on a real disk: what it keeps, and that this does not grow with what is committed. */
import { readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openCommitLog } from "../../../runtime/recovery/commit-log.ts";
import type { CommitLog } from "../../../runtime/recovery/commit-log.ts";
import type { OpenRequest } from "../../../runtime/recovery/commit-steps.ts";
import { realFiles } from "../../../runtime/recovery/file-system.ts";
import type { KeysFile } from "../../../runtime/recovery/manifest.ts";
import { thisProcess } from "../../../runtime/recovery/owner.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

function open(at: string, alive = false, more: Partial<OpenRequest> = {}): Promise<CommitLog> {
  return openCommitLog(realFiles, {
    folder: join(at, "state"), owner: thisProcess(), run: "r", regions: 1, regionOf: () => 0, identity: {}, fresh: false, renew: false,
    describe: (run) => [{ staging: join(at, `.staging-${run}-`), dead: join(at, `.dead-${run}-`), final: join(at, "out"), extension: "jsonl", isTemporary: false }],
    isAlive: async () => alive, check: () => {}, pause: async () => {}, ...more,
  });
}

async function commit(at: string, log: CommitLog, group: number, last = false, keys: readonly KeysFile[] = []): Promise<void> {
  const name = `part-${String(group).padStart(5, "0")}-000.jsonl`;
  writeFileSync(join(at, `.staging-${log.run}-${log.epoch}`, name), "x");
  await log.commit({ region: 0, group, chunks: group + 1, last, outputs: [{ output: 0, rows: 1, files: [{ name, bytes: 1, crc: crc32("x"), modifiedMs: statSync(join(at, `.staging-${log.run}-${log.epoch}`, name)).mtimeMs }] }], keys, rowsIn: 1, filtered: 0, dead: 0, split: 0, row: group + 1, passed: {}, exhausted: [] });
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

describe("a commit log", () => {
  it("refuses files that are as large as they were and hold something else; it reads them only where times differ", async () => {
    const at = makeTemporaryFolder();
    const doubts: string[] = [];
    const reopen = async (): Promise<void> => (await open(at, false, { onDoubt: (place) => void doubts.push(place) })).release();
    const log = await open(at);
    await commit(at, log, 0);
    await commit(at, log, 1);
    await log.release();
    await reopen();
    expect(doubts).toEqual([]);
    const file = join(at, "out", "part-00000-000.jsonl");
    utimesSync(file, 1, 1);
    await reopen();
    expect(doubts).toEqual([join(at, "out")]);
    await reopen();
    expect(doubts).toHaveLength(1);
    writeFileSync(file, "y");
    // Surely later than the last word of the log, however coarse the clock of the disk is.
    utimesSync(file, Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    await expect(reopen()).rejects.toMatchObject({ code: "R0157", message: expect.stringContaining("part-00000-000.jsonl") });
  });

  it("takes no more room however many groups there are, and goes on after each", async () => {
    const at = makeTemporaryFolder();
    let log = await open(at);
    let largest = 0;
    for (let group = 0; group < 1500; group++) {
      await commit(at, log, group);
      if (group % 100 === 0) largest = Math.max(largest, bytesIn(join(at, "state")));
      if (group % 500 === 499) {
        await log.release();
        log = await open(at);
      }
    }
    expect(largest).toBeLessThan(400_000);
    expect(bytesIn(join(at, "state"))).toBeLessThan(3000);
    expect(log.state().regions[0]).toMatchObject({ groups: 1500, rowsIn: 1500, row: 1500 });
    await commit(at, log, 1500, true);
    await log.forget([]);
    expect(readdirSync(at)).toEqual(["out", "state"]);
    expect(bytesIn(join(at, "state"))).toBeLessThan(3000);
    expect(readdirSync(join(at, "out"))).toHaveLength(1501);
  });

  it("begins its manifest anew seldom, however many files of keys it lists", async () => {
    const at = makeTemporaryFolder();
    const log = await open(at);
    for (let group = 0; group < 120; group++) await commit(at, log, group, false, Array.from({ length: 100 }, (_, step) => ({ step, name: `keys-1-${step}-${group}`, bytes: 1000 })));
    expect(log.state().keys).toHaveLength(12_000);
    expect(Number(/manifest-(\d+)$/.exec(log.manifest())?.[1])).toBeLessThan(6);
    await log.release();
    expect((await open(at)).state().keys).toHaveLength(12_000);
  });

  it("is one run's at a time, and leaves nothing where nothing was committed", async () => {
    const at = makeTemporaryFolder();
    const log = await open(at);
    await expect(open(at, true)).rejects.toMatchObject({ code: "R0158" });
    await log.release();
    expect(readdirSync(at)).toEqual([]);
    const first = await open(at);
    await commit(at, first, 0);
    // Taken over by one who took it for dead.
    const second = await open(at);
    await expect(first.commit({ region: 0, group: 1, chunks: 2, last: false, outputs: [{ output: 0, rows: 1, files: [{ name: "part-00001-000.jsonl", bytes: 0, crc: 0 }] }], keys: [], rowsIn: 1, filtered: 0, dead: 0, split: 0, row: 2, passed: {}, exhausted: [] })).rejects.toMatchObject({ code: "R0158" });
    await commit(at, second, 1, true);
    expect(readdirSync(join(at, "out"))).toEqual(["part-00000-000.jsonl", "part-00001-000.jsonl"]);
  });

  it("begins anew where that is wanted and nothing was committed, and nowhere else", async () => {
    const at = makeTemporaryFolder();
    const refuse = { renew: true, run: "other", check: () => { throw new Error("another program"); } };
    const killed = await open(at);
    await killed.noteInputs([{ count: 1, digest: "d" }]);
    const anew = await open(at, false, refuse);
    expect([anew.run, anew.state().inputs]).toEqual(["other", undefined]);
    await commit(at, anew, 0);
    await expect(open(at, false, refuse)).rejects.toThrow("another program");
    expect((await open(at)).run).toBe("other");
  });

  it("refuses output that has lost a file, or holds one that it did not commit", async () => {
    const at = makeTemporaryFolder();
    const log = await open(at);
    await commit(at, log, 0);
    writeFileSync(join(at, "out", "part-00001-000.jsonl"), "foreign");
    await expect(commit(at, log, 1)).rejects.toMatchObject({ code: "R0157" });
    const other = makeTemporaryFolder();
    const kept = await open(other);
    await commit(other, kept, 0);
    await kept.release();
    writeFileSync(join(other, "out", "part-00000-000.jsonl"), "longer");
    await expect(open(other)).rejects.toMatchObject({ code: "R0157" });
  });
});
