/** Emitted programs under `tsc`, as strict as the checkout itself; `pipec/…` means its sources. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./compile-sample.ts";

const strictConfig = {
  extends: join(root, "tsconfig.json"),
  compilerOptions: {
    typeRoots: [join(root, "node_modules", "@types")],
    paths: {
      "pipec/runtime": [join(root, "runtime", "index.ts")],
      "pipec/ops/*": [join(root, "stdlib", "ops", "*", "kernel.ts")],
      "pipec/sources/*": [join(root, "stdlib", "sources", "*", "kernel.ts")],
      "pipec/sinks/*": [join(root, "stdlib", "sinks", "*", "kernel.ts")],
    },
  },
  include: ["**/out/program.ts"],
  exclude: [],
};

/** What `tsc` says of the `out/program.ts` files below a folder; "" where it is content. */
export function typeCheck(folder: string): Promise<string> {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(strictConfig));
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", folder], { cwd: folder }, (_error, stdout) => {
      // The checkout's own files have their own check.
      resolve(stdout.split("\n").filter((line) => line !== "" && !line.startsWith("..")).join("\n"));
    });
  });
}
