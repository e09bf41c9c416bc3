/**
 * The token types of the language. A keyword is also a `Word`, so that keys (`model: 1`) may be keywords; `Field` is a
 * point and a word as one token, so that fields may be (`.from`). The last group holds what people write by habit from
 * other languages: the lexer reports those and puts the right token in their place.
 */
import { createToken, Lexer } from "chevrotain";
import type { ITokenConfig, TokenType } from "chevrotain";
import { units } from "./ast.ts";

export const Word = createToken({ name: "Word", pattern: Lexer.NA });
export const Id = createToken({ name: "Id", pattern: /[A-Za-z_]\w*/, categories: [Word] });

function keyword(text: string): TokenType {
  const name = text[0]?.toUpperCase() + text.slice(1);
  return createToken({ name, pattern: text, longer_alt: Id, categories: [Word], label: `\`${text}\`` });
}

export const Edition = keyword("edition");
export const Import = keyword("import");
export const From = keyword("from");
export const As = keyword("as");
export const Export = keyword("export");
export const Param = keyword("param");
export const Secret = keyword("secret");
export const Const = keyword("const");
export const RecordWord = keyword("record");
export const Model = keyword("model");
export const Extern = keyword("extern");
export const Fn = keyword("fn");
export const Where = keyword("where");
export const Pipeline = keyword("pipeline");
export const Test = keyword("test");
export const With = keyword("with");
export const Let = keyword("let");
export const Write = keyword("write");
export const To = keyword("to");
export const Read = keyword("read");
export const Given = keyword("given");
export const Expect = keyword("expect");
export const Return = keyword("return");
export const If = keyword("if");
export const Then = keyword("then");
export const Else = keyword("else");
export const Or = keyword("or");
export const And = keyword("and");
export const Not = keyword("not");
export const In = keyword("in");
export const True = keyword("true");
export const False = keyword("false");
export const Null = keyword("null");
export const Tensor = keyword("tensor");
export const List = keyword("list");
export const Stream = keyword("stream");

export const keywords: readonly TokenType[] = [
  Edition, Import, From, As, Export, Param, Secret, Const, RecordWord, Model, Extern, Fn, Where, Pipeline, Test, With,
  Let, Write, To, Read, Given, Expect, Return, If, Then, Else, Or, And, Not, In, True, False, Null, Tensor, List, Stream,
];

/** The words of the language, for editors and "did you mean". */
export const keywordTexts: readonly string[] = keywords.map((type) => String(type.PATTERN));

function symbol(name: string, text: string): TokenType {
  return createToken({ name, pattern: text, label: `\`${text}\`` });
}

export const PipeTo = symbol("PipeTo", "|>");
export const Arrow = symbol("Arrow", "->");
export const EqualEqual = symbol("EqualEqual", "==");
export const NotEqual = symbol("NotEqual", "!=");
export const LessEqual = symbol("LessEqual", "<=");
export const GreaterEqual = symbol("GreaterEqual", ">=");
export const Coalesce = symbol("Coalesce", "??");
export const DotDot = symbol("DotDot", "..");
export const LParen = symbol("LParen", "(");
export const RParen = symbol("RParen", ")");
export const LBracket = symbol("LBracket", "[");
export const RBracket = symbol("RBracket", "]");
export const LBrace = symbol("LBrace", "{");
export const RBrace = symbol("RBrace", "}");
export const Comma = symbol("Comma", ",");
export const Colon = symbol("Colon", ":");
export const Assign = symbol("Assign", "=");
export const Less = symbol("Less", "<");
export const Greater = symbol("Greater", ">");
export const Bar = symbol("Bar", "|");
export const Question = symbol("Question", "?");
export const Plus = symbol("Plus", "+");
export const Minus = symbol("Minus", "-");
export const Star = symbol("Star", "*");
export const Slash = symbol("Slash", "/");

const number = String.raw`\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?`;
const unit = units.map((text) => (text === "%" ? "%" : `${text}(?![A-Za-z0-9_])`)).join("|");

export const Num = createToken({ name: "Num", pattern: new RegExp(number), label: "a number" });
export const Quantity = createToken({ name: "Quantity", pattern: new RegExp(`${number}[ \\t]*(?:${unit})`), label: "a quantity" });
export const Str = createToken({ name: "Str", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/, label: "a string", line_breaks: false });
export const Field = createToken({ name: "Field", pattern: /\.[A-Za-z_]\w*/, label: "a field such as `.id`" });

function skipped(config: ITokenConfig): TokenType {
  return createToken({ line_breaks: false, ...config });
}

const Blank = skipped({ name: "Blank", pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
export const DocLine = skipped({ name: "DocLine", pattern: /\/\/\/(?!\/)[^\r\n]*/, group: "comments" });
const LineComment = skipped({ name: "LineComment", pattern: /\/\/[^\r\n]*/, group: "comments" });

export const UnclosedStr = skipped({ name: "UnclosedStr", pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*\\?/ });
export const SingleQuoted = skipped({ name: "SingleQuoted", pattern: /'[^'\r\n]*'/ });
export const HashComment = skipped({ name: "HashComment", pattern: /#[^\r\n]*/ });
export const BlockComment = skipped({ name: "BlockComment", pattern: /\/\*[^]*?\*\//, line_breaks: true });
export const AndAnd = symbol("AndAnd", "&&");
export const OrOr = symbol("OrOr", "||");
export const Bang = symbol("Bang", "!");
export const Semicolon = symbol("Semicolon", ";");

/** In the order the lexer tries them. */
export const lexerTypes: TokenType[] = [
  Blank, DocLine, LineComment, HashComment, BlockComment, Str, UnclosedStr, SingleQuoted, Quantity, Num, DotDot, Field,
  PipeTo, OrOr, AndAnd, Arrow, EqualEqual, NotEqual, LessEqual, GreaterEqual, Coalesce, LParen, RParen, LBracket,
  RBracket, LBrace, RBrace, Comma, Colon, Assign, Less, Greater, Bar, Question, Plus, Minus, Star, Slash, Bang,
  Semicolon, ...keywords, Id, Word,
];
