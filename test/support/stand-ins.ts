/**
 * A program of several texts, checked against the real catalogue, with stand-ins for what lies outside the texts:
 * files named `*.onnx` list the ports of a model (`input pixels: f32[batch, 3, 224, 224]`) and what inference gives
 * (`infer logits: [N, 1000]`), one named `params` the values given at build (`size=3`).
 */
import { loadCatalog } from "../../compiler/models/load-catalog.ts";
import type { ModelPort, ModelRequest, ModelSignatureResult } from "../../language/catalog/catalog.ts";
import { checkProgram } from "../../language/check/check-program.ts";
import type { CheckResult } from "../../language/check/check-program.ts";
import { verifyCheckedProgram } from "../../language/check/verify-checked-program.ts";
import { hasErrors } from "../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { resolvePath } from "../../language/names/load-modules.ts";
import { createSourceFile } from "../../language/source/source-file.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import { parseFile } from "../../language/syntax/parse.ts";
import { dimName, dimOf } from "../../language/tensor/dim.ts";
import type { Dim } from "../../language/tensor/dim.ts";
import { isDtype } from "../../language/tensor/dtype.ts";

export interface CheckedTexts extends CheckResult {
  /** Those of the main file's syntax too. */
  readonly all: readonly Diagnostic[];
}

/** Checks the first of the files as the main file. */
export function checkFiles(files: readonly SourceFile[]): CheckedTexts {
  const [main] = files;
  if (main === undefined) throw new Error("there is no file to check");
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const parsed = parseFile(main);
  const result = checkProgram(parsed.ast, main, {
    catalog: loadCatalog((request) => standInModel(texts, request)),
    mainIsBroken: hasErrors(parsed.diagnostics),
    loadFile: (path) => texts.get(path),
    buildParams: Object.fromEntries((texts.get("params") ?? "").split("\n").filter((line) => line !== "").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])),
  });
  const all = [...parsed.diagnostics, ...result.diagnostics];
  const program = hasErrors(all) ? undefined : result.program;
  if (program !== undefined) verifyCheckedProgram(program);
  return { ...result, program, all };
}

/** Checks a text; `others` are further files by path. */
export function checkText(text: string, others: Readonly<Record<string, string>> = {}): CheckedTexts {
  return checkFiles([createSourceFile("main.pipe", text), ...Object.entries(others).map(([path, other]) => createSourceFile(path, other))]);
}

function standInModel(texts: ReadonlyMap<string, string>, request: ModelRequest): ModelSignatureResult {
  const text = texts.get(resolvePath(request.fromFile, request.file));
  if (text === undefined) return { ok: false, code: "missing", reason: "there is no such file" };
  if (text.startsWith("unreadable: ")) return { ok: false, code: "unreadable", reason: text.slice(12).trim() };
  const lines = text.split("\n").filter((line) => line !== "");
  const ports = (side: string): ModelPort[] => lines.filter((line) => line.startsWith(`${side} `)).map((line) => readPort(line.slice(side.length + 1)));
  const inferred = new Map(lines.filter((line) => line.startsWith("infer ")).map((line) => readInferred(line.slice(6))));
  return { ok: true, signature: {
    inputs: ports("input"), outputs: ports("output"), weightBytes: 1000, ...(inferred.size === 0 ? {} : { inferOutputs: () => inferred }),
  } };
}

/** `name: f32[batch, 3]`, `name: sequence`. */
function readPort(line: string): ModelPort {
  const [, name = "", type = "", , shape] = /^(\S+): (\w+)(\[(.*)\])?$/.exec(line) ?? [];
  if (type === "sequence" || type === "map" || type === "optional") return { name, kind: type };
  if (!isDtype(type)) throw new Error(`"${line}" is no port`);
  if (shape === undefined) return { name, kind: "tensor", dtype: type };
  const dims = shape.split(",").map((dim) => dim.trim()).filter((dim) => dim !== "");
  return { name, kind: "tensor", dtype: type, shape: dims.map((dim) => (/^\d+$/.test(dim) ? Number(dim) : dim === "?" ? undefined : dim)) };
}

/** `y: [N, T, 8]`: numbers and plain names. */
function readInferred(line: string): readonly [string, readonly Dim[]] {
  const [name = "", shape = ""] = line.split(": ");
  return [name, shape.slice(1, -1).split(", ").map((dim) => (/^\d+$/.test(dim) ? dimOf(BigInt(dim)) : dimName(dim)))];
}
