/** Source maps, version 3: mappings as base64 VLQ (the format's own specification, ECMA-426). */
import { positionAt } from "../../language/source/source-file.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import type { Mapping } from "./code.ts";

export interface SourceMap {
  readonly version: 3;
  readonly file: string;
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly names: readonly string[];
  readonly mappings: string;
}

/** The map of an emitted file. `nameOf` gives the path of a source relative to the emitted file. */
export function makeSourceMap(file: string, mappings: readonly Mapping[], sources: readonly SourceFile[], nameOf: (source: SourceFile) => string): SourceMap {
  return {
    version: 3,
    file,
    sources: sources.map(nameOf),
    sourcesContent: sources.map((source) => source.text),
    names: [],
    mappings: encodeMappings(mappings, sources),
  };
}

/** The map as a comment that compilers after us read. */
export function inlineSourceMap(map: SourceMap): string {
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}\n`;
}

function encodeMappings(mappings: readonly Mapping[], sources: readonly SourceFile[]): string {
  const indexOf = new Map(sources.map((source, index) => [source.path, index]));
  let text = "";
  let [line, column, source, sourceLine, sourceColumn] = [0, 0, 0, 0, 0];
  let isFirst = true;
  for (const mapping of mappings) {
    if (mapping.line > line) {
      text += ";".repeat(mapping.line - line);
      line = mapping.line;
      column = 0;
      isFirst = true;
    }
    text += (isFirst ? "" : ",") + encodeVlq(mapping.column - column);
    column = mapping.column;
    isFirst = false;
    const file = mapping.span === undefined ? undefined : sources[indexOf.get(mapping.span.file) ?? -1];
    if (mapping.span === undefined || file === undefined) continue;
    const place = positionAt(file, mapping.span.start);
    const index = indexOf.get(file.path) ?? 0;
    text += encodeVlq(index - source) + encodeVlq(place.line - 1 - sourceLine) + encodeVlq(place.column - 1 - sourceColumn);
    source = index;
    sourceLine = place.line - 1;
    sourceColumn = place.column - 1;
  }
  return text;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The sign in the lowest bit, then five bits a digit, the sixth saying that more follow. */
export function encodeVlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}
