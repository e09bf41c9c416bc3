/**
 * Mutated programs through the checker: never a crash, every problem inside the files of the program, and a program
 * without errors passes the verifier and can be printed. Mutations work on whole words, so that most still parse.
 * Seeded, so that a failure repeats; the failing text is in the message.
 */
import { expect, test } from "vitest";
import { printCheckedProgram } from "../../language/check/print-checked-program.ts";
import { hasErrors } from "../../language/diagnostics/diagnostic.ts";
import { renderDiagnostics } from "../../language/diagnostics/render.ts";
import { createSourceFile } from "../../language/source/source-file.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import { createRandom } from "../support/random.ts";
import type { Random } from "../support/random.ts";
import { checkFiles } from "../support/stand-ins.ts";
import { literatePrograms, sharedPrograms } from "../support/syntax.ts";

const models: readonly SourceFile[] = [
  ["models/vit.onnx", "input pixels: f32[batch, 3, 224, 224]\noutput logits: f32[batch, 1000]\n"],
  ["models/spam.onnx", "input ids: i64[b, s]\ninput mask: i64[b, s]\noutput logits: f32[b, 2]\n"],
  ["models/odd.onnx", "input x: f32[2, ?]\noutput y: sequence\n"],
].map(([path = "", text = ""]) => createSourceFile(path, text));

const seeds = [...literatePrograms("language/diagnostics/pages"), ...sharedPrograms()].map(({ text }) => text);
const [firstSeed = "", ...otherSeeds] = seeds;
const word = /\.?[A-Za-z_]\w*|\d[\d_.]*|"[^"\n]*"|[^\s\w]/g;

const scraps: readonly [string, ...string[]] = [
  "0", "1", "-1", "2048", "1.5", "9223372036854775808", "\"\"", "\"{input}\"", "null", "true", "[]", "{}", "{ .. }", "..", ".id", ".text", "N", "T", "W",
  "int", "f32", "string?", "list<int>", "tensor<f32>[N]", "tensor<u8>[H, W, 3]", "1..4", "4..1", "5 ms", "10%", "64 MiB", "\"models/vit.onnx\"",
  "\"models/spam.onnx\"", "\"models/odd.onnx\"", "max(1, T)", "floor(T / 8)", "x", "filter", "explode", "implode", "zip", "table", "count()", "mean(.vec)",
];

function mutate(random: Random, text: string): string {
  const words = [...text.matchAll(word)];
  const one = words[random.integer(Math.max(1, words.length))];
  const another = words[random.integer(Math.max(1, words.length))];
  if (one === undefined || another === undefined) return text;
  const put = (replacement: string): string => text.slice(0, one.index) + replacement + text.slice(one.index + one[0].length);
  switch (random.integer(5)) {
    case 0: return put(another[0]);
    case 1: return put(random.pick(scraps));
    case 2: return put("");
    case 3: return put(`${one[0]} ${another[0]}`);
    default: {
      const other = [...random.pick([firstSeed, ...otherSeeds]).matchAll(word)];
      return put(other[random.integer(Math.max(1, other.length))]?.[0] ?? "x");
    }
  }
}

function check(text: string): void {
  const main = createSourceFile("fuzz.pipe", text);
  const files = [main, ...models];
  const { all, program, sources } = checkFiles(files);
  for (const diagnostic of all) {
    expect(diagnostic.labels.filter(({ primary }) => primary)).toHaveLength(1);
    const spans = [...diagnostic.labels.map(({ span }) => span), ...(diagnostic.fix?.edits ?? []).map(({ span }) => span)];
    for (const { file, start, end } of spans) {
      expect(file, diagnostic.message).toBe("fuzz.pipe");
      expect(0 <= start && start <= end && end <= text.length, `${start}..${end}: ${diagnostic.message}`).toBe(true);
    }
  }
  renderDiagnostics(all, new Map(sources.map((source) => [source.path, source])));
  expect(program === undefined).toBe(hasErrors(all));
  if (program !== undefined) printCheckedProgram(program);
}

test("mutated programs are refused or checked, never a crash", () => {
  const random = createRandom(20);
  for (let round = 0; round < 1500; round++) {
    let text = random.pick([firstSeed, ...otherSeeds]);
    for (let i = 1 + random.integer(3); i > 0; i--) text = mutate(random, text);
    try {
      check(text);
    } catch (error) {
      throw new Error(`round ${round}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${text}`);
    }
  }
});
