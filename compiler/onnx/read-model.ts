/**
 * Reads an ONNX model (ModelProto) without its weights.
 *
 * After it: either the model is structurally sound (every used value is produced once and before its use in some
 * order, functions do not recurse, tensors fit their data) or there is at least one error. A model that contradicts
 * itself in structure is not given out at all, so the passes after need no guards; one whose weights are missing is.
 */
import { onnxCodes } from "../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { ByteRange, ByteSource, ModelFiles } from "./byte-source.ts";
import { checkModel } from "./check-model.ts";
import { checkTensors } from "./check-tensors.ts";
import { reportInModel } from "./model-diagnostics.ts";
import type { Graph, LocalFunction, ModelGraph } from "./model-graph.ts";
import { readFunction, readGraph, readOpset } from "./read-graph.ts";
import { readEntry } from "./read-tensor-ref.ts";
import { createWireReader, WireError, type WireLimits, type WireReader } from "./wire.ts";

export interface ReadResult {
  /** Absent if the structure could not be read or contradicts itself. */
  readonly model?: ModelGraph;
  readonly diagnostics: readonly Diagnostic[];
  /** Bytes of the model's own file that were read. */
  readonly bytesRead: number;
}

/** Reads a model's structure. Never throws at what a file holds; errors of the source itself (I/O) pass through. */
export function readModel(files: ModelFiles, limits?: WireLimits): ReadResult {
  const wire = createWireReader(files.main, limits);
  try {
    const found = readModelProto(wire, files);
    if (typeof found === "string") {
      return { diagnostics: [reportInModel(onnxCodes.modelEmpty, { file: files.name, what: found })], bytesRead: wire.bytesRead() };
    }
    const structure = checkModel(found);
    if (structure.some((diagnostic) => diagnostic.severity === "error")) return { diagnostics: structure, bytesRead: wire.bytesRead() };
    return { model: found, diagnostics: [...structure, ...checkTensors(found)], bytesRead: wire.bytesRead() };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const text = describeText(files.main);
    if (text !== undefined) return { diagnostics: [reportInModel(onnxCodes.modelEmpty, { file: files.name, what: text })], bytesRead: wire.bytesRead() };
    return { diagnostics: [wireDiagnostic(error, files.name)], bytesRead: wire.bytesRead() };
  }
}

/** What people often have in place of a model: a page, a pointer that stands for a large file. Undefined for other bytes. */
function describeText(source: ByteSource): string | undefined {
  const start = source.read(0, Math.min(source.size, textBytes));
  if (start.some((byte) => byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13))) return undefined;
  const isPointer = new TextDecoder().decode(start).startsWith("version https://git-lfs");
  return isPointer ? "it is a pointer of Git LFS; `git lfs pull` fetches the file" : "it is a text file";
}

const textBytes = 64;

function wireDiagnostic(error: WireError, file: string): Diagnostic {
  if (error.kind === "limit") return reportInModel(onnxCodes.modelTooLarge, { file, what: error.message });
  return reportInModel(onnxCodes.modelMalformed, { file, what: error.message, offset: error.offset });
}

/** The model, or a sentence saying why the bytes are none. */
function readModelProto(wire: WireReader, files: ModelFiles): ModelGraph | string {
  if (files.main.size === 0) return "the file is empty";
  let irVersion = 0;
  let graphs = 0;
  let graph: Graph | undefined;
  const producer = { name: "", version: "" };
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const functions: LocalFunction[] = [];
  const whole: ByteRange = { offset: 0, length: files.main.size };
  wire.fields(whole, (field) => {
    if (field.number !== 1 && (field.type !== "bytes" || !modelFields.has(field.number))) return;
    switch (field.number) {
      case 1: irVersion = field.value; break;
      case 2: producer.name = wire.text(field); break;
      case 3: producer.version = wire.text(field); break;
      case 7: graph = readGraph(wire, field, 0); graphs++; break;
      case 8: readOpset(wire, field, opsets); break;
      case 14: readEntry(wire, field, metadata); break;
      case 25: functions.push(readFunction(wire, field)); break;
    }
  });
  if (!graph) return "it has no graph";
  if (graphs > 1) return "it has more than one graph";
  if (opsets.size === 0 && irVersion === 0) return "it states no IR version and no operator set";
  // Before IR version 3 there was one, unnamed, operator set.
  if (!opsets.has("")) opsets.set("", irVersion < 3 ? 1 : standardOpsetWhenUnstated);
  return { files, irVersion, opsets, producer, metadata, graph, functions };
}

const modelFields: ReadonlySet<number> = new Set([2, 3, 7, 8, 14, 25]);
/** A model of custom operators only states no standard opset; nodes that are none then still need a version. */
const standardOpsetWhenUnstated = 1;
