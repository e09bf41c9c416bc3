/** `pipec inspect MODEL [--dim name=value ...] [--json] [--html FILE]`: what a model is, costs and needs. */
import { basename, resolve } from "node:path";
import { onnxCodes } from "../../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { sourcesOf } from "../../../language/diagnostics/render.ts";
import { emitInspectionHtml } from "../../onnx/inspect/emit-inspection-html.ts";
import { inspectModel } from "../../onnx/inspect/inspect-model.ts";
import { inspectionJson } from "../../onnx/inspect/inspection-json.ts";
import { emptyInspection, type Inspection } from "../../onnx/inspect/inspection.ts";
import { printInspection } from "../../onnx/inspect/print-inspection.ts";
import { quoteName, reportInModel } from "../../onnx/model-diagnostics.ts";
import { inspectTfjs } from "../../onnx/tfjs/inspect-tfjs.ts";
import { exitCodes, type Io } from "../io.ts";
import { openModelFiles } from "../model-files.ts";
import { showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

export interface InspectArgs {
  readonly model: string;
  /** As typed: "batch=8". */
  readonly dims: readonly string[];
  readonly json: boolean;
  /** Where to write the page. */
  readonly html: string | undefined;
}

/** Inspects a model file; the exit code is 1 if there was an error to report, 2 where only the command line is at fault. */
export async function runInspect(args: InspectArgs, io: Io): Promise<number> {
  const { bindings, diagnostics } = readBindings(args.dims);
  if (diagnostics.length > 0) {
    showDiagnostics(io, diagnostics, sourcesOf());
    return exitCodes.usage;
  }
  const inspection = inspectFile(args.model, resolve(io.cwd, args.model), bindings);
  if (args.json) io.stdout(inspectionJson(inspection));
  else {
    if (inspection.nodes.length > 0) io.stdout(printInspection(inspection));
    showDiagnostics(io, inspection.diagnostics, sourcesOf());
  }
  const unwritten = args.html === undefined ? undefined : writeFiles([{ path: resolve(io.cwd, args.html), shown: args.html, text: emitInspectionHtml(inspection) }]);
  if (unwritten) showDiagnostics(io, [unwritten], sourcesOf());
  return unwritten ? exitCodes.diagnostics : exitCodeFor(inspection.diagnostics);
}

/** What the command line names: a file that is not there, a dimension that the model does not have. */
const usageCodes: ReadonlySet<string> = new Set([onnxCodes.modelUnreadable.code, onnxCodes.dimUnknown.code]);

function exitCodeFor(diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  if (errors.length === 0) return exitCodes.ok;
  return errors.every((error) => usageCodes.has(error.code)) ? exitCodes.usage : exitCodes.diagnostics;
}

/** Models named *.json are TensorFlow.js models, all others ONNX. */
function inspectFile(shown: string, path: string, bindings: ReadonlyMap<string, number>): Inspection {
  const opened = openModelFiles(path, shown);
  if ("diagnostic" in opened) return emptyInspection(shown, [opened.diagnostic]);
  try {
    return basename(path).endsWith(".json") ? inspectTfjs(opened.files) : inspectModel(opened.files, bindings);
  } finally {
    opened.close();
  }
}

/** Parses `--dim` options; names may be anything, also expressions such as `batch*sequence`. */
function readBindings(dims: readonly string[]): { readonly bindings: ReadonlyMap<string, number>; readonly diagnostics: readonly Diagnostic[] } {
  const bindings = new Map<string, number>();
  const diagnostics: Diagnostic[] = [];
  for (const text of dims) {
    const [, name = "", value = ""] = /^(.+)=(\d{1,15})$/.exec(text) ?? [];
    if (name === "") diagnostics.push(reportInModel(onnxCodes.dimMalformed, { text: quoteName(text) }));
    else bindings.set(name, Number(value));
  }
  return { bindings, diagnostics };
}
