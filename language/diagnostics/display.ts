/** Source text as a terminal may show it: nothing in a file may move the cursor, hide text or misplace a caret. */

/** A character as shown, and the columns it takes there. */
export interface Shown {
  readonly text: string;
  readonly width: number;
}

/** How one character (code point) is shown: tabs as two spaces, controls and invisible ones as `\u{...}`. */
function showCharacter(char: string): Shown {
  if (char === "\t") return { text: "  ", width: 2 };
  if (/^[\p{C}\u2028\u2029]$/u.test(char)) {
    const text = `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
    return { text, width: text.length };
  }
  if (/^\p{M}$/u.test(char)) return { text: char, width: 0 };
  return { text: char, width: isWide(char.codePointAt(0) ?? 0) ? 2 : 1 };
}

/** A text with its controls escaped; line ends are kept where `keepLines` is set. */
export function escapeText(text: string, keepLines = false): string {
  let shown = "";
  for (const char of text) shown += keepLines && char === "\n" ? char : showCharacter(char).text;
  return shown;
}

/** The columns a text takes as shown. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += showCharacter(char).width;
  return width;
}

/** The blocks terminals draw over two columns: Hangul, CJK, full-width forms, emoji. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], [0x2e80, 0x303e], [0x3041, 0xa4cf], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe30, 0xfe6f],
  [0xff00, 0xff60], [0xffe0, 0xffe6], [0x1f300, 0x1f64f], [0x1f900, 0x1f9ff], [0x20000, 0x3fffd],
];

function isWide(code: number): boolean {
  return code >= 0x1100 && wideRanges.some(([first, last]) => code >= first && code <= last);
}
