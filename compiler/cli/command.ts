/** What a command is: how it is called, and the code that runs it, loaded only when it is called. */
import type { Io } from "./io.ts";

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** In commander's notation: "[file]", "<code>", "[files...]". */
  readonly takes?: string;
  readonly options?: readonly CommandOption[];
  /** Words after the first argument belong to another program. */
  readonly passesOn?: boolean;
  readonly load: () => Promise<{ readonly run: CommandRun }>;
}

export interface CommandOption {
  /** "--json", "-o, --out <file>"; `repeat`: may be given several times. */
  readonly flags: string;
  readonly summary: string;
  readonly repeat?: boolean;
}

export interface CommandArgs {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Gives the exit code. */
export type CommandRun = (args: CommandArgs, io: Io) => Promise<number>;

export function flag(args: CommandArgs, name: string): boolean {
  return args.options[name] === true;
}

export function textOption(args: CommandArgs, name: string): string | undefined {
  const value = args.options[name];
  return typeof value === "string" ? value : undefined;
}

export function listOption(args: CommandArgs, name: string): readonly string[] {
  const value = args.options[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
