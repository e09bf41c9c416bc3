/**
 * A model's files on disk. The only place where model bytes are opened, and so the place that keeps reading inside
 * the model's folder: external data must be a regular file below it, reached without links that lead out of it.
 *
 * A path is resolved once and the descriptor kept, so what was checked is what is read.
 */
import { closeSync, constants, existsSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, sep } from "node:path";
import { onnxCodes } from "../../language/diagnostics/codes/onnx.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import type { ByteSource, ModelFiles } from "../onnx/byte-source.ts";
import { visibleName } from "../onnx/inspect/format-quantity.ts";
import { quoteName, reportInModel } from "../onnx/model-diagnostics.ts";

export interface OpenModel {
  readonly files: ModelFiles;
  /** The real path of the file behind an external location, once `openExternal` has accepted it. */
  pathOf(location: string): string | undefined;
  close(): void;
}

/** Opens a model file for reading; a diagnostic if it is no readable regular file. `shown`: the path as the user gave it. */
export function openModelFiles(path: string, shown?: string): OpenModel | { readonly diagnostic: Diagnostic } {
  const main = openRegular(path);
  if ("refused" in main) return { diagnostic: reportInModel(onnxCodes.modelUnreadable, { file: visibleName(shown ?? path), what: `${main.refused}${modelsInside(path)}` }) };
  // External data belongs beside the file itself, also where the given path is a link to it.
  const folder = dirname(realpathSync(path));
  const externals = new Map<string, OpenFile | Refused>();
  const openExternal = (location: string): OpenFile | Refused => {
    const opened = externals.get(location) ?? openInside(folder, location);
    externals.set(location, opened);
    return opened;
  };
  return {
    files: { name: visibleName(shown ?? basename(path)), main, openExternal },
    pathOf: (location) => {
      const opened = externals.get(location);
      return opened && "path" in opened ? opened.path : undefined;
    },
    close() {
      main.close();
      for (const file of externals.values()) if ("close" in file) file.close();
    },
  };
}

/** Exporters write folders: says which file of one is the model. */
function modelsInside(path: string): string {
  const found = ["model.json", "model.onnx"].filter((name) => existsSync(join(path, name)));
  return found.length === 0 ? "" : `; the model is the file ${found.join(" or ")} in it`;
}

interface Refused {
  readonly refused: string;
}

interface OpenFile extends ByteSource {
  readonly path: string;
  close(): void;
}

function openInside(folder: string, location: string): OpenFile | Refused {
  if (location === "" || location.includes("\0")) return { refused: "it names no file" };
  const shown = quoteName(location);
  const parts = location.split(/[\\/]/);
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location) || parts.includes("..")) {
    return { refused: `${shown} leads out of the model's folder` };
  }
  let real: string;
  try {
    real = realpathSync(join(folder, normalize(location)));
  } catch {
    return { refused: `there is no file ${shown} in the model's folder` };
  }
  const inside = folder.endsWith(sep) ? folder : folder + sep;
  if (!real.startsWith(inside)) return { refused: `${shown} is a link that leads out of the model's folder` };
  return openRegular(real);
}

/** Opens without following a last link (the path was resolved) and without waiting on a pipe. */
function openRegular(path: string): OpenFile | Refused {
  let descriptor: number;
  try {
    descriptor = openSync(realpathSync(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    return { refused: reasonOf(error) };
  }
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    return { refused: stat.isDirectory() ? "it is a folder" : "it is no regular file" };
  }
  return { path, size: stat.size, read: (offset, length) => readAt(descriptor, offset, length), close: () => closeSync(descriptor) };
}

function readAt(descriptor: number, offset: number, length: number): Uint8Array {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const got = readSync(descriptor, buffer, filled, length - filled, offset + filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}

/** The reason of a failed system call in plain words, without the path (the message has it). */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT": return "there is no such file";
    case "EACCES": case "EPERM": return "permission denied";
    case "ELOOP": return "it is a link that goes in circles";
    case "ENXIO": return "it is no regular file";
    default: return typeof code === "string" ? `the system reports ${code}` : "the system refuses to open it";
  }
}
