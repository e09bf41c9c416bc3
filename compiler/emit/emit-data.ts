/** Plain data as TypeScript literals on one line, keys in the order given. */
import type { Column } from "../../runtime/contract/column.ts";
import { propertyKey } from "./names.ts";

type Data = string | number | boolean | null | readonly Data[] | { readonly [key: string]: Data | undefined };

export function emitData(value: Data): string {
  if (Array.isArray(value)) return `[${value.map((item: Data) => emitData(item)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).flatMap(([name, field]) => (field === undefined ? [] : [`${propertyKey(name)}: ${emitData(field)}`]));
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

/** One column a line. */
export function emitColumns(columns: readonly Column[]): string {
  if (columns.length === 0) return "[]";
  return `[\n${columns.map((column) => `  ${emitData(toData(column))},\n`).join("")}]`;
}

/** A column's parts as data: interfaces have no index signature, so they are taken apart once here. */
export function toData(value: unknown): Data {
  if (Array.isArray(value)) return value.map(toData);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toData(field)]));
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}
