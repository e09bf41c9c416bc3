/** Test blocks: rows fitted to streams, expectations. */
import { expect, test } from "vitest";
import { checkedOf, codesOf } from "../../support/check-codes.ts";

const head = `record Doc { id: string, title: string?, vec: tensor<f32>[K], tags: list<string> }
pipeline p {
  let docs = read parquet("in") as Doc
  let ids = docs |> { .id, .vec, n: 1 }
  write ids to parquet("out")
}
`;

function complaints(body: string): readonly string[] {
  return codesOf(`${head}\ntest "t" {\n${body}\n}\n`);
}

test("given rows are fitted to the stream: literals, null, empty lists, a shape for each row", () => {
  expect(complaints(`  given p.docs = [{ id: "a", title: null, vec: [1, 2], tags: [] }, { id: "b", title: "x", vec: [1, 2, 3], tags: ["y"] }]
  expect p.ids[0].id == "a"
  expect count(p.ids) == 2
  expect p.ids[1].vec == [1, 2, 3]
  expect p.ids[0].vec[0] > 0.5
  expect p.ids == snapshot("all ids")`)).toEqual([]);
});

test("fixtures are bytes, snapshots of any type", () => {
  const program = checkedOf(`pipeline p {\n  let pics = read images("in") as { path: string, bytes: bytes }\n  write pics to parquet("out")\n}\n\ntest "t" {\n  given p.pics = [{ path: "a", bytes: file("a.png") }]\n  expect p.pics[0].path == snapshot("path")\n}\n`);
  expect(program.tests[0]).toMatchObject({ name: "t", givens: [{ pipeline: "p", stream: 0, name: "pics" }], expects: [{ text: "p.pics[0].path == snapshot(\"path\")" }] });
});

test.each([
  ["  given p.docs = [{ id: 1, title: null, vec: [1], tags: [] }]\n  expect true", "P0301"],
  ["  given p.docs = [{ id: \"a\", vec: [1], tags: [] }]\n  expect true", "P0315"],
  ["  given p.dcos = []\n  expect true", "P0223"],
  ["  given q.docs = []\n  expect true", "P0901"],
  ["  expect p.ids[0].id", "P0301"],
  ["  expect p.ids[0].ide == \"a\"", "P0302"],
  ["  expect count(p.ids) == \"a\"", "P0301"],
  ["  expect snapshot(\"x\")", ""],
])("%s: %s", (body, code) => {
  expect(complaints(body).join()).toBe(code);
});

test("a mistake in a pipeline is told once, not again of the rows that tests look at", () => {
  const program = (body: string): readonly string[] => codesOf(`record Doc { id: string, text: string }

pipeline p {
  let docs = read parquet("in") as Doc
  let short = docs |> { .id, text: lowr(.text) } |> filter(.id != "")
  write short to parquet("out")
}

test "t" {
${body}
}
`);
  expect(program(`  given p.docs = [{ id: "a", text: "A" }]\n  expect p.short[0].text == "a"\n  expect count(p.short) == 1`)).toEqual(["P0202"]);
  expect(program(`  given p.short = [{ id: "a", text: "A" }]\n  expect p.short[0].id == "a"`)).toEqual(["P0202"]);
  expect(program(`  expect p.docs[0].tetx == "a"`)).toEqual(["P0202", "P0302"]);
});

test("`file` and `snapshot` exist in tests only", () => {
  expect(codesOf("fn f(x: string) -> bytes = file(\"a\")\n")).toEqual(["P0202"]);
});
