/** What the parser expected, in the words of the language rather than the grammar's. */
import type { TokenType } from "chevrotain";
import * as t from "./tokens.ts";

export interface Expectation {
  /** A phrase: "a name", "`,` or `)`". */
  readonly phrase: string;
  /** The closing bracket that was expected, if one was. */
  readonly close: ")" | "]" | "}" | undefined;
  /** True where a list could also have gone on after a comma. */
  readonly inList: boolean;
  /** True where an item should have started. */
  readonly atEnd: boolean;
}

const brackets = new Map<TokenType, ")" | "]" | "}">([[t.RParen, ")"], [t.RBracket, "]"], [t.RBrace, "}"]]);

/** Before the closing bracket of these rules comes no comma list. */
const beforeClose: Readonly<Record<string, string>> = {
  pipelineItem: "`let`, `write` or `}`",
  testItem: "`given`, `expect` or `}`",
  fnBody: "`}`",
  grouped: "`)`",
};

/** One token should have stood there. */
export function expectToken(type: TokenType, ruleName: string): Expectation {
  const close = brackets.get(type);
  if (close === undefined) return expectation(namesToken(type));
  const phrase = beforeClose[ruleName];
  return { phrase: phrase ?? `\`,\` or \`${close}\``, close, inList: phrase === undefined, atEnd: false };
}

function namesToken(type: TokenType): string {
  return type === t.Id || type === t.Word ? "a name" : (type.LABEL ?? type.name);
}

const alternatives: Readonly<Record<string, string>> = {
  fnBody: "`=` and a result, or `{` and a block that ends with `return`",
  pipelineStatement: "`let`, `write` or `}`",
  testStatement: "`given`, `expect` or `}`",
  signature: "a type, or `(` and named results",
  bound: "`<=` or `==`",
  typeAtom: "a type",
  dimension: "a dimension",
  pipe: "a value or `read`",
  step: "a step: an operator such as `filter(...)` or a record `{ ... }`",
  entry: "`.field`, `name: value` or `..value`",
};

/** No alternative of the rule fitted. */
export function expectAlternative(ruleName: string): Expectation {
  if (ruleName === "item") return expectEnd();
  return expectation(alternatives[ruleName] ?? "a value");
}

/** No item starts here. */
export function expectEnd(): Expectation {
  return { ...expectation("an item such as `param` or `pipeline`"), atEnd: true };
}

function expectation(phrase: string): Expectation {
  return { phrase, close: undefined, inList: false, atEnd: false };
}
