/**
 * The command line of a built program, from its declared params: words in, a decision out. Pure: paths are not
 * resolved (`fromCommandLine` says which folder they are relative to) and nothing is printed.
 *
 * A param may be written with "-" for "_". A param that has the name of one of our own options hides that option;
 * `--help` always helps.
 */
import { deviceWords, isDevice } from "../backends/device.ts";
import type { FailureCode } from "../contract/failures.ts";
import type { ParamSpec, ProgramSpec } from "../contract/program.ts";
import type { Value } from "../contract/value.ts";
import { parseMetricsAddress } from "../telemetry/metrics-server.ts";
import { renderHelp } from "./help-text.ts";
import { nearestName } from "./nearest-name.ts";
import { parseParamValue } from "./param-value.ts";

export interface GivenParam {
  readonly value: Value;
  /** Relative paths in it are relative to the current folder, otherwise to the program's. */
  readonly fromCommandLine: boolean;
}

export interface RunFlags {
  readonly interpret: boolean;
  readonly json: boolean;
  readonly overwrite: boolean;
  /** Forget what a run that stopped has committed. */
  readonly fresh?: boolean;
  /** Say what a run would go on with; run nothing. */
  readonly explainResume?: boolean;
  readonly quiet: boolean;
  /** Where all models run, in place of the plan's devices. */
  readonly device?: string;
  /** Where metrics are served: ":9464". */
  readonly metrics?: string;
  /** Files to write, relative to the current folder. */
  readonly trace?: string;
  readonly report?: string;
}

export type CommandLine =
  | { readonly kind: "run"; readonly pipeline: string; readonly params: Readonly<Record<string, GivenParam>>; readonly flags: RunFlags }
  | { readonly kind: "help"; readonly text: string }
  /** One line. */
  | { readonly kind: "usage"; readonly code: FailureCode; readonly message: string };

type Usage = Extract<CommandLine, { kind: "usage" }>;

/** `argv` without node and the script. */
export function parseCommandLine(program: ProgramSpec, argv: readonly string[]): CommandLine {
  if (argv.includes("--help") || argv.includes("-h")) return { kind: "help", text: renderHelp(program) };
  const words = readWords(program, argv);
  if ("kind" in words) return words;
  const pipeline = choosePipeline(program, words.names);
  if (typeof pipeline !== "string") return pipeline;
  const params: Record<string, GivenParam> = {};
  const missing: string[] = [];
  for (const param of program.params) {
    const value = words.values.get(param.name) ?? defaultOf(param);
    if (value === undefined) missing.push(param.name);
    else params[param.name] = { value, fromCommandLine: words.values.has(param.name) };
  }
  if (missing.length > 0) {
    const options = missing.map((name) => `--${name}`).join(", ");
    return usage("R0104", `${options} must be given: ${missing.length === 1 ? "it has" : "they have"} no default`);
  }
  const has = (flag: (typeof flagNames)[number]): boolean => words.flags.has(flag);
  const flags = { interpret: has("interpret"), json: has("json"), overwrite: has("overwrite"), quiet: has("quiet"), ...(has("fresh") ? { fresh: true } : {}), ...(has("explain-resume") ? { explainResume: true } : {}), ...Object.fromEntries(words.texts) };
  return { kind: "run", pipeline, params, flags };
}

interface Words {
  readonly names: readonly string[];
  readonly values: ReadonlyMap<string, Value>;
  readonly flags: ReadonlySet<string>;
  readonly texts: ReadonlyMap<TextOption, string>;
}

const flagNames = ["interpret", "json", "overwrite", "quiet", "fresh", "explain-resume"] as const;
/** Options that take a value. */
const textNames = ["device", "metrics", "trace", "report"] as const satisfies readonly (keyof RunFlags)[];
type TextOption = (typeof textNames)[number];

function readWords(program: ProgramSpec, argv: readonly string[]): Words | Usage {
  const names: string[] = [];
  const values = new Map<string, Value>();
  const flags = new Set<string>();
  const texts = new Map<TextOption, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (!word.startsWith("-") || word === "-") {
      names.push(word);
      continue;
    }
    const option = readOption(program, word);
    if (option.kind === "usage") return option;
    if (option.kind === "flag") {
      flags.add(option.name);
      continue;
    }
    const name = option.kind === "text" ? option.name : option.param.name;
    if (option.kind === "text" ? texts.has(option.name) : values.has(name)) return usage("R0102", `--${name} is given twice`);
    const next = argv[at + 1];
    const isNext = option.text === undefined && next !== undefined && !next.startsWith("--");
    const text = option.text ?? (isNext ? next : undefined);
    if (text === undefined) return usage("R0104", `--${name} needs a value: --${name}=VALUE`);
    if (isNext) at++;
    if (option.kind === "text") {
      if (option.name === "device" && !isDevice(text)) return usage("R0102", `--device ${JSON.stringify(text)} is not a device: ${deviceWords}`);
      if (option.name === "metrics" && parseMetricsAddress(text) === undefined) return usage("R0102", `--metrics ${JSON.stringify(text)} is no address: write a port, as in --metrics :9464`);
      texts.set(option.name, text);
      continue;
    }
    const { param } = option;
    const parsed = parseParamValue(param.type, text);
    if (!parsed.ok) return usage("R0102", `--${param.name} ${parsed.fault}`);
    values.set(param.name, parsed.value);
  }
  return { names, values, flags, texts };
}

type Option =
  | { readonly kind: "param"; readonly param: ParamSpec; readonly text: string | undefined }
  | { readonly kind: "flag"; readonly name: string }
  | { readonly kind: "text"; readonly name: TextOption; readonly text: string | undefined };

/** `--name`, `--name=text`, `--no-name`. */
function readOption(program: ProgramSpec, word: string): Option | Usage {
  const equals = word.indexOf("=");
  const name = word.slice(word.startsWith("--") ? 2 : 1, equals < 0 ? undefined : equals);
  const text = equals < 0 ? undefined : word.slice(equals + 1);
  const param = word.startsWith("--") ? findParam(program, name) : undefined;
  if (param !== undefined) {
    if (param.fixed !== undefined) return usage("R0103", `--${param.name} was decided when the program was built; give it to the build: pipec build --param ${param.name}=VALUE`);
    return { kind: "param", param, text: text ?? (isBool(param) ? "true" : undefined) };
  }
  const negated = name.startsWith("no-") && text === undefined ? findParam(program, name.slice("no-".length)) : undefined;
  if (negated !== undefined && isBool(negated) && negated.fixed === undefined) return { kind: "param", param: negated, text: "false" };
  const taken = word.startsWith("--") ? textNames.find((candidate) => candidate === name) : undefined;
  if (taken !== undefined) return { kind: "text", name: taken, text };
  if (word.startsWith("--") && flagNames.some((flag) => flag === name)) {
    return text === undefined ? { kind: "flag", name } : usage("R0102", `--${name} takes no value`);
  }
  const open = program.params.filter((candidate) => candidate.fixed === undefined).map((candidate) => candidate.name);
  const near = nearestName(name, [...open, ...flagNames, ...textNames, "help"]);
  return usage("R0101", `there is no option ${word.split("=", 1)[0] ?? word}${near === undefined ? "; --help lists them" : `; did you mean --${near}?`}`);
}

function findParam(program: ProgramSpec, name: string): ParamSpec | undefined {
  return program.params.find((param) => param.name === name) ?? program.params.find((param) => param.name === name.replaceAll("-", "_"));
}

function isBool(param: ParamSpec): boolean {
  return param.type.kind === "bool" || (param.type.kind === "optional" && param.type.inner.kind === "bool");
}

function defaultOf(param: ParamSpec): Value | undefined {
  return param.fixed ?? param.default ?? (param.type.kind === "optional" ? null : undefined);
}

function choosePipeline(program: ProgramSpec, names: readonly string[]): string | Usage {
  const known = program.pipelines.map((pipeline) => pipeline.name);
  const [name, extra] = names;
  if (extra !== undefined) return usage("R0105", `one pipeline runs at a time, ${names.length} are named: ${names.join(", ")}`);
  if (name === undefined) {
    const [only, another] = known;
    return only !== undefined && another === undefined ? only : usage("R0105", `say which pipeline: node out.js NAME, where NAME is ${printChoices(known)}`);
  }
  if (known.includes(name)) return name;
  const near = nearestName(name, known);
  return usage("R0105", `there is no pipeline ${JSON.stringify(name)}${near === undefined ? `, only ${known.join(", ")}` : `; did you mean ${near}?`}`);
}

function printChoices(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1) ?? ""}`;
}

function usage(code: FailureCode, message: string): Usage {
  return { kind: "usage", code, message };
}
