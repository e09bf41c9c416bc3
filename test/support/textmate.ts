/** Runs the editor's TextMate grammar the way VS Code does, for tests of its scopes. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type { IGrammar } from "vscode-textmate";

const load = createRequire(import.meta.url);
const { loadWASM, OnigScanner, OnigString }: typeof import("vscode-oniguruma") = load("vscode-oniguruma");
const { INITIAL, parseRawGrammar, Registry }: typeof import("vscode-textmate") = load("vscode-textmate");

const grammarPath = fileURLToPath(new URL("../../language/vscode/syntaxes/pipe.tmLanguage.json", import.meta.url));

/** A run of characters of one line that carry the same scopes. */
export interface ScopedToken {
  readonly line: number;
  /** Offset in the whole text. */
  readonly start: number;
  readonly text: string;
  /** Innermost last, without the root scope and without the `.pipe` at the end of each. */
  readonly scopes: readonly string[];
}

/** The grammar of `.pipe` files, compiled. */
export async function loadPipeGrammar(): Promise<IGrammar> {
  const wasm = readFileSync(load.resolve("vscode-oniguruma/release/onig.wasm"));
  await loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new OnigScanner(patterns),
      createOnigString: (text) => new OnigString(text),
    }),
    loadGrammar: async (scope) =>
      scope === "source.pipe" ? parseRawGrammar(readFileSync(grammarPath, "utf8"), grammarPath) : null,
  });
  const grammar = await registry.loadGrammar("source.pipe");
  if (grammar === null) throw new Error(`${grammarPath} is not the grammar of source.pipe`);
  return grammar;
}

/** The scopes of a text, white space between tokens left out. */
export function scopedTokens(grammar: IGrammar, text: string): ScopedToken[] {
  const found: ScopedToken[] = [];
  let state = INITIAL;
  let offset = 0;
  for (const [line, content] of text.split("\n").entries()) {
    const result = grammar.tokenizeLine(content, state);
    state = result.ruleStack;
    for (const { startIndex, endIndex, scopes } of result.tokens) {
      const piece = content.slice(startIndex, endIndex);
      if (piece.trim() === "") continue;
      found.push({ line, start: offset + startIndex, text: piece, scopes: scopes.slice(1).map((scope) => scope.replace(/\.pipe$/, "")) });
    }
    offset += content.length + 1;
  }
  return found;
}

/** The innermost scope at an offset of the text, or "" where there is none. */
export function scopeAt(tokens: readonly ScopedToken[], offset: number): string {
  return tokens.find((token) => offset >= token.start && offset < token.start + token.text.length)?.scopes.at(-1) ?? "";
}
