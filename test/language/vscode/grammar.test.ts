/**
 * The editor's grammar: every character is coloured, colours agree with the compiler's own lexer on whole programs,
 * and the places that only the surroundings tell apart (a type, a key, a call, a dimension) are told apart.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { IGrammar } from "vscode-textmate";
import { createSourceFile } from "../../../language/source/source-file.ts";
import { units } from "../../../language/syntax/ast.ts";
import { lex } from "../../../language/syntax/lexer.ts";
import { keywordTexts } from "../../../language/syntax/tokens.ts";
import { dtypes } from "../../../language/tensor/dtype.ts";
import { updateGoldens, updateHint } from "../../support/literate.ts";
import { describeWithShared } from "../../support/shared.ts";
import { sharedPrograms } from "../../support/syntax.ts";
import { loadPipeGrammar, scopeAt, scopedTokens } from "../../support/textmate.ts";
import type { ScopedToken } from "../../support/textmate.ts";

const samples = fileURLToPath(new URL("../../../samples/", import.meta.url));

let grammar: IGrammar;
beforeAll(async () => {
  grammar = await loadPipeGrammar();
});

const samplePrograms = readdirSync(samples, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".pipe")).sort()
  .map((name) => ({ name, text: readFileSync(`${samples}${name}`, "utf8") }));

/** What the innermost scope at the start of a token of the compiler's lexer may be. */
const expectedScopes: Readonly<Record<string, RegExp>> = {
  Str: /^punctuation\.definition\.string\.begin$/,
  Num: /^constant\.numeric$/,
  Quantity: /^constant\.numeric$/,
  Field: /^punctuation\.accessor$/,
  DotDot: /^keyword\.operator\.(spread|range)$/,
  PipeTo: /^keyword\.operator\.pipe$/,
  Arrow: /^keyword\.operator\.arrow$/,
  Coalesce: /^keyword\.operator\.coalesce$/,
  Assign: /^keyword\.operator\.assignment$/,
  Comma: /^punctuation\.separator\.comma$/,
  Colon: /^punctuation\.separator\.colon$/,
  Bar: /^keyword\.operator\.union$/,
  Question: /^keyword\.operator\.optional$/,
  LParen: /^punctuation\.section\.parens\.begin$/,
  RParen: /^punctuation\.section\.parens\.end$/,
  LBracket: /^punctuation\.section\.brackets\.begin$/,
  RBracket: /^punctuation\.section\.brackets\.end$/,
  LBrace: /^punctuation\.section\.braces/,
  RBrace: /^punctuation\.section\.braces/,
  Id: /^(entity\.name|variable|support)\./,
};
const keyword = /^(keyword|storage|support\.type|constant\.language)/;
const operator = /^(keyword\.operator|punctuation\.definition\.typeparameters)/;

function expectedScope(tokenName: string, image: string): RegExp {
  return expectedScopes[tokenName] ?? (keywordTexts.includes(image) ? keyword : operator);
}

function positionLine(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Each disagreement between the lexer and the grammar, in words. */
function disagreements(text: string, tokens: readonly ScopedToken[]): string[] {
  const lexed = lex(createSourceFile("program.pipe", text)).tokens;
  return lexed.flatMap((token, index) => {
    const isKey = lexed[index + 1]?.tokenType.name === "Colon" && /^[A-Za-z_]/.test(token.image);
    const expected = isKey ? /^variable\./ : expectedScope(token.tokenType.name, token.image);
    const scope = scopeAt(tokens, token.startOffset);
    return expected.test(scope) ? [] : [`line ${positionLine(text, token.startOffset)}: \`${token.image}\` (${token.tokenType.name}) has scope "${scope}"`];
  });
}

function checkProgram(text: string): void {
  const tokens = scopedTokens(grammar, text);
  expect(tokens.filter((token) => token.scopes.length === 0)).toEqual([]);
  expect(tokens.filter((token) => token.scopes.some((scope) => scope.startsWith("invalid")))).toEqual([]);
  expect(disagreements(text, tokens)).toEqual([]);
}

describe("the samples agree with the lexer", () => {
  test.each(samplePrograms)("$name", ({ text }) => checkProgram(text));
});

describeWithShared("the shared programs agree with the lexer", "programs", () => {
  test.each(sharedPrograms())("$name", ({ text }) => checkProgram(text));
});

test("a sample's scopes", async () => {
  const text = readFileSync(`${samples}text-branch/text-branch.pipe`, "utf8");
  const tokens = scopedTokens(grammar, text);
  const printed = text.split("\n").map((content, line) => {
    const own = tokens.filter((token) => token.line === line);
    return [`> ${content}`.trimEnd(), ...own.map((token) => `    ${token.text.trim().padEnd(24)} ${token.scopes.join(" ")}`)].join("\n");
  });
  const golden = new URL("text-branch.scopes.txt", import.meta.url);
  if (updateGoldens) writeFileSync(golden, `${printed.join("\n")}\n`);
  expect(`${printed.join("\n")}\n`, updateHint).toBe(readFileSync(golden, "utf8"));
});

/** `«` and `»` enclose what must have exactly the scope. */
const marked: readonly (readonly [title: string, text: string, scope: string])[] = [
  ["a doc comment", "«/// Reads.»", "comment.line.documentation"],
  ["four slashes are a plain comment", "«//// Reads.»", "comment.line.double-slash"],
  ["no comment inside a string", 'const a = "http:«//»x"', "string.quoted.double"],
  ["a name in a string", 'const a = "{«output»}/x"', "variable.other.readwrite"],
  ["doubled braces in a string", 'const a = "«{{»x}}"', "constant.character.escape.brace"],
  ["an escape", 'const a = "a«\\n»b"', "constant.character.escape"],
  ["an escape by code", 'const a = "«\\u{1F600}»"', "constant.character.escape"],
  ["an unknown escape", 'const a = "«\\q»"', "invalid.illegal.escape"],
  ["a brace that closes nothing", 'const a = "a «}»"', "invalid.illegal.interpolation"],
  ["an unclosed string ends with its line", 'const a = "open\n«const» b = 1', "storage.type"],
  ["a unit", "const a = 50 «ms»", "keyword.other.unit"],
  ["per cent", "const a = 0.1«%»", "keyword.other.unit"],
  ["a separated number", "const a = «50_000»", "constant.numeric"],
  ["no number ends in a range", "param p: int in «16»..512 = 128", "constant.numeric"],
  ["a range", "param p: int in 16«..»512", "keyword.operator.range"],
  ["a spread", "let a = x |> { «..»vit(.p) }", "keyword.operator.spread"],
  ["a spread of the row", "let a = x |> { «..», y: 1 }", "keyword.operator.spread"],
  ["a field may be called like a keyword", "let a = x |> { s: .«from» }", "variable.other.member"],
  ["a key may be called like a keyword", "let a = f(x) with { «model»: 1 }", "variable.other.property"],
  ["a named argument", "let a = f(x, «axis»: 0)", "variable.other.property"],
  ["a call", "let a = «resize»(x)", "entity.name.function.call"],
  ["a step without parentheses", "let a = x |> «phash»", "entity.name.function.call"],
  ["a step on the next line", "let a = x\n  |> «phash»", "entity.name.function.call"],
  ["no call after a keyword", "let a = if «not» (x) then 1 else 2", "keyword.operator.word"],
  ["a record's name", "record «Photo» { id: string }", "entity.name.type"],
  ["a record's field", "record Photo { «id»: string }", "variable.other.property"],
  ["a built-in type", "record Photo { id: «string» }", "support.type.builtin"],
  ["a record as a type", "record Photo { ids: list<«Id»> }", "entity.name.type"],
  ["an optional field", "record Photo { id: string«?» }", "keyword.operator.optional"],
  ["a name outside", "record Mail { body: string «from» \"body text\" }", "keyword.control.import"],
  ["a tensor", "model m(x: «tensor»<f32>[N, 3]) -> (y: tensor<f32>[N])", "support.type.constructor"],
  ["a tensor's element type", "model m(x: tensor<«f32»>[N, 3]) -> (y: tensor<f32>[N])", "support.type.builtin"],
  ["a dimension", "model m(x: tensor<f32>[«N», 3]) -> (y: tensor<f32>[N])", "variable.parameter.dimension"],
  ["a function of dimensions", "fn f(a: int) -> tensor<f32>[«floor»((W + 3) / 8)] = g(a)", "support.function.dimension"],
  ["a signature over several lines", "model m(\n  x: tensor<f32>[N],\n  «y»: int,\n) -> (z: int)", "variable.other.property"],
  ["a result type", "fn f(a: int) -> «Photo» = g(a)", "entity.name.type"],
  ["a bound", "fn f(a: int) -> Photo where W «<=» 2048 = g(a)", "keyword.operator.comparison"],
  ["a body after a result", "fn f(a: int) -> Photo { let «b» = a return b }", "variable.other.definition"],
  ["settings after a result", "model m(x: int) -> (y: int) { «file»: \"m.onnx\" }", "variable.other.property"],
  ["a cast", "let a = read parquet(b) as «Photo»", "entity.name.type"],
  ["a cast to a tensor", "let a = x as tensor<u8>[«h», w]", "variable.parameter.dimension"],
  ["a comparison is not a type", "let a = x |> filter(.score «<» cut)", "keyword.operator.comparison"],
  ["an import's other name", "import { aws as «cloud» } from \"std/hw\"", "variable.other.readwrite.alias"],
  ["a parameter's choices", 'param mode: "a" «|» "b" = "a"', "keyword.operator.union"],
  ["an extern function", "extern fn «clean»(text: string) -> (text: string) from \"./clean.ts\"", "entity.name.function"],
  ["a single-quoted string", "const a = «'x'»", "invalid.illegal.foreign"],
  ["another language's operator", "let a = x «&&» y", "invalid.illegal.foreign"],
  ["an item after an unclosed record", "record Photo { id: string\n«model» m", "storage.type"],
  ["an item after an unclosed import", "import { aws\n«pipeline» p { }", "storage.type"],
  ["an item after an unclosed list type", "record Photo { ids: list<string\n\n«pipeline» p { }", "storage.type"],
];

test.each(marked)("%s", (_title, text, scope) => {
  const start = text.indexOf("«");
  const end = text.indexOf("»") - 1;
  const tokens = scopedTokens(grammar, text.replace(/[«»]/g, ""));
  const inside = tokens.filter((token) => token.start < end && token.start + token.text.length > start);
  expect(inside.length).toBeGreaterThan(0);
  for (const token of inside) expect(token.scopes.filter((found) => !found.startsWith("punctuation.definition.comment"))).toContain(scope);
  expect(inside[0]?.start === start || scope.startsWith("string")).toBe(true);
});

test.each(units)("the unit %s", (unit) => {
  expect(scopeAt(scopedTokens(grammar, `const a = 5 ${unit}`), 12)).toBe("keyword.other.unit");
});

test.each([...dtypes, "int", "float", "bytes", "uri"])("the type %s", (name) => {
  expect(scopeAt(scopedTokens(grammar, `record R { a: ${name} }`), 14)).toBe("support.type.builtin");
});

test.each(keywordTexts)("the keyword %s is no plain name", (text) => {
  expect(scopeAt(scopedTokens(grammar, text), 0)).toMatch(keyword);
});
