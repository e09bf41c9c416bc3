/** Prints the first `limit` rows as a table when the run ends, and says how many more there were. */
import { isTensor } from "../../../runtime/contract/tensor.ts";
import type { SinkKernel } from "../../../runtime/contract/kernel.ts";
import type { Row, Value } from "../../../runtime/contract/value.ts";

const CELL_CHARS_MAX = 100;

// Control and bidirectional characters of the data must not steer the terminal.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

export const console: SinkKernel = {
  open: async (target) => {
    const limit = Number(target.args.limit);
    const first: Row[] = [];
    let rows = 0;
    return {
      append: async (batch) => {
        rows += batch.length;
        for (const row of batch.slice(0, Math.max(0, limit - first.length))) first.push(row);
      },
      close: async () => {
        const names = target.columns.map((column) => column.name);
        const text = tableOf(names, first.map((row) => names.map((name) => cellOf(row[name]))));
        const more = rows > first.length ? `… and ${rows - first.length} more rows\n` : "";
        await new Promise<void>((resolve) => process.stdout.write(text + more, () => resolve()));
        return { bytes: 0 };
      },
      abort: async () => {},
    };
  },
};

function tableOf(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, column) => rows.reduce((width, row) => Math.max(width, row[column].length), name.length));
  const line = (cells: readonly string[]) => `${cells.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd()}\n`;
  return line(names) + line(widths.map((width) => "─".repeat(width))) + rows.map(line).join("");
}

function cellOf(value: Value): string {
  const text = textOf(value).replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return text.length > CELL_CHARS_MAX ? `${text.slice(0, CELL_CHARS_MAX - 1)}…` : text;
}

function textOf(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (isTensor(value)) return `tensor<${value.dtype}>[${value.shape.join(", ")}]`;
  return isList(value) ? `[${value.map(textOf).join(", ")}]` : `{ ${Object.entries(value).map(([name, field]) => `${name}: ${textOf(field)}`).join(", ")} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
