/**
 * The command line: parses arguments, loads the one command called, turns what it throws into exit codes. A fault of
 * our own ends with 70 and one sentence on what to report; the trace is shown only where PIPEC_TRACE is set.
 */
import { Command, CommanderError } from "commander";
import { commands } from "./command-list.ts";
import type { CommandArgs, CommandSpec } from "./command.ts";
import { exitCodes } from "./io.ts";
import type { Io } from "./io.ts";

/** Runs `pipec …argv`; gives the exit code. */
export async function runCli(argv: readonly string[], io: Io, version: string): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command("pipec");
  program.description("A compiler for batch-inference pipelines.").version(version).exitOverride().enablePositionalOptions();
  program.configureOutput({ writeOut: io.stdout, writeErr: io.stderr });
  program.showSuggestionAfterError(true);
  for (const spec of commands) {
    declare(program, spec, async (args) => {
      const { run } = await spec.load();
      exitCode = await run(args, io);
    });
  }
  try {
    if (argv.length === 0) program.outputHelp();
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    io.stderr(ourBug(error));
    return exitCodes.ourBug;
  }
}

function declare(program: Command, spec: CommandSpec, action: (args: CommandArgs) => Promise<void>): void {
  const command = program.command(spec.name).description(spec.summary).exitOverride();
  if (spec.takes !== undefined) command.arguments(spec.takes);
  if (spec.passesOn === true) command.passThroughOptions();
  for (const option of spec.options ?? []) {
    if (option.repeat === true) command.option(option.flags, option.summary, (value: string, all: readonly string[]) => [...all, value], []);
    else command.option(option.flags, option.summary);
  }
  command.action(async () => {
    await action({ positionals: command.args, options: command.opts() });
  });
}

function ourBug(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error);
  const trace = process.env["PIPEC_TRACE"] !== undefined && error instanceof Error ? `${error.stack}\n` : "";
  return `pipec: a fault of the compiler itself: ${what}\n${trace}Please report it with the program and this line; PIPEC_TRACE=1 adds where it happened.\n`;
}
