/** Models for tests: read from files, from bytes, or made by a builder. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { bytesModel } from "../../compiler/onnx/byte-source.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelGraph } from "../../compiler/onnx/model-graph.ts";
import { readModel } from "../../compiler/onnx/read-model.ts";
import { ropeBytes } from "../../compiler/onnx/rope.ts";

/** Reads a model that must be sound. */
export function readSound(name: string, bytes: Uint8Array, external?: ReadonlyMap<string, Uint8Array>): ModelGraph {
  const { model, diagnostics } = readModel(bytesModel(name, bytes, external));
  if (!model || diagnostics.length > 0) throw new Error(`${name}: ${diagnostics.map((diagnostic) => diagnostic.message).join("; ")}`);
  return model;
}

export function readFile(path: string): ModelGraph {
  return readSound(basename(path), readFileSync(path));
}

export function builtBytes(builder: ModelBuilder): Uint8Array {
  return ropeBytes(builder.build().model);
}

export function builtModel(builder: ModelBuilder): ModelGraph {
  return readSound("built.onnx", builtBytes(builder));
}
