/**
 * One record of a text after RFC 4180: cells between separators, to the end of the line; a cell that begins with a
 * quote ends at the next one that is not doubled, and may hold separators and line ends. What is said of a record
 * depends on the text from its start on alone: where that is not enough yet, it is unfinished.
 */
export type Taken =
  /** `end`: where the next record begins. `lines`: how many this one has. */
  | { readonly kind: "record"; readonly cells: readonly string[]; readonly end: number; readonly lines: number }
  /** `end`: where it cannot be read any further. */
  | { readonly kind: "broken"; readonly reason: string; readonly end: number }
  | { readonly kind: "unfinished" };

type Cell = { readonly kind: "cell"; readonly text: string; readonly end: number } | Exclude<Taken, { readonly kind: "record" }>;

const UNFINISHED = { kind: "unfinished" } as const;
const [QUOTE, LINE_FEED, CARRIAGE_RETURN] = [0x22, 0x0a, 0x0d];

/** `isWhole`: nothing comes after `text`. */
export function takeRecord(text: string, start: number, separator: string, isWhole: boolean): Taken {
  const cells: string[] = [];
  let lines = 1;
  for (let at = start; ; at += separator.length) {
    const isQuoted = text.charCodeAt(at) === QUOTE;
    const cell = isQuoted ? takeQuoted(text, at, isWhole) : takePlain(text, at, separator, isWhole);
    if (cell.kind !== "cell") return cell;
    cells.push(cell.text);
    if (isQuoted) lines += countLineEnds(cell.text);
    at = cell.end;
    if (text.startsWith(separator, at)) continue;
    const next = at === text.length && isWhole ? at : behindLineEnd(text, at, isWhole);
    if (next !== undefined) return { kind: "record", cells, end: next, lines };
    const isCertain = isWhole || text.length - at >= Math.max(separator.length, "\r\n".length);
    return isCertain ? { kind: "broken", reason: "a quoted cell goes on behind its closing quote", end: at } : UNFINISHED;
  }
}

/** Where the line after the one that ends at `at` begins; undefined where none ends there, or may go on with the next text. */
export function behindLineEnd(text: string, at: number, isWhole: boolean): number | undefined {
  const code = text.charCodeAt(at);
  if (code === LINE_FEED) return at + 1;
  if (code !== CARRIAGE_RETURN || (at + 1 === text.length && !isWhole)) return undefined;
  return text.charCodeAt(at + 1) === LINE_FEED ? at + 2 : at + 1;
}

function takePlain(text: string, start: number, separator: string, isWhole: boolean): Cell {
  const first = separator.charCodeAt(0);
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === LINE_FEED || code === CARRIAGE_RETURN || (code === first && text.startsWith(separator, at))) return { kind: "cell", text: text.slice(start, at), end: at };
    if (code === QUOTE) return { kind: "broken", reason: "a quote stands in a cell that does not begin with one", end: at };
  }
  return isWhole ? { kind: "cell", text: text.slice(start), end: text.length } : UNFINISHED;
}

function takeQuoted(text: string, start: number, isWhole: boolean): Cell {
  let isDoubled = false;
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (at + 1 === text.length && !isWhole) return UNFINISHED;
    if (text.charCodeAt(at + 1) !== QUOTE) {
      const inner = text.slice(start + 1, at);
      return { kind: "cell", text: isDoubled ? inner.replaceAll('""', '"') : inner, end: at + 1 };
    }
    isDoubled = true;
  }
  return isWhole ? { kind: "broken", reason: "a quote is opened and never closed", end: text.length } : UNFINISHED;
}

function countLineEnds(text: string): number {
  return /[\r\n]/.test(text) ? text.split(/\r\n|\n|\r/).length - 1 : 0;
}
