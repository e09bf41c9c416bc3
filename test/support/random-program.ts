/**
 * Random programs as users would write them, for planning: forks, zips, filters, explodes and implodes, models with
 * batches of their own, limits, uneven and open numbers of workers, one or two sources. Streams all have the same fields.
 */
import type { Random } from "./random.ts";

const head = `edition 1

record Item { id: int, v: tensor<f32>[4], parts: list<float> }

model net(v: tensor<f32>[N, 4]) -> (w: tensor<f32>[N, 4]) { file: "models/net.onnx" }

model wide(v: tensor<f32>[N, 4]) -> (w: tensor<f32>[N, 4]) { file: "models/wide.onnx" }

`;

/** The ports of the models that the programs name. */
export const randomProgramModels: Readonly<Record<string, { readonly weightBytes: number }>> = { "models/net.onnx": { weightBytes: 1000 }, "models/wide.onnx": { weightBytes: 200 * 2 ** 20 } };

export function randomProgram(random: Random): string {
  const lines: string[] = [];
  const sources = 1 + (random.integer(4) === 0 ? 1 : 0);
  for (let source = 0; source < sources; source++) {
    lines.push(`  let s${source} = read jsonl("in${source}.jsonl") as Item`);
    const streams = [`s${source}`];
    const read = new Set<string>();
    const take = (): string => {
      const stream = random.pick([streams[0] ?? "", ...streams]);
      read.add(stream);
      return stream;
    };
    for (let count = 2 + random.integer(6), index = 0; index < count; index++) {
      const name = `s${source}_${index}`;
      lines.push(`  let ${name} = ${randomStep(random, take)}`);
      streams.push(name);
    }
    streams.slice(1).forEach((stream, index) => {
      if (!read.has(stream) || random.integer(5) === 0) lines.push(`  write ${stream} |> { .id } to jsonl("out/${source}-${index}")`);
    });
  }
  return `${head}pipeline p {\n${lines.join("\n\n")}\n}\n`;
}

function randomStep(random: Random, take: () => string): string {
  switch (random.integer(7)) {
    case 0:
      return `${take()} |> filter(.id > ${random.integer(9)})`;
    case 1:
      return `${take()} |> explode(kid: .parts) with { max: ${1 + random.integer(40)} }${random.integer(2) === 0 ? " |> filter(.kid > 0.5)" : ""}${random.integer(2) === 0 ? ` |> { .., twice: 2.0 * .kid } with { workers: ${workers(random)} }` : ""} |> implode(total: sum(.kid)) |> { .id, .v, parts: [.total] }`;
    case 2:
      return `zip(${take()}, ${take()} |> { more: .v }${random.integer(2) === 0 ? `, ${take()} |> { most: .v }` : ""}) |> { .id, .v, .parts }`;
    case 3:
      return random.integer(2) === 0 ? `${take()} |> limit(${1 + random.integer(1000)})` : `${take()} |> dedupe(by: .id, distance: 0, keys: 100)`;
    case 4:
      return `${take()} |> { .id, .v, .parts } with { workers: ${workers(random)} }`;
    default:
      return `${take()} |> { .id, .parts, ..${random.pick(["net", "wide"])}(.v) } with { batch: ${1 + random.integer(12)}, replicas: ${workers(random)}, threads: ${1 + random.integer(3)} } |> { .id, v: .w, .parts }`;
  }
}

function workers(random: Random): string {
  const low = 1 + random.integer(5);
  return random.pick([String(low), `${low}..${low + random.integer(6)}`, '"auto"']);
}
