/**
 * Mutated programs through the front end's first passes: never a crash, every problem inside the file, and what still
 * parses is formatted without loss. Seeded, so that a failure repeats; the failing text is in the message.
 */
import { expect, test } from "vitest";
import { renderDiagnostics, sourcesOf } from "../../language/diagnostics/render.ts";
import { createSourceFile } from "../../language/source/source-file.ts";
import { formatFile } from "../../language/syntax/format.ts";
import { keywordTexts } from "../../language/syntax/tokens.ts";
import { parseFile } from "../../language/syntax/parse.ts";
import { createRandom } from "../support/random.ts";
import type { Random } from "../support/random.ts";
import { literatePrograms, sharedPrograms, withoutSpans } from "../support/syntax.ts";

const seeds = [...literatePrograms("test/golden/syntax"), ...literatePrograms("language/diagnostics/pages"), ...sharedPrograms()].map(({ text }) => text);
const [firstSeed = "", ...otherSeeds] = seeds;
const scraps: readonly [string, ...string[]] = [
  "|>", ...keywordTexts, "->", "==", "..", "...", "(", ")", "[", "]", "{", "}", ",", ":", "=", "<", ">", "?", "??", "\"", "\"{", "\\", "'",
  "//", "///", "// c\n", "#", "/*", ";", "&&", "\n", "\r\n", "\t", " ", ".x", ".", "1", "1e", "10 ms", "4 MB", "\u0000", "\u202e", "é", "漢", "\ud800", "😀",
  "((((((((", "[[[[", "if if if ", "list<list<", "- - ", "\n}\n", "\nlet ", "\npipeline p {\n",
];

function mutate(random: Random, text: string): string {
  const at = random.integer(text.length + 1);
  const length = random.integer(random.pick([2, 8, 40]));
  const piece = text.slice(at, at + length);
  switch (random.integer(7)) {
    case 0:
      return text.slice(0, at) + text.slice(at + length);
    case 1:
      return text.slice(0, at) + piece + text.slice(at);
    case 2:
      return text.slice(0, at) + random.pick(scraps) + text.slice(at + length);
    case 3:
      return text.slice(0, at);
    case 4: {
      const to = random.integer(text.length + 1);
      return text.slice(0, to) + piece + text.slice(to);
    }
    case 5:
      return text.slice(0, at) + random.pick(scraps).repeat(1 + random.integer(20)) + text.slice(at);
    default:
      return text.slice(0, at) + random.pick([firstSeed, ...otherSeeds]).slice(random.integer(200), 200 + random.integer(200)) + text.slice(at);
  }
}

function check(text: string): void {
  const source = createSourceFile("fuzz.pipe", text);
  const { ast, diagnostics } = parseFile(source);
  for (const diagnostic of diagnostics) {
    expect(diagnostic.labels.filter(({ primary }) => primary), text).toHaveLength(1);
    const spans = [...diagnostic.labels.map(({ span }) => span), ...(diagnostic.fix?.edits ?? []).map(({ span }) => span)];
    for (const { file, start, end } of spans) {
      expect(file).toBe("fuzz.pipe");
      expect(0 <= start && start <= end && end <= text.length, `${start}..${end} in ${JSON.stringify(text)}`).toBe(true);
    }
  }
  checkSpans(ast, text);
  renderDiagnostics(diagnostics, sourcesOf(source));
  const formatted = formatFile(source);
  if (diagnostics.length > 0) return;
  const again = createSourceFile("fuzz.pipe", formatted.text);
  expect(withoutSpans(parseFile(again).ast), text).toEqual(withoutSpans(ast));
  expect(formatFile(again).text, text).toBe(formatted.text);
}

function checkSpans(node: unknown, text: string): void {
  if (typeof node !== "object" || node === null) return;
  if ("start" in node && "end" in node) {
    const { start, end } = node;
    if (typeof start !== "number" || typeof end !== "number" || !(0 <= start && start <= end && end <= text.length)) {
      throw new Error(`a node spans ${start}..${end} in ${JSON.stringify(text)}`);
    }
  }
  for (const value of Object.values(node)) checkSpans(value, text);
}

function tryText(round: number, text: string): void {
  try {
    check(text);
  } catch (error) {
    throw new Error(`round ${round} with ${JSON.stringify(text)}`, { cause: error });
  }
}

test.each([1, 2, 3, 4])("mutated programs, seed %i", (seed) => {
  const random = createRandom(seed);
  for (let i = 0; i < 300; i++) {
    let text = random.pick([firstSeed, ...otherSeeds]);
    for (let n = random.integer(6); n >= 0; n--) text = mutate(random, text);
    tryText(i, text);
  }
});

const programs = seeds.filter((text) => parseFile(createSourceFile("seed.pipe", text)).diagnostics.length === 0);
const [firstProgram = "", ...otherPrograms] = programs;
const spaces = ["\n", "\n\n", "   ", "\t", "\r\n", " // c\n", "\n// own line\n", "\n\n  /// doc\n", " /// behind\n", "\n// a\n\n// b\n"] as const;

test.each([1, 2, 3])("programs with spaces and comments put anywhere, seed %i", (seed) => {
  const random = createRandom(seed);
  for (let i = 0; i < 150; i++) {
    let text = random.pick([firstProgram, ...otherPrograms]);
    for (let n = random.integer(12); n >= 0; n--) {
      const places = [...text.matchAll(/(?<=[,()[\]{}]) ?| (?=[|=+<])/g)].map(({ index }) => index);
      const at = places[random.integer(places.length)] ?? 0;
      text = text.slice(0, at) + random.pick(spaces) + text.slice(at);
    }
    tryText(i, text);
  }
});

test("scraps alone", () => {
  const random = createRandom(99);
  for (let i = 0; i < 300; i++) check(Array.from({ length: random.integer(40) }, () => random.pick(scraps)).join(random.pick(["", " "])));
});
