/**
 * Laying out text in lines of a given width, after Wadler's "A prettier printer": a document says where a line may
 * break; a group is set on one line if it fits, else breaks at all its own places.
 */

export type Doc =
  | string
  | readonly Doc[]
  | { readonly kind: "line"; readonly flat: string; readonly hard: boolean }
  | { readonly kind: "group"; readonly body: Doc; readonly broken: boolean; readonly id: number | undefined }
  | { readonly kind: "indent"; readonly body: Doc }
  | { readonly kind: "ifBroken"; readonly broken: Doc; readonly flat: Doc; readonly id: number | undefined }
  | { readonly kind: "lineEnd"; readonly text: string; readonly id: number };

/** A space, or a line end in a broken group. */
export const line: Doc = { kind: "line", flat: " ", hard: false };
/** Nothing, or a line end in a broken group. */
export const softLine: Doc = { kind: "line", flat: "", hard: false };
/** A line end; breaks every group around it. */
export const hardLine: Doc = { kind: "line", flat: "", hard: true };
/** An empty line after a line end. */
export const emptyLine: Doc = { kind: "line", flat: "\n", hard: true };

export function group(body: Doc, options: { readonly broken?: boolean; readonly id?: number } = {}): Doc {
  return { kind: "group", body, broken: options.broken === true || breaks(body), id: options.id };
}

export function indent(body: Doc): Doc {
  return { kind: "indent", body };
}

/** One thing in a broken group, another in a flat one: the group around, or the one printed before under `id`. */
export function ifBroken(broken: Doc, flat: Doc, id?: number): Doc {
  return { kind: "ifBroken", broken, flat, id };
}

/** Text that goes to the end of the line it lands on, a comment; `id` tells it from others. */
export function lineEnd(text: string, id: number): Doc {
  return { kind: "lineEnd", text, id };
}

/** True for a document that cannot be set on one line. */
function breaks(doc: Doc): boolean {
  if (typeof doc === "string") return false;
  if (!("kind" in doc)) return doc.some(breaks);
  switch (doc.kind) {
    case "line":
      return doc.hard;
    case "lineEnd":
      return false;
    case "group":
      return doc.broken;
    case "indent":
      return breaks(doc.body);
    case "ifBroken":
      return breaks(doc.flat);
  }
}

interface Piece {
  readonly doc: Doc;
  readonly indent: number;
  readonly broken: boolean;
}

const indentWidth = 2;

export interface LaidOut {
  readonly text: string;
  /** The ids of line ends that others followed on their line. */
  readonly crowded: readonly number[];
}

/** The text of a document, lines at most `width` long where its breaks allow. */
export function layOut(doc: Doc, width: number): LaidOut {
  const brokenGroups = new Map<number, boolean>();
  const pieces: Piece[] = [{ doc, indent: 0, broken: true }];
  let text = "";
  let column = 0;
  const crowded: number[] = [];
  let ends: { readonly text: string; readonly id: number }[] = [];
  const endLine = (): void => {
    text = [text, ...ends.map((end) => end.text)].join(" ").trimEnd();
    crowded.push(...ends.slice(0, -1).map((end) => end.id));
    ends = [];
  };
  for (let piece = pieces.pop(); piece !== undefined; piece = pieces.pop()) {
    const { doc: part, indent: depth, broken } = piece;
    if (typeof part === "string") {
      text += part;
      column += part.length;
    } else if (!("kind" in part)) {
      for (const child of part.toReversed()) pieces.push({ doc: child, indent: depth, broken });
    } else if (part.kind === "line") {
      if (part.hard || broken) {
        endLine();
        text += `\n${part.flat === "\n" ? "\n" : ""}${" ".repeat(depth)}`;
        column = depth;
      } else {
        text += part.flat;
        column += part.flat.length;
      }
    } else if (part.kind === "lineEnd") ends.push(part);
    else if (part.kind === "indent") pieces.push({ doc: part.body, indent: depth + indentWidth, broken });
    else if (part.kind === "ifBroken") {
      const isBroken = part.id === undefined ? broken : (brokenGroups.get(part.id) ?? false);
      pieces.push({ doc: isBroken ? part.broken : part.flat, indent: depth, broken });
    } else {
      const isBroken = part.broken || !fits(part.body, width - column, pieces, brokenGroups);
      if (part.id !== undefined) brokenGroups.set(part.id, isBroken);
      pieces.push({ doc: part.body, indent: depth, broken: isBroken });
    }
  }
  endLine();
  return { text, crowded };
}

/** True if a document set flat, with what follows it up to the next line end, is at most `width` long. */
function fits(doc: Doc, width: number, following: readonly Piece[], brokenGroups: ReadonlyMap<number, boolean>): boolean {
  const pieces: { readonly doc: Doc; readonly broken: boolean }[] = [{ doc, broken: false }];
  let next = following.length - 1;
  let left = width;
  while (left >= 0) {
    const piece = pieces.pop() ?? following[next--];
    if (piece === undefined) return true;
    const { doc: part, broken } = piece;
    if (typeof part === "string") left -= part.length;
    else if (!("kind" in part)) for (const child of part.toReversed()) pieces.push({ doc: child, broken });
    else if (part.kind === "line") {
      if (part.hard || broken) return true;
      left -= part.flat.length;
    } else if (part.kind === "indent") pieces.push({ doc: part.body, broken });
    else if (part.kind === "ifBroken") {
      const isBroken = part.id === undefined ? broken : (brokenGroups.get(part.id) ?? false);
      pieces.push({ doc: isBroken ? part.broken : part.flat, broken });
    } else if (part.kind === "group") pieces.push({ doc: part.body, broken: part.broken || broken });
  }
  return false;
}
