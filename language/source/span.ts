/**
 * A stretch of one source file. Offsets count UTF-16 code units, `end` is exclusive, and
 * 0 <= start <= end <= text.length of the file named.
 */
export interface Span {
  /** The path of the file as the user typed it: the key under which the file's text is found. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
}
