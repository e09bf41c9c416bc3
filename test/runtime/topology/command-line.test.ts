import { describe, expect, test } from "vitest";
import type { ParamSpec, PipelineSpec, ProgramSpec } from "../../../runtime/contract/program.ts";
import { parseCommandLine } from "../../../runtime/topology/command-line.ts";
import type { CommandLine } from "../../../runtime/topology/command-line.ts";

const pipeline = (name: string): PipelineSpec => ({
  name, doc: `Does ${name}.\n\nAt length.`, chunkRows: 1, groupChunks: 1, errors: { kind: "fail" }, steps: [], stages: [], edges: [], sinks: [], tickets: 1, memoryBoundBytes: 0,
});

const params: readonly ParamSpec[] = [
  { name: "input", doc: "Parquet files with columns `id` and `jpeg`.\n\nMore about them.", type: { kind: "uri" }, default: "data/*.parquet" },
  { name: "max_tokens", doc: "", type: { kind: "int", low: 16, high: 512 }, default: 128n },
  { name: "cut", doc: "The score from which a mail counts as spam; lower it to see more of them in the output.", type: { kind: "float", low: 0, high: 1 }, default: 0.5 },
  { name: "mode", doc: "", type: { kind: "choice", choices: ["fast", "exact"] }, default: "fast" },
  { name: "verbose", doc: "Says more.", type: { kind: "bool" }, default: true },
  { name: "note", doc: "", type: { kind: "optional", inner: { kind: "string" } } },
  { name: "size", doc: "Of the pictures.", type: { kind: "int" }, fixed: 224n },
];

function program(changes: Partial<ProgramSpec> = {}): ProgramSpec {
  return { name: "mail", sourceFile: "mail.pipe", doc: "Sorts mail.", params, pipelines: [pipeline("sort")], ...changes };
}

function run(argv: readonly string[], changes?: Partial<ProgramSpec>): Extract<CommandLine, { kind: "run" }> {
  const parsed = parseCommandLine(program(changes), argv);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return parsed;
}

function usage(argv: readonly string[], changes?: Partial<ProgramSpec>): string {
  const parsed = parseCommandLine(program(changes), argv);
  if (parsed.kind !== "usage") throw new Error(JSON.stringify(parsed.kind));
  expect(parsed.message).not.toContain("\n");
  return `${parsed.code} ${parsed.message}`;
}

describe("params", () => {
  test("defaults, and which values were given", () => {
    const { params: values, pipeline: name, flags } = run(["--input", "x.parquet"]);
    expect(values).toEqual({
      input: { value: "x.parquet", fromCommandLine: true },
      max_tokens: { value: 128n, fromCommandLine: false },
      cut: { value: 0.5, fromCommandLine: false },
      mode: { value: "fast", fromCommandLine: false },
      verbose: { value: true, fromCommandLine: false },
      note: { value: null, fromCommandLine: false },
      size: { value: 224n, fromCommandLine: false },
    });
    expect(name).toBe("sort");
    expect(flags).toEqual({ interpret: false, json: false, overwrite: false, quiet: false });
  });

  test.each([
    [["--max_tokens=64"], "max_tokens", 64n],
    [["--max-tokens", "1_6"], "max_tokens", 16n],
    [["--cut", "1e-1"], "cut", 0.1],
    [["--cut=25%"], "cut", 0.25],
    [["--mode", "exact"], "mode", "exact"],
    [["--no-verbose"], "verbose", false],
    [["--verbose"], "verbose", true],
    [["--verbose=false"], "verbose", false],
    [["--note="], "note", ""],
    [["--note", "-1"], "note", "-1"],
    [["--note=--a=b"], "note", "--a=b"],
  ])("%j", (argv, name, value) => {
    expect(run(argv).params[name]).toEqual({ value, fromCommandLine: true });
  });

  test.each([
    [["--max_tokens=8"], "R0102 --max_tokens is a whole number in 16..512, not 8"],
    [["--max_tokens=many"], 'R0102 --max_tokens is a whole number in 16..512, not "many"'],
    [["--max_tokens=64.5"], 'R0102 --max_tokens is a whole number in 16..512, not "64.5"'],
    [["--cut=1.5"], "R0102 --cut is a number in 0..1, not 1.5"],
    [["--cut="], 'R0102 --cut is a number in 0..1, not ""'],
    [["--mode=exat"], 'R0102 --mode is one of fast, exact, not "exat"; did you mean exact?'],
    [["--verbose=yes"], 'R0102 --verbose is true or false, not "yes"'],
    [["--input"], "R0104 --input needs a value: --input=VALUE"],
    [["--input", "--json"], "R0104 --input needs a value: --input=VALUE"],
    [["--cut=0", "--cut=1"], "R0102 --cut is given twice"],
    [["--size=64"], "R0103 --size was decided when the program was built; give it to the build: pipec build --param size=VALUE"],
    [["--inptu=x"], "R0101 there is no option --inptu; did you mean --input?"],
    [["--sizes=3"], "R0101 there is no option --sizes; --help lists them"],
    [["-v"], "R0101 there is no option -v; --help lists them"],
    [["--no-cut"], "R0101 there is no option --no-cut; --help lists them"],
    [["--json=1"], "R0102 --json takes no value"],
  ])("%j is refused", (argv, message) => {
    expect(usage(argv)).toBe(message);
  });

  test("those without a value are named together", () => {
    const required: readonly ParamSpec[] = ["a", "b"].map((name) => ({ name, doc: "", type: { kind: "string" } }));
    expect(usage([], { params: required })).toBe("R0104 --a, --b must be given: they have no default");
    expect(usage(["--a=1"], { params: required })).toBe("R0104 --b must be given: it has no default");
  });

  test("whole numbers stay within 64 bits", () => {
    const one: readonly ParamSpec[] = [{ name: "n", doc: "", type: { kind: "int" } }];
    expect(run(["--n=-9223372036854775808"], { params: one }).params["n"]?.value).toBe(-(2n ** 63n));
    expect(usage(["--n=9223372036854775808"], { params: one })).toContain("is a whole number in -9223372036854775808..9223372036854775807 (i64), not 9223372036854775808");
  });

  test("numbers are of the declared dtype", () => {
    const typed: readonly ParamSpec[] = [
      { name: "byte", doc: "", type: { kind: "int", dtype: "u8" }, default: 1 },
      { name: "big", doc: "", type: { kind: "int", dtype: "u64" }, default: 1n },
      { name: "scale", doc: "", type: { kind: "float", dtype: "f32" }, default: 1 },
    ];
    expect(run(["--byte=200"], { params: typed }).params["byte"]?.value).toBe(200);
    expect(usage(["--byte=256"], { params: typed })).toBe("R0102 --byte is a whole number in 0..255 (u8), not 256");
    expect(usage(["--byte=-1"], { params: typed })).toBe("R0102 --byte is a whole number in 0..255 (u8), not -1");
    expect(run(["--big=18446744073709551615"], { params: typed }).params["big"]?.value).toBe(2n ** 64n - 1n);
    expect(run(["--scale=0.1"], { params: typed }).params["scale"]?.value).toBe(Math.fround(0.1));
    expect(usage(["--scale=1e40"], { params: typed })).toContain("--scale is a number");
  });

  test("a place needs a name", () => expect(usage(["--input="])).toBe("R0102 --input needs a path"));

  test("a param named as one of our options hides it", () => {
    const parsed = run(["--quiet", "very"], { params: [{ name: "quiet", doc: "", type: { kind: "string" } }] });
    expect(parsed.params["quiet"]?.value).toBe("very");
    expect(parsed.flags.quiet).toBe(false);
  });
});

describe("pipelines", () => {
  const several = { pipelines: [pipeline("train"), pipeline("classify")] };

  test.each([
    [[], "R0105 say which pipeline: node out.js NAME, where NAME is train or classify"],
    [["train", "--metrics", "here"], 'R0102 --metrics "here" is no address: write a port, as in --metrics :9464'],
    [["clasify"], 'R0105 there is no pipeline "clasify"; did you mean classify?'],
    [["zzz"], 'R0105 there is no pipeline "zzz", only train, classify'],
    [["train", "classify"], "R0105 one pipeline runs at a time, 2 are named: train, classify"],
  ])("%j", (argv, message) => expect(usage(argv, several)).toBe(message));

  test("a name anywhere, beside flags", () => {
    expect(run(["--json", "classify", "--overwrite"], several)).toMatchObject({ pipeline: "classify", flags: { json: true, overwrite: true } });
    expect(run(["sort", "--metrics", ":0"])).toMatchObject({ flags: { metrics: ":0" } });
    expect(run(["sort", "--device", "cuda:1"])).toMatchObject({ flags: { device: "cuda:1" } });
    expect(run(["sort", "--metrics", ":9464", "--report=run.html"])).toMatchObject({ flags: { metrics: ":9464", report: "run.html" } });
    expect(run(["sort", "--interpret", "--quiet"])).toMatchObject({ pipeline: "sort", flags: { interpret: true, quiet: true } });
  });
});

test("help", () => {
  const parsed = parseCommandLine(program({ pipelines: [pipeline("train"), pipeline("classify")] }), ["--nonsense", "--help"]);
  expect(parsed).toEqual({ kind: "help", text: `mail
  Sorts mail.

Usage
  node out.js NAME [options]

Pipelines
  train     Does train.
  classify  Does classify.

Params
  --input <uri>             Parquet files with columns \`id\` and \`jpeg\`.
                            default: data/*.parquet
  --max_tokens <int 16..512>
                            default: 128
  --cut <float 0..1>        The score from which a mail counts as spam; lower it
                            to see more of them in the output.
                            default: 0.5
  --mode <fast|exact>       default: fast
  --[no-]verbose            Says more.
                            default: true
  --note <string>

Decided when the program was built
  size = 224  Of the pictures.

Options
  --device DEVICE        Run every model on this device (cpu, cuda:0) instead of
                         the planned ones. Cuts and batches stay.
  --interpret            Run in one thread, row by row, and print shapes. Writes
                         the same bytes.
  --json                 Print progress and the summary as JSON, one object a
                         line.
  --overwrite            Replace files in the output folder that another program
                         wrote.
  --fresh                Start over where a checkpoint is kept of a run that
                         stopped, and remove what that run wrote.
  --explain-resume       Say what a run would reuse of one that stopped, and
                         what forbids it. Runs nothing.
  --metrics [HOST]:PORT  Serve Prometheus metrics at /metrics while the run
                         lasts; without a host, to this machine only.
  --trace FILE           Write what every worker did when, for ui.perfetto.dev.
  --report FILE          Write an offline HTML page about the run.
  --quiet                Print nothing but faults.
  --help                 Print this.
` });
});
