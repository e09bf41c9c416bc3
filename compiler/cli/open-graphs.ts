/** The model files of a program, each opened once and held open while a plan reads them. */
import { dirname, resolve } from "node:path";
import type { CheckedModel } from "../../language/check/checked-program.ts";
import type { ModelGraph } from "../onnx/model-graph.ts";
import { readModel } from "../onnx/read-model.ts";
import { openModelFiles } from "./model-files.ts";

export interface OpenGraphs {
  /** Undefined for a file that is no readable ONNX model. */
  readonly read: (model: CheckedModel) => ModelGraph | undefined;
  readonly close: () => void;
}

/** `folder` is the folder that the paths of `.pipe` files are relative to. */
export function openGraphs(folder: string): OpenGraphs {
  const graphs = new Map<string, ModelGraph | undefined>();
  const open: (() => void)[] = [];
  return {
    read({ fromFile, file }) {
      const path = resolve(folder, dirname(fromFile), file);
      if (graphs.has(path)) return graphs.get(path);
      const opened = openModelFiles(path);
      if (!("diagnostic" in opened)) open.push(() => opened.close());
      const graph = "diagnostic" in opened ? undefined : readModel(opened.files).model;
      graphs.set(path, graph);
      return graph;
    },
    close() {
      for (const close of open) close();
    },
  };
}
