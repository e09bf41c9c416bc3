/** Which `.pipe` file a command means: the one named, else the only one of the folder, else `main.pipe`. */
import { readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { describeFileFault } from "./file-fault.ts";
import { advice, reportNowhere } from "./report.ts";

export type FoundProgram =
  | { readonly ok: true; readonly file: string; readonly text: string }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

export function findProgram(cwd: string, named: string | undefined): FoundProgram {
  const choice = named === undefined ? chooseFile(cwd) : named;
  if (typeof choice !== "string") return { ok: false, diagnostic: choice };
  try {
    return { ok: true, file: choice, text: readFileSync(resolve(cwd, choice), "utf8") };
  } catch (error) {
    return { ok: false, diagnostic: reportNowhere(buildCodes.unreadableProgram, { file: choice, what: describeFileFault(error) }) };
  }
}

function chooseFile(cwd: string): string | Diagnostic {
  const files = readdirSync(cwd, { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".pipe")).map((entry) => entry.name).sort();
  const [only, another] = files;
  if (only === undefined) {
    const fix = advice("name the file, or start a program with `pipec init`");
    return reportNowhere(buildCodes.noProgram, { folder: "this folder" }, { fix });
  }
  if (another === undefined || files.includes("main.pipe")) return another === undefined ? only : "main.pipe";
  const fix = advice(`name the file: \`${only}\``);
  return reportNowhere(buildCodes.severalPrograms, { folder: "this folder", files: files.join(", ") }, { fix });
}

/** All `.pipe` files below a folder, packages and outputs left out; or the file itself. */
export function pipeFilesUnder(cwd: string, path: string): readonly string[] {
  const entries = readdirSync(resolve(cwd, path), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const inside = path === "." ? entry.name : join(path, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : pipeFilesUnder(cwd, inside);
      return entry.name.endsWith(".pipe") ? [inside] : [];
    })
    .sort();
}
