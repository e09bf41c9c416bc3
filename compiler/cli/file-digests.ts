/** Digests of the files behind a program: models with their weights, externs with what they import. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { buildSync } from "esbuild";
import type { BuildOptions } from "esbuild";
import type { CheckedExtern, CheckedModel } from "../../language/check/checked-program.ts";
import { nativePackages } from "../emit/bundle.ts";
import type { FileDigests } from "../emit/fingerprint.ts";
import type { ModelFiles } from "../onnx/byte-source.ts";
import { readModel } from "../onnx/read-model.ts";
import { openModelFiles } from "./model-files.ts";

const blockBytes = 8 * 2 ** 20;

/** `folder` is the folder that the paths of `.pipe` files are relative to. Each model is read once. */
export function createFileDigests(folder: string): FileDigests {
  const known = new Map<string, string | undefined>();
  return {
    model({ fromFile, file }: CheckedModel) {
      const path = resolve(folder, dirname(fromFile), file);
      if (!known.has(path)) known.set(path, modelDigest(path));
      return known.get(path);
    },
    extern: ({ fromFile, module }: CheckedExtern) => moduleDigest(resolve(folder, dirname(fromFile), module)),
  };
}

/** Of the model's file and, in the order of their names, of the files that its weights lie in. */
function modelDigest(path: string): string | undefined {
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) return undefined;
  try {
    const locations = new Set<string>();
    // Reading checks every tensor's place, and so opens every file there is.
    const openExternal: ModelFiles["openExternal"] = (location) => {
      locations.add(location);
      return opened.files.openExternal(location);
    };
    readModel({ ...opened.files, openExternal });
    const hash = createHash("sha256");
    addFile(hash, path);
    for (const location of [...locations].sort()) {
      const file = opened.pathOf(location);
      hash.update(`\0${location}\0`);
      if (file !== undefined) addFile(hash, file);
    }
    return hash.digest("hex");
  } finally {
    opened.close();
  }
}

function addFile(hash: ReturnType<typeof createHash>, path: string): void {
  const file = openSync(path, "r");
  const block = new Uint8Array(blockBytes);
  try {
    for (let got = readSync(file, block); got > 0; got = readSync(file, block)) hash.update(block.subarray(0, got));
  } finally {
    closeSync(file);
  }
}

/**
 * Of the module's code as it is bundled, packages included, so that spaces and comments do not count; without packages
 * where one cannot be bundled, and of its text where it cannot be itself.
 */
function moduleDigest(path: string): string | undefined {
  const hash = createHash("sha256");
  const code = bundledCode(path, { external: [...nativePackages, "pipec", "pipec/*"] }) ?? bundledCode(path, { packages: "external" });
  if (code !== undefined) return hash.update(code).digest("hex");
  try {
    return hash.update(readFileSync(path)).digest("hex");
  } catch {
    return undefined;
  }
}

function bundledCode(path: string, options: Pick<BuildOptions, "external" | "packages">): string | undefined {
  try {
    const { outputFiles } = buildSync({ entryPoints: [path], bundle: true, write: false, platform: "node", format: "esm", minifyWhitespace: true, legalComments: "none", logLevel: "silent", absWorkingDir: dirname(path), tsconfigRaw: "{}", ...options });
    return outputFiles?.[0]?.text;
  } catch {
    return undefined;
  }
}
