/** The rim of the compiler: finds the file, reads what it imports, opens its models, and runs the passes. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { buildCodes } from "../../language/diagnostics/codes/build.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { FileDigests } from "../emit/fingerprint.ts";
import { loadCatalog } from "../models/load-catalog.ts";
import { compile } from "../pipeline.ts";
import type { Compilation, PassName } from "../pipeline.ts";
import { createFileDigests } from "./file-digests.ts";
import { findProgram } from "./find-program.ts";
import { createModelReader } from "./model-reader.ts";
import { openGraphs } from "./open-graphs.ts";
import type { OpenGraphs } from "./open-graphs.ts";
import type { PlanningInputs } from "./planning-inputs.ts";
import { advice, reportNowhere } from "./report.ts";

export interface CompileOptions extends PlanningInputs {
  readonly file: string | undefined;
  /** "name=value", as given. */
  readonly params: readonly string[];
  /** Where `out.js` goes, relative to `cwd`; beside the program where not given. */
  readonly out?: string;
  readonly tests?: boolean;
  /** Only the bundle that measures the program's stages. */
  readonly measuring?: boolean;
  /** False: leave the hardware that the program states alone. */
  readonly solve?: boolean;
}

export type CompiledFile =
  | { readonly ok: true; readonly file: string; readonly outFile: string; readonly toMain: string; readonly toCwd: string; readonly compilation: Compilation }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** What may be done with a compilation while its models' files are open. */
export interface OpenCompilation {
  readonly compilation: Compilation;
  readonly outFile: string;
  readonly graphs: OpenGraphs;
  readonly digests: FileDigests;
}

/** `ok: false`: the command line itself is at fault (exit 2). `finish` is called before the models' files are closed. */
export function compileFile(cwd: string, options: CompileOptions, last: PassName, finish?: (open: OpenCompilation) => void): CompiledFile {
  const found = findProgram(cwd, options.file);
  if (!found.ok) return { ok: false, diagnostics: [found.diagnostic] };
  const params = parseParams(options.params);
  if ("diagnostics" in params) return { ok: false, diagnostics: params.diagnostics };
  const outFile = resolve(cwd, options.out ?? resolve(cwd, dirname(found.file), "out.js"));
  const fromOut = (folder: string): string => relative(dirname(outFile), folder).split(sep).join("/");
  const toMain = fromOut(dirname(resolve(cwd, found.file)));
  const toCwd = fromOut(cwd);
  const catalog = loadCatalog(createModelReader(cwd));
  const graphs = openGraphs(cwd);
  const digests = createFileDigests(cwd);
  const { hardware, calibration } = options;
  const planning = { ...(hardware === undefined ? {} : { hardware }), ...(calibration === undefined ? {} : { calibration }) };
  const request = { file: found.file, ...planning, ...(options.solve === false ? {} : { readGraph: graphs.read }), text: found.text, loadFile: fileLoader(cwd), catalog, buildParams: Object.fromEntries(params.values), toMain, toCwd, digests, tests: options.tests === true };
  try {
    const compilation = compile(request, last);
    finish?.({ compilation, outFile, graphs, digests });
    return { ok: true, file: found.file, outFile, toMain, toCwd, compilation };
  } finally {
    graphs.close();
  }
}

function fileLoader(cwd: string): (path: string) => string | undefined {
  return (path) => {
    const full = resolve(cwd, path);
    try {
      return existsSync(full) ? readFileSync(full, "utf8") : undefined;
    } catch {
      return undefined;
    }
  };
}

function parseParams(texts: readonly string[]): { readonly values: ReadonlyMap<string, string> } | { readonly diagnostics: readonly Diagnostic[] } {
  const values = new Map<string, string>();
  const bad: Diagnostic[] = [];
  for (const text of texts) {
    const cut = text.indexOf("=");
    if (cut > 0) values.set(text.slice(0, cut), text.slice(cut + 1));
    else bad.push(reportNowhere(buildCodes.malformedParam, { text }, { fix: advice("write `--param name=value`") }));
  }
  return bad.length > 0 ? { diagnostics: bad } : { values };
}
