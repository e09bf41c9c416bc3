/** What `node out.js --help` says: the program's own words about its params, at most 80 columns wide. */
import { isTensor } from "../contract/tensor.ts";
import type { ParamSpec, ProgramSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import { printParamType } from "./param-value.ts";

const widthMax = 80;

interface Entry {
  readonly term: string;
  readonly lines: readonly string[];
}

export function renderHelp(program: ProgramSpec): string {
  const isSingle = program.pipelines.length === 1;
  const open = program.params.filter((param) => param.fixed === undefined);
  const fixed = program.params.filter((param) => param.fixed !== undefined);
  const sections = [
    [program.name, ...wrap(program.doc, widthMax - 2).map((line) => `  ${line}`)].join("\n"),
    `Usage\n  node out.js ${isSingle ? "" : "NAME "}[options]`,
    isSingle ? "" : section("Pipelines", program.pipelines.map((pipeline) => ({ term: pipeline.name, lines: [firstParagraph(pipeline.doc)] }))),
    section("Params", open.map(describeParam)),
    section("Decided when the program was built", fixed.map((param) => ({ term: `${param.name} = ${printValue(param.fixed ?? null)}`, lines: [firstParagraph(param.doc)] }))),
    section("Options", options),
  ];
  return `${sections.filter((text) => text !== "").join("\n\n")}\n`;
}

const options: readonly Entry[] = [
  { term: "--device DEVICE", lines: ["Run every model on this device (cpu, cuda:0) instead of the planned ones. Cuts and batches stay."] },
  { term: "--interpret", lines: ["Run in one thread, row by row, and print shapes. Writes the same bytes."] },
  { term: "--json", lines: ["Print progress and the summary as JSON, one object a line."] },
  { term: "--overwrite", lines: ["Replace files in the output folder that another program wrote."] },
  { term: "--fresh", lines: ["Start over where a checkpoint is kept of a run that stopped, and remove what that run wrote."] },
  { term: "--explain-resume", lines: ["Say what a run would reuse of one that stopped, and what forbids it. Runs nothing."] },
  { term: "--metrics [HOST]:PORT", lines: ["Serve Prometheus metrics at /metrics while the run lasts; without a host, to this machine only."] },
  { term: "--trace FILE", lines: ["Write what every worker did when, for ui.perfetto.dev."] },
  { term: "--report FILE", lines: ["Write an offline HTML page about the run."] },
  { term: "--quiet", lines: ["Print nothing but faults."] },
  { term: "--help", lines: ["Print this."] },
];

function describeParam(param: ParamSpec): Entry {
  const isBool = param.type.kind === "bool";
  const term = isBool ? `--[no-]${param.name}` : `--${param.name} ${printParamType(param.type)}`;
  const fallback = param.default === undefined ? (param.type.kind === "optional" ? "" : "must be given") : param.default === null ? "" : `default: ${printValue(param.default)}`;
  return { term, lines: [firstParagraph(param.doc), fallback] };
}

function printValue(value: Value): string {
  if (typeof value === "string") return value === "" || /\s/.test(value) ? JSON.stringify(value) : value;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return `[${value.map(printValue).join(", ")}]`;
  return isTensor(value) ? `tensor<${value.dtype}>[${value.shape.join(", ")}]` : `{ ${Object.keys(value).join(", ")} }`;
}

function firstParagraph(doc: string): string {
  return doc.trim().split(/\n\s*\n/, 1)[0] ?? "";
}

/** Terms on the left, what they mean on the right; under the term where it is long. */
function section(title: string, entries: readonly Entry[]): string {
  if (entries.length === 0) return "";
  const column = Math.min(28, Math.max(...entries.map((entry) => entry.term.length)) + 4);
  const lines = entries.flatMap(({ term, lines: texts }) => {
    const right = texts.flatMap((text) => wrap(text, widthMax - column));
    const [first, ...rest] = term.length + 4 <= column && right.length > 0 ? [`  ${term}`.padEnd(column) + (right[0] ?? ""), ...right.slice(1)] : [`  ${term}`, ...right];
    return [first, ...rest.map((line) => " ".repeat(column) + line)];
  });
  return [title, ...lines].join("\n");
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
