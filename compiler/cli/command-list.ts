/** Every command of `pipec`. A new one is a file in `commands/` and an entry here. */
import { resolve } from "node:path";
import { flag, listOption, textOption } from "./command.ts";
import type { CommandOption, CommandSpec } from "./command.ts";

const paramOption: CommandOption = { flags: "--param <name=value>", summary: "fix a param's value while building", repeat: true };
const outOption: CommandOption = { flags: "-o, --out <file>", summary: "where to write the program (default: out.js beside the .pipe file)" };
const jsonOption: CommandOption = { flags: "--json", summary: "print JSON" };
const hardwareOption: CommandOption = { flags: "--hw <file>", summary: "the hardware to plan for: a file or a preset such as aws.g4dn_12xlarge (default: what the program says)" };
const calibrationOption: CommandOption = { flags: "--calibration <file>", summary: "measurements of `pipec bench`, instead of estimates" };
const cutOptions: readonly CommandOption[] = [
  { flags: "--pipeline <stages>", summary: "cut the model into so many stages" },
  { flags: "--tensor <ranks>", summary: "share the tensors of each stage among so many ranks" },
  { flags: "--cut <nodes>", summary: "cut after these nodes (separated by commas) and what they need; once per cut", repeat: true },
  { flags: "--optimize-first", summary: "cut the model as onnxruntime optimises it; the shards run as they are" },
];

export const commands: readonly CommandSpec[] = [
  {
    name: "check",
    summary: "report every problem of a program",
    takes: "[file]",
    options: [jsonOption, paramOption],
    load: () => import("./commands/check.ts"),
  },
  {
    name: "build",
    summary: "compile a program to out.js",
    takes: "[file]",
    options: [outOption, hardwareOption, calibrationOption, paramOption],
    load: () => import("./commands/build.ts"),
  },
  {
    name: "run",
    summary: "build a program and run it; what follows -- goes to the program",
    takes: "[file] [args...]",
    options: [outOption, hardwareOption, calibrationOption, paramOption],
    passesOn: true,
    load: () => import("./commands/run.ts"),
  },
  {
    name: "plan",
    summary: "show stages, batches, queues and the bound on memory; for hardware, the plan solved for it",
    takes: "[file]",
    options: [
      hardwareOption,
      { flags: "--rows <count>", summary: "also say how long so many rows take and what they cost" },
      calibrationOption,
      { flags: "--html <file>", summary: "also write an offline page" },
      { flags: "--diff <file>", summary: "show what differs from an earlier `--json`" },
      jsonOption,
      paramOption,
    ],
    load: () => import("./commands/plan.ts"),
  },
  {
    name: "test",
    summary: "run the test blocks of a program",
    takes: "[file]",
    options: [{ flags: "--update", summary: "write snapshots anew" }, paramOption],
    load: () => import("./commands/test.ts"),
  },
  {
    name: "fmt",
    summary: "format .pipe files in place",
    takes: "[files...]",
    options: [{ flags: "--check", summary: "change nothing; exit 1 if a file is not formatted" }],
    load: () => import("./commands/fmt.ts"),
  },
  {
    name: "explain",
    summary: "explain a diagnostic code, such as P0101; with --resume, what a program would go on with",
    takes: "[code] [args...]",
    options: [{ flags: "--resume", summary: "build [file] and say what a run reuses of one that stopped, and what forbids it; what follows -- are the run's words" }, hardwareOption, calibrationOption, paramOption],
    passesOn: true,
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "dump",
    summary: "print the program as it is after a pass",
    takes: "[file]",
    options: [{ flags: "--after <pass>", summary: "lex, parse, check, lower, plan or emit" }, paramOption],
    load: () => import("./commands/dump.ts"),
  },
  {
    name: "init",
    summary: "start a small program that runs as it is",
    takes: "[folder]",
    load: () => import("./commands/init.ts"),
  },
  {
    name: "inspect",
    summary: "what a model file is, costs and needs",
    takes: "<model>",
    options: [
      { flags: "--dim <name=value>", summary: "the size of a symbolic dimension", repeat: true },
      jsonOption,
      { flags: "--html <file>", summary: "also write an offline page" },
    ],
    load: async () => {
      const { runInspect } = await import("./commands/inspect.ts");
      return { run: (args, io) => runInspect({ model: args.positionals[0] ?? "", dims: listOption(args, "dim"), json: flag(args, "json"), html: textOption(args, "html") }, io) };
    },
  },
  {
    name: "solve",
    summary: "the best partition of a bare cost graph",
    takes: "<graph>",
    options: [jsonOption],
    load: async () => {
      const { runSolve } = await import("./commands/solve.ts");
      return { run: (args, io) => runSolve({ graph: resolve(io.cwd, args.positionals[0] ?? ""), json: flag(args, "json") }, io) };
    },
  },
  {
    name: "bench",
    summary: "measure a program's stages and models on this machine, for `--calibration` of `pipec plan` and `pipec build`",
    takes: "[file]",
    options: [
      { flags: "--seconds <seconds>", summary: "how long each pipeline runs on its own data (default: 10)" },
      { flags: "--batch <sizes>", summary: "batch sizes to measure at (default: 1,8)" },
      { flags: "--threads <counts>", summary: "threads to measure with (default: 1)" },
      { flags: "--from-run <file>", summary: "take the times of stages from what the program printed with --json" },
      { flags: "-o, --out <file>", summary: "where to write the calibration (default: standard output)" },
      paramOption,
    ],
    load: () => import("./commands/bench.ts"),
  },
  {
    name: "log",
    summary: "list the past runs of a built program",
    takes: "[file]",
    options: [{ flags: "--last <count>", summary: "so many runs at most (default: 20)" }, jsonOption],
    load: () => import("./commands/log.ts"),
  },
  {
    name: "hw",
    summary: "describe this machine (detect), or show presets and hardware files (show)",
    takes: "<action> [name]",
    options: [jsonOption],
    load: async () => {
      const [{ runHw }, { readHwAction }] = await Promise.all([import("./commands/hw.ts"), import("./hw-action.ts")]);
      return { run: (args, io) => readHwAction(args, io, runHw) };
    },
  },
  {
    name: "shard",
    summary: "cut a model into stages, and tensors among ranks",
    takes: "<model>",
    options: [...cutOptions, { flags: "-o, --out <folder>", summary: "where to write the shards (default: shards)" }, jsonOption],
    load: () => import("./commands/shard.ts"),
  },
  {
    name: "verify",
    summary: "run a model whole and cut, and compare what comes out",
    takes: "<model>",
    options: [
      ...cutOptions,
      { flags: "--data <folder>", summary: "recorded inputs (default: those beside the model, else random ones)" },
      { flags: "--dim <name=size>", summary: "use random inputs of this size", repeat: true },
      { flags: "--optimize", summary: "let onnxruntime optimise the whole and each shard by itself" },
      jsonOption,
    ],
    load: () => import("./commands/verify.ts"),
  },
];
