/** Short ways to say what the checker makes of a text. */
import type { CheckedProgram } from "../../language/check/checked-program.ts";
import { checkText } from "./stand-ins.ts";

/** The codes of all complaints about a text, in order of place. */
export function codesOf(text: string, others?: Readonly<Record<string, string>>): readonly string[] {
  return checkText(text, others).all.map(({ code }) => code);
}

/** The checked form of a text without mistakes; throws with the complaints otherwise. */
export function checkedOf(text: string, others?: Readonly<Record<string, string>>): CheckedProgram {
  const { program, all } = checkText(text, others);
  if (program !== undefined) return program;
  throw new Error(all.map(({ code, message, labels }) => `${code}: ${message} (at ${labels[0]?.span.start})`).join("\n"));
}

/** A program whose one map has the field `x: value` over rows of the record `Row { row }`. */
export function mapText(row: string, value: string): string {
  return `record Row { ${row} }\n\npipeline p {\n  let rows = read parquet("in") as Row\n  write rows |> { x: ${value} } to parquet("out")\n}\n`;
}
