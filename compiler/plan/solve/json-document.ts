/**
 * JSON with places: every value knows where it stands, so that a problem in a file can be pointed at. Strict JSON; of
 * members with one name the last counts, as everywhere.
 */

export type JsonValue = JsonScalar | JsonArray | JsonObject;

interface Placed {
  readonly start: number;
  readonly end: number;
}

export interface JsonScalar extends Placed {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
}

export interface JsonArray extends Placed {
  readonly kind: "array";
  readonly items: readonly JsonValue[];
}

export interface JsonObject extends Placed {
  readonly kind: "object";
  readonly members: ReadonlyMap<string, JsonValue>;
}

export interface JsonFault {
  readonly kind: "fault";
  readonly offset: number;
  /** What was expected, ready to print. */
  readonly expected: string;
}

const depthMax = 64;

/** The value a text holds, or the first place at which it is not JSON. */
export function parseJson(text: string): JsonValue | JsonFault {
  const value = parseValue(text, skipSpace(text, 0), 0);
  if (value.kind === "fault") return value;
  const end = skipSpace(text, value.end);
  return end < text.length ? fault(end, "the end of the file") : value;
}

function parseValue(text: string, start: number, depth: number): JsonValue | JsonFault {
  if (depth > depthMax) return fault(start, `at most ${depthMax} levels of nesting`);
  switch (text[start]) {
    case "{":
      return parseObject(text, start, depth);
    case "[":
      return parseArray(text, start, depth);
    case '"':
      return parseString(text, start);
    default:
      return parseWord(text, start);
  }
}

const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
const wordPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;

function parseWord(text: string, start: number): JsonScalar | JsonFault {
  wordPattern.lastIndex = start;
  const word = wordPattern.exec(text)?.[0];
  if (word === undefined) return fault(start, "a JSON value");
  const known = words[word];
  return { kind: "scalar", value: known === undefined ? Number(word) : known, start, end: start + word.length };
}

/** A scan rather than one pattern: patterns run out of stack on strings of many megabytes. */
function parseString(text: string, start: number): (JsonScalar & { readonly value: string }) | JsonFault {
  let at = start + 1;
  while (text[at] !== '"') {
    const code = text.charCodeAt(at);
    // NaN past the end of the text.
    if (!(code >= 0x20)) return fault(start, "a string with its closing quote on the same line");
    if (text[at] !== "\\") at += 1;
    else {
      const length = escapeLength(text, at);
      if (length === 0) return fault(at, "an escape such as `\\n` or `\\u0041`");
      at += length;
    }
  }
  return { kind: "scalar", value: String(JSON.parse(text.slice(start, at + 1))), start, end: at + 1 };
}

const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

function escapeLength(text: string, at: number): number {
  escapePattern.lastIndex = at;
  return escapePattern.exec(text)?.[0].length ?? 0;
}

function parseArray(text: string, start: number, depth: number): JsonArray | JsonFault {
  const items: JsonValue[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== "]") {
    const item = parseValue(text, at, depth + 1);
    if (item.kind === "fault") return item;
    items.push(item);
    const next = afterItem(text, item.end, "]");
    if (typeof next !== "number") return next;
    at = next;
  }
  return { kind: "array", items, start, end: at + 1 };
}

function parseObject(text: string, start: number, depth: number): JsonObject | JsonFault {
  const members = new Map<string, JsonValue>();
  let at = skipSpace(text, start + 1);
  while (text[at] !== "}") {
    if (text[at] !== '"') return fault(at, "a name in quotes");
    const name = parseString(text, at);
    if (name.kind === "fault") return name;
    const colon = skipSpace(text, name.end);
    if (text[colon] !== ":") return fault(colon, "`:`");
    const value = parseValue(text, skipSpace(text, colon + 1), depth + 1);
    if (value.kind === "fault") return value;
    members.set(name.value, value);
    const next = afterItem(text, value.end, "}");
    if (typeof next !== "number") return next;
    at = next;
  }
  return { kind: "object", members, start, end: at + 1 };
}

/** The offset of the closing bracket or of the next item, past a comma. */
function afterItem(text: string, end: number, close: "]" | "}"): number | JsonFault {
  const at = skipSpace(text, end);
  if (text[at] === close) return at;
  if (text[at] !== ",") return fault(at, `\`,\` or \`${close}\``);
  const next = skipSpace(text, at + 1);
  return text[next] === close ? fault(next, "another value after the comma") : next;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return at;
}

function fault(offset: number, expected: string): JsonFault {
  return { kind: "fault", offset, expected };
}
