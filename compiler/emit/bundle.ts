/**
 * Bundles the emitted program, the runtime, the kernels it uses and the user's externs into one `out.js` that runs as
 * CommonJS or as an ES module, whatever the nearest package.json says. Native packages stay outside.
 *
 * Output is deterministic and free of machine paths: files of packages are named by package, pipec's own by `pipec/`.
 */
import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { build } from "esbuild";
import type { BuildFailure, Message, Plugin } from "esbuild";
import { moduleFile } from "./package-layout.ts";
import type { PackageLayout } from "./package-layout.ts";
import { banner, footer, namePackages } from "./wrapper.ts";

/** Packages with native parts or files beside their code, loaded at run time from where pipec is installed. */
export const nativePackages = ["onnxruntime-node", "sharp", "tokenizers", "@bokuweb/zstd-wasm", "@cornerstonejs/codec-libjpeg-turbo-8bit"] as const;

export interface BundleRequest {
  readonly layout: PackageLayout;
  /** The emitted program with its inline source map. */
  readonly programText: string;
  /** Where that text is written: the place its imports are relative to. */
  readonly programFile: string;
  /** The bundle to make; only its folder and name matter here, nothing is written. */
  readonly outFile: string;
  /** Which function of the runtime starts: the program's command line, its tests, or the measuring of its stages. */
  readonly entry: "main" | "tests" | "measuring";
}

export type BundleResult =
  | { readonly ok: true; readonly code: string; readonly map: string }
  | { readonly ok: false; readonly problems: readonly BundleProblem[] };

/** A problem in a user's module: `file` as esbuild names it, relative to the output's folder. */
export interface BundleProblem {
  readonly text: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly lineText: string | undefined;
}

export async function bundleProgram(request: BundleRequest): Promise<BundleResult> {
  const folder = dirname(request.outFile);
  try {
    const result = await build({
      stdin: { contents: entryText(request), resolveDir: folder, sourcefile: "pipec-entry.ts", loader: "ts" },
      bundle: true,
      write: false,
      platform: "node",
      target: "node20",
      format: "iife",
      outfile: request.outFile,
      absWorkingDir: folder,
      sourcemap: "external",
      legalComments: "none",
      charset: "utf8",
      logLevel: "silent",
      external: [...nativePackages],
      define: { "import.meta.url": "pipecUrl" },
      banner: { js: banner },
      footer: { js: footer },
      tsconfigRaw: "{}",
      metafile: true,
      plugins: [programPlugin(request), pipecPlugin(request.layout), nativePlugin],
    });
    const [map, code] = ["map", "js"].map((ending) => result.outputFiles.find((file) => file.path.endsWith(`.${ending}`))?.text ?? "");
    const natives = Object.values(result.metafile.outputs).flatMap(({ imports }) => imports.filter(({ path, external }) => external === true && isNative(path)).map(({ path }) => path));
    return { ok: true, code: namePackages(withoutPaths(code ?? ""), [...new Set(natives)].sort()) + mapComment(request.outFile), map: cleanMap(map ?? "", request) };
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    return { ok: false, problems: error.errors.map(toProblem) };
  }
}

function entryText(request: BundleRequest): string {
  switch (request.entry) {
    case "main":
      return `import program from "pipec-program"; import { main } from "pipec/runtime"; main(program, pipecFile);`;
    case "tests":
      return `import program, { tests } from "pipec-program"; import { runTests } from "pipec/testing"; runTests(program, tests, pipecFile);`;
    case "measuring":
      return `import program from "pipec-program"; import { measureProgram } from "pipec/measuring"; measureProgram(program, pipecFile);`;
  }
}

/** Gives the program's text without its being on disk yet. */
function programPlugin(request: BundleRequest): Plugin {
  return {
    name: "program",
    setup(context) {
      context.onResolve({ filter: /^pipec-program$/ }, () => ({ path: request.programFile }));
      // The program's folder need not exist yet, and esbuild resolves nothing from a folder that is not there.
      context.onResolve({ filter: /^\.\.?\// }, (args) => {
        const file = join(dirname(request.programFile), args.path);
        return args.importer === request.programFile && existsSync(file) ? { path: file } : undefined;
      });
      context.onLoad({ filter: /\/(program|tests)\.ts$/ }, (args) => {
        if (args.path !== request.programFile) return undefined;
        return { contents: request.programText, loader: "ts", resolveDir: dirname(request.programFile) };
      });
    },
  };
}

/** Resolves `pipec/…` to the package this compiler is from, wherever the program stands. */
function pipecPlugin(layout: PackageLayout): Plugin {
  return {
    name: "pipec",
    setup(context) {
      context.onResolve({ filter: /^pipec\// }, (args) => {
        const file = moduleFile(layout, args.path);
        return file === undefined ? { errors: [{ text: `pipec has no module ${args.path}` }] } : { path: file };
      });
    },
  };
}

function isNative(path: string): boolean {
  return nativePackages.some((name) => path === name || path.startsWith(`${name}/`));
}

/** `import()` would look from the program's folder alone: a module that calls `require`, which the banner makes, stands between. */
const nativePlugin: Plugin = {
  name: "native",
  setup(context) {
    context.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => (kind === "dynamic-import" && isNative(path) ? { path, namespace: "native" } : undefined));
    context.onLoad({ filter: /^/, namespace: "native" }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)});`, loader: "js" }));
  },
};

/** esbuild names modules by where they lie; replaced line by line, so that the map stays right. */
function withoutPaths(code: string): string {
  return code
    .replace(/^([ \t]*\/\/ |[ \t]*")(?:\.\.?\/)*(?:[^\n"]*\/)?node_modules\/([^\n]*)$/gm, "$1npm:$2")
    .replace(/^([ \t]*\/\/ )(?:\.\.\/)+(?:[^\n]*\/)?(?:dist\/lib\/)?((?:runtime|stdlib)\/[^\n]*)$/gm, "$1pipec:$2");
}

function mapComment(outFile: string): string {
  return `//# sourceMappingURL=${outFile.slice(outFile.lastIndexOf(sep) + 1)}.map\n`;
}

interface RawMap {
  readonly version: number;
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly mappings: string;
  readonly names: readonly string[];
}

/** Keeps the program's own sources with their text; names those of pipec and of packages without saying where they lie. */
function cleanMap(text: string, request: BundleRequest): string {
  const map = JSON.parse(text) as RawMap;
  const folder = dirname(request.outFile);
  const named = map.sources.map((source) => sourceName(source, folder, request.layout.root));
  const sourcesContent = named.map((name, index) => (name.startsWith("npm:") || name.startsWith("pipec:") ? null : (map.sourcesContent?.[index] ?? null)));
  return `${JSON.stringify({ version: 3, sources: named, sourcesContent, names: map.names, mappings: map.mappings })}\n`;
}

function sourceName(source: string, folder: string, root: string): string {
  const parts = source.split("/");
  const modules = parts.lastIndexOf("node_modules");
  if (modules >= 0) return `npm:${parts.slice(modules + 1).join("/")}`;
  const inside = relative(root, join(folder, source)).split(sep).join("/");
  const own = inside.replace(/^dist\/lib\//, "");
  return /^(runtime|stdlib)\//.test(own) ? `pipec:${own}` : source;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function toProblem(message: Message): BundleProblem {
  return { text: message.text, file: message.location?.file, line: message.location?.line, lineText: message.location?.lineText };
}
