/** Answers the checker's questions about model files: opens each once, reads its structure, never its weights. */
import { dirname, resolve } from "node:path";
import type { ModelRequest, ModelSignatureResult } from "../../language/catalog/catalog.ts";
import { modelSignature } from "../models/model-signature.ts";
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
    if (model !== undefined) return { ok: true, signature: modelSignature(model) };
    return { ok: false, code: "unreadable", reason: diagnostics[0]?.message ?? "it holds no model" };
  } finally {
    opened.close();
  }
}

/** "… cannot be read: there is no such file" without the path, which the checker's message has as it was written. */
function reasonOf(message: string): string {
  const cut = message.lastIndexOf(" cannot be read: ");
  return cut < 0 ? message : message.slice(cut + " cannot be read: ".length);
}
