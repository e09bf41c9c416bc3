/** Small models of whole numbers, whole and for ranks by hand: two layers, the first by column, the second by row. */
import { createModelBuilder } from "../../compiler/onnx/build-model.ts";
import type { ModelBuilder } from "../../compiler/onnx/build-model.ts";
import { put } from "./cut-model.ts";
import { rankFile } from "./gang-ranks.ts";
import { builtBytes } from "./onnx-models.ts";

const [width, hidden, tableRows] = [4, 8, 200];

const whole = (count: number, salt: number): readonly number[] => Array.from({ length: count }, (_, index) => ((index * 7 + salt) % 5) - 2);
const [up, down, mix] = [whole(width * hidden, 1), whole(hidden * width, 2), whole(width * width, 3)];
const bias = [1, -2, 3, -4];

/** Zero for every row whose last number stands in the table; a fault for the others. */
function check(graph: ModelBuilder, x: string): string {
  const last = graph.node("Gather", [x, graph.ints("last", [], [width - 1])], { axis: 1 });
  return graph.node("Gather", [graph.floats("table", [tableRows, width], Array.from({ length: tableRows * width }, () => 0)), graph.node("Cast", [last], { to: 7 })], { axis: 0 });
}

function build(make: (graph: ModelBuilder) => void): Uint8Array {
  const graph = createModelBuilder(17, 1);
  make(graph);
  return builtBytes(graph);
}

/** Writes the whole model, and the same as a first part of `count` ranks and a last part. */
export function writeGangModels(folder: string, count: number): void {
  put(folder, "models/whole.onnx", build((graph) => {
    const x = graph.input("x", "f32", ["N", width]);
    const h = graph.node("Relu", [graph.node("MatMul", [x, graph.floats("up", [width, hidden], up)])]);
    const sum = graph.node("Sum", [graph.node("MatMul", [h, graph.floats("down", [hidden, width], down)]), check(graph, x), graph.floats("bias", [width], bias)]);
    graph.node("Add", [graph.node("MatMul", [sum, graph.floats("mix", [width, width], mix)]), x], {}, { outputs: ["y"] });
    graph.output("y", "f32", ["N", width]);
  }));
  put(folder, "models/last.onnx", build((graph) => {
    const [m, x] = ["m", "x"].map((name) => graph.input(name, "f32", ["N", width]));
    graph.node("Add", [m, x], {}, { outputs: ["y"] });
    graph.output("y", "f32", ["N", width]);
  }));
  for (let rank = 0; rank < count; rank++) writeRank(folder, rank, count);
}

function writeRank(folder: string, rank: number, count: number): void {
  const columns = (values: readonly number[], of: number): readonly number[] => values.filter((_, index) => Math.floor(((index % of) * count) / of) === rank);
  const share = hidden / count;
  put(folder, rankFile(rank, 0), build((graph) => {
    const x = graph.input("x", "f32", ["N", width]);
    const h = graph.node("Relu", [graph.node("MatMul", [x, graph.floats("up", [width, share], columns(up, hidden))])]);
    const p = graph.node("MatMul", [h, graph.floats("down", [share, width], down.slice(rank * share * width, (rank + 1) * share * width))]);
    // One rank alone can fail.
    graph.node("Sum", rank === 1 ? [p, check(graph, x)] : [p], {}, { outputs: ["p"] });
    graph.output("p", "f32", ["N", width]);
  }));
  put(folder, rankFile(rank, 1), build((graph) => {
    const partials = Array.from({ length: count }, (_, of) => graph.input(`p${of}`, "f32", ["N", width]));
    const sum = graph.node("Sum", [...partials, graph.floats("bias", [width], bias)]);
    graph.node("MatMul", [sum, graph.floats("mix", [width, width / count], columns(mix, width))], {}, { outputs: ["c"] });
    graph.output("c", "f32", ["N", width / count]);
  }));
  put(folder, rankFile(rank, 2), build((graph) => {
    const shards = Array.from({ length: count }, (_, of) => graph.input(`c${of}`, "f32", ["N", width / count]));
    graph.node("Concat", shards, { axis: 1 }, { outputs: ["m"] });
    graph.output("m", "f32", ["N", width]);
  }));
}
