/**
 * The tree of a file as indented text, for goldens and `pipec dump`: a line for each node with its kind, its own values
 * and its span as line:column; names in one line; absent parts left out.
 */
import { positionAt } from "../source/source-file.ts";
import type { SourceFile } from "../source/source-file.ts";
import type { Span } from "../source/span.ts";

interface AnyNode {
  readonly kind: string;
  readonly span: Span;
}

/** Prints a node of the tree and all under it; `source` is the file its spans are of. */
export function printAst(source: SourceFile, root: AnyNode): string {
  const lines: string[] = [];
  printNode(source, lines, "", "", root);
  return lines.map((line) => `${line}\n`).join("");
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "kind" in value && "span" in value;
}

function printNode(source: SourceFile, lines: string[], indent: string, label: string, node: AnyNode): void {
  const values: string[] = [];
  const parts: (readonly [string, AnyNode])[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (key === "kind" || key === "span" || value === undefined) continue;
    if (isNode(value)) parts.push([`${key}: `, value]);
    else if (Array.isArray(value)) {
      const elements: readonly unknown[] = value;
      for (const element of elements) if (isNode(element)) parts.push([`${key}- `, element]);
    } else if (value !== false) values.push(value === true ? ` ${key}` : ` ${JSON.stringify(value)}`);
  }
  const kind = node.kind === "identifier" ? "" : node.kind;
  lines.push(`${indent}${label}${kind}${values.join("")} @${spanText(source, node.span)}`.replace(":  ", ": "));
  for (const [key, part] of parts) printNode(source, lines, `${indent}  `, key, part);
}

function spanText(source: SourceFile, span: Span): string {
  const start = positionAt(source, span.start);
  const end = positionAt(source, span.end);
  const last = end.line === start.line ? `${end.column}` : `${end.line}:${end.column}`;
  return `${start.line}:${start.column}-${last}`;
}
