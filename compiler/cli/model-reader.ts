/** Answers the checker's questions about model files: reads the structure of each once, never its weights. */
import { dirname, resolve } from "node:path";
import type { ModelRequest, ModelSignatureResult } from "../../language/catalog/catalog.ts";
import { printShape } from "../../language/tensor/print-dim.ts";
import { modelSignature } from "../models/model-signature.ts";
import { modelUnderInputs } from "../models/model-under-inputs.ts";
import type { InputShapes, ModelUnderInputs } from "../models/model-under-inputs.ts";
import { readModel } from "../onnx/read-model.ts";
import { openModelFiles } from "./model-files.ts";

/** `folder` is the folder that the paths of `.pipe` files are relative to. */
export function createModelReader(folder: string): (request: ModelRequest) => ModelSignatureResult {
  const known = new Map<string, ModelSignatureResult>();
  return ({ fromFile, file }) => {
    const path = resolve(folder, dirname(fromFile), file);
    const result = known.get(path) ?? readSignature(path);
    known.set(path, result);
    return result;
  };
}

function readSignature(path: string): ModelSignatureResult {
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) return { ok: false, code: "missing", reason: reasonOf(opened.diagnostic.message) };
  try {
    const { model, diagnostics } = readModel(opened.files);
    const under = analyser(path);
    if (model !== undefined) {
      return { ok: true, signature: { ...modelSignature(model), inferOutputs: (inputs) => under(inputs)?.outputs, activationBytes: (inputs) => under(inputs)?.activationBytes } };
    }
    return { ok: false, code: "unreadable", reason: diagnostics[0]?.message ?? "it holds no model" };
  } finally {
    opened.close();
  }
}

/** Opens the file again when asked: inference reads small constants, and a file is not held open between checks. */
function analyser(path: string): (inputs: InputShapes) => ModelUnderInputs | undefined {
  const known = new Map<string, ModelUnderInputs | undefined>();
  return (inputs) => {
    const key = JSON.stringify([...inputs].map(([name, shape]) => [name, printShape(shape)]));
    if (!known.has(key)) known.set(key, analyse(path, inputs));
    return known.get(key);
  };
}

function analyse(path: string, inputs: InputShapes): ModelUnderInputs | undefined {
  const opened = openModelFiles(path);
  if ("diagnostic" in opened) return undefined;
  try {
    const { model } = readModel(opened.files);
    return model && modelUnderInputs(model, inputs);
  } finally {
    opened.close();
  }
}

/** "… cannot be read: there is no such file" without the path, which the checker's message has as it was written. */
function reasonOf(message: string): string {
  const cut = message.lastIndexOf(" cannot be read: ");
  return cut < 0 ? message : message.slice(cut + " cannot be read: ".length);
}
