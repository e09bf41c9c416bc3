/** Whose an error is that nobody waited for: by the modules in its stack, else by whether externs were called. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { extern } from "../../../runtime/contract/extern.ts";
import { JobError } from "../../../runtime/contract/kernel.ts";
import { blameStray } from "../../../runtime/topology/stray-errors.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

function blame(error: unknown, where = ""): unknown {
  const bundle = join(makeTemporaryFolder(), "out.js");
  writeFileSync(bundle, ["(() => {", "  // npm:retry/index.js", "  a();", "  // pipec:runtime/stage/map-step.ts", "  b();", "  // my work/work.ts", "  c();", "  // out/program.ts", "  d();", "})();"].join("\n"));
  return blameStray(error, bundle, where);
}

const [npm, pipec, own, emitted] = [3, 5, 7, 9].map((line) => `    at f (file:///there/out.js:${line}:5)`);
const node = "    at listOnTimeout (node:internal/timers:581:17)";

function errorAt(...frames: readonly string[]): Error {
  return Object.assign(new Error("lost\nand more"), { stack: ["Error: lost", "and more", ...frames].join("\n") });
}

describe("an error that nobody waited for", () => {
  it.each<[string, Error]>([
    ["a module of ours threw", errorAt(pipec, own, node)],
    ["a package that a module of ours calls threw", errorAt(npm, emitted, pipec, node)],
    ["no module threw, where no extern was called", errorAt(node)],
    ["is told with a code of its own", new JobError("R0201", "no such device")],
  ])("stays as it is where %s", (_what, error) => expect(blame(error)).toBe(error));

  it("is of the program's modules where one of them threw", () => {
    expect(blame(errorAt(own, pipec), ", in the worker of rows")).toEqual(new JobError("R0176", "an error that nobody waited for came from the program's own modules, in the worker of rows: lost", "await what the function begins, or catch its errors"));
  });

  it("is of the externs where no module says otherwise, and they were called", async () => {
    await extern("save", () => 1, { result: { kind: "scalar", dtype: "i32" } })();
    expect(blame(errorAt(npm, node))).toMatchObject({ code: "R0176", message: "an error that nobody waited for came from `save`: lost" });
    await extern("load", () => 1, { result: { kind: "scalar", dtype: "i32" } })();
    expect(blame("no error")).toMatchObject({ message: "an error that nobody waited for came from one of `save`, `load`: no error" });
    expect(blame(errorAt(npm, own, node))).toBeInstanceOf(JobError);
    expect(blame(errorAt(pipec, own, node))).not.toBeInstanceOf(JobError);
  });
});
