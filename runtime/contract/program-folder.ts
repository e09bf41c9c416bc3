/**
 * Where the program stands. Paths written in a program are relative to the folder of `out.js`; in messages and data
 * they appear relative to the current folder where they lie in it.
 */
import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";

// One program runs in one thread, so its folder is a fact of the thread.
let folder = ".";

export function setProgramFolder(path: string): void {
  folder = path;
}

/** A path of the program as the running process can open it. Addresses with a scheme stay as they are. */
export function programFile(path: string): string {
  if (isAddress(path)) return path;
  const full = resolve(folder, path);
  const near = relative(process.cwd(), full);
  return near === "" ? "." : near.startsWith("..") || isAbsolute(near) ? full : near;
}

/** The same file as seen from the program's folder: one name wherever the program is started. */
export function nameFromProgram(path: string): string {
  return isAddress(path) ? path : relative(resolve(folder), resolve(path)).replaceAll("\\", "/");
}

/** The bytes of a test's fixture. */
export async function fixture(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(programFile(path)));
}

export function isAddress(path: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]+:/.test(path);
}
