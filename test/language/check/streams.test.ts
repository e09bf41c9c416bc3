/** Streams: what rows hold after each step, lineage, sizes. */
import { describe, expect, test } from "vitest";
import type { CheckedPipeline, Stream } from "../../../language/check/checked-program.ts";
import { printType } from "../../../language/check/print-type.ts";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

const head = "record Doc { id: string, title: string?, words: tensor<f32>[K, 4], n: int }\n";
const items = "extern fn parts(x: string) -> list<{ text: string, vec: tensor<f32>[8] }> from \"./f.ts\"\n";

function pipelineOf(body: string): CheckedPipeline {
  const [pipeline] = checkedOf(`${head}${items}pipeline p {\n  let docs = read parquet("in") as Doc\n${body}\n}\n`).pipelines;
  if (pipeline === undefined) throw new Error("there is no pipeline");
  return pipeline;
}

function complaints(body: string): readonly string[] {
  return codesOf(`${head}${items}pipeline p {\n  let docs = read parquet("in") as Doc\n${body}\n}\n`);
}

function streamNamed(pipeline: CheckedPipeline, name: string): Stream {
  const found = pipeline.streams.find((stream) => stream.name === name);
  if (found === undefined) throw new Error(`there is no stream ${name}`);
  return found;
}

const rowOf = (stream: Stream): string => printType(stream.row);

describe("explode and implode", () => {
  const exploded = `  let kids = docs |> { .id, .n, parts: parts(.id) } |> explode(part: .parts) with { max: 50 }
    |> { .id, who: .id, .n, more: .n + 1, .part }`;

  test("other fields are carried, elements take their name", () => {
    const kids = streamNamed(pipelineOf(exploded), "kids");
    expect(rowOf(kids)).toBe("{ id: string, who: string, n: int, more: int, part: { text: string, vec: tensor<f32>[8] } }");
    expect(kids.lineage.explodes).toHaveLength(1);
  });

  test.each([
    ["mean(.n)", ["P0311"]],
    ["mean(.n as float)", []],
    ["sum(.n)", []],
    ["max(.id)", ["P0301"]],
  ])("implode(x: %s) gives %j", (fold, codes) => {
    expect(codesOf(`record D { id: string, ns: list<int> }
pipeline p {
  let docs = read jsonl("in") as D
  let kids = docs |> explode(n: .ns) with { max: 9 }
  write kids |> implode(x: ${fold}) to jsonl("out")
}
`)).toEqual(codes);
  });

  test("implode gives back what is the parent's own, under its own name, and the aggregates", () => {
    const back = streamNamed(pipelineOf(`${exploded}\n  let back = kids |> filter(.more > 2) |> implode(vec: mean(.part.vec), kids: count(), n: max(.n))`), "back");
    expect(rowOf(back)).toBe("{ id: string, vec: tensor<f32>[8], kids: int, n: int }");
    expect(back.kind === "implode" && back.carried).toEqual(["id"]);
    expect(back.lineage.explodes).toEqual([]);
  });

  test("a field narrowed over the children is the parent's again afterwards", () => {
    const back = streamNamed(pipelineOf(`  let back = docs |> explode(word: .words) with { max: 9 } |> filter(.title != null) |> implode(n: count())`), "back");
    expect(rowOf(back)).toBe("{ id: string, title: string?, words: tensor<f32>[K, 4], n: int }");
  });

  test("explodes nest, and close from the inside", () => {
    expect(complaints(`  let a = docs |> { .id, parts: parts(.id) } |> explode(part: .parts) with { max: 5 }
  let b = a |> { .id, xs: parts(.part.text), .part } |> explode(x: .xs) with { max: 7 } |> implode(v: mean(.x.vec)) |> implode(v: mean(.v))
  write zip(docs |> { m: .n }, b) to parquet("out")`)).toEqual([]);
  });

  test("the most children come from the bound of the dimension or of the list", () => {
    const bounded = pipelineOf("  let kids = docs |> { .id, top: top_k(.words[0], k: 3).values } |> explode(v: .top)");
    const kids = streamNamed(bounded, "kids");
    expect(kids.kind === "explode" && kids.childrenMax).toBe(3);
  });
});

describe("lineage", () => {
  test("steps that leave rows out keep it", () => {
    expect(complaints(`  let a = docs |> filter(.n > 3) |> { a: .n }
  let b = docs |> limit(100) |> sample(50%, seed: 3) |> dedupe(by: .id, keys: 1000) |> { b: .n }
  write zip(a, b) to parquet("out")`)).toEqual([]);
  });

  test("two explodes of one stream are not the same rows", () => {
    expect(complaints(`  let a = docs |> explode(word: .words) with { max: 9 } |> { a: .n }
  let b = docs |> explode(word: .words) with { max: 9 } |> { b: .n }
  write zip(a, b) to parquet("out")`)).toEqual(["P0605"]);
  });

  test("streams stand in order, and each let of a name alone is the same stream", () => {
    const pipeline = pipelineOf("  let same = docs\n  let both = zip(same |> { x: .n }, docs)\n  write both to parquet(\"out\")");
    expect(pipeline.streams.map((stream) => stream.kind)).toEqual(["read", "map", "zip"]);
    expect(pipeline.streams.at(-1)).toMatchObject({ kind: "zip", inputs: [1, 0] });
  });
});

test("bytesMax comes from dimensions, enumerations, bounds of products and `row_max`", () => {
  const program = checkedOf(`record Photo { id: string, kind: "cat" | "horse", jpeg: bytes, n: int?, vec: tensor<f16>[8] }
pipeline p {
  with { row_max: 1 MiB }
  let photos = read parquet("in") as Photo
  let pixels = photos |> { raw: decode_image(.jpeg, mode: "RGB", max_pixels: 1_000), small: decode_image(.jpeg, mode: "L") |> resize(height: 10, filter: "box", max_width: 30) }
  write pixels to parquet("out")
}
`);
  const [photos, pixels] = program.pipelines[0]?.streams ?? [];
  expect(photos?.bytesMax).toEqual({ id: 2 ** 20, kind: 19, jpeg: 2 ** 20, n: 9, vec: 16 });
  expect(pixels?.bytesMax).toEqual({ raw: 3000, small: 300 });
});

test("after `filter` a tested field has lost its question mark", () => {
  const pipeline = pipelineOf("  let titled = docs |> filter(.title != null and .n > 0)");
  expect(rowOf(streamNamed(pipeline, "titled"))).toContain("title: string,");
});

test("a bare `..` keeps every field, and those given again are the new ones", () => {
  const pipeline = pipelineOf("  let a = docs |> { .., n: .n > 3, extra: 1 }");
  expect(rowOf(streamNamed(pipeline, "a"))).toBe("{ id: string, title: string?, words: tensor<f32>[K, 4], n: bool, extra: int }");
});

test("a table is looked up by its key and may have no row", () => {
  const text = `record Port { code: string, tax: f32 }
const ports = read csv("ports.csv") as Port |> filter(.tax > 0) |> { .., label: "<" } |> table(by: .code)
pipeline p {
  let rows = read csv("in.csv") as { port: string, fare: f32 }
  write rows |> filter(.port in ports) |> { tax: (ports[.port] ?? { code: "", tax: 0, label: "" }).tax } to csv("out.csv")
}
`;
  const program = checkedOf(text);
  expect(program.constants[0]).toMatchObject({ kind: "table", key: { kind: "field", name: "code" } });
  expect(codesOf(text.replace("(ports[.port] ?? { code: \"\", tax: 0, label: \"\" }).tax", "ports[.port].tax"))).toEqual(["P0303"]);
  expect(codesOf(text.replace("ports[.port]", "ports[.fare]"))).toEqual(["P0301"]);
});
