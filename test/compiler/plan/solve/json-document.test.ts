import { expect, test } from "vitest";
import { parseJson } from "../../../../compiler/plan/solve/json-document.ts";
import type { JsonValue } from "../../../../compiler/plan/solve/json-document.ts";
import { createRandom } from "../../../support/random.ts";

function plain(value: JsonValue): unknown {
  switch (value.kind) {
    case "scalar":
      return value.value;
    case "array":
      return value.items.map(plain);
    case "object":
      return Object.fromEntries([...value.members].map(([name, member]) => [name, plain(member)]));
  }
}

/** What the engine's own parser says: the value, or that there is none. */
function expected(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const texts = [
  "1", "-0.5e-3", "01", "1.", ".5", "+1", "-", "1e", "12x", "true", "tru", "nullx", '"a\\u00e9\\n"', '"\\x"', '"a', '"\n"', "[]", "[1,]", "[,1]", "[1 2]",
  "{}", '{"a":1,"a":2}', '{"a" 1}', "{a:1}", '{"a":1,}', '{"a":{"b":[1,{"c":null}]}}', "", " ", "1 2", "[[[]]", "]", '{"__proto__":1}', "NaN", "\u00a01",
];

test.each(texts)("%j: the value JSON.parse gives, or a fault", (text) => {
  const result = parseJson(text);
  expect(result.kind === "fault" ? undefined : { value: plain(result) }).toEqual(expected(text));
});

test("mutated documents: never a crash, never another answer", () => {
  const random = createRandom(11);
  const seed = '{"maxFPGAs": 6, "nodes": [{"id": 1, "x": -1.5e3, "s": "a\\"b"}], "edges": [true, false, null]}';
  let valid = 0;
  for (let i = 0; i < 5000; i++) {
    const characters = [...seed];
    for (let edits = 1 + random.integer(3); edits > 0; edits--) characters[random.integer(characters.length)] = random.pick(['"', "{", "}", "[", "]", ",", ":", "1", " ", "\\", "e", ""]);
    const text = characters.join("");
    const result = parseJson(text);
    expect(result.kind === "fault" ? undefined : { value: plain(result) }, text).toEqual(expected(text));
    if (result.kind !== "fault") valid += 1;
  }
  expect(valid).toBeGreaterThan(100);
});

test("places are those of the text", () => {
  const text = ' {"a": [10, "x"]} ';
  const result = parseJson(text);
  if (result.kind !== "object") throw new Error("no object");
  const list = result.members.get("a");
  if (list?.kind !== "array") throw new Error("no array");
  expect([result, list, ...list.items].map(({ start, end }) => text.slice(start, end))).toEqual(['{"a": [10, "x"]}', '[10, "x"]', "10", '"x"']);
});

test("deep nesting is a fault, not a crash", () => {
  expect(parseJson("[".repeat(1_000_000))).toMatchObject({ kind: "fault" });
  expect(parseJson(`"${"x".repeat(10_000_000)}"`)).toMatchObject({ kind: "scalar" });
});
