/** `pipec run`: build, then `node out.js` with the remaining words. Ends as the program ends. */
import { spawn } from "node:child_process";
import { buildProgram } from "../build-program.ts";
import { listOption, textOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { readPlanningInputs } from "../planning-inputs.ts";

export const run: CommandRun = async (args, io) => {
  const [first, ...rest] = args.positionals;
  const isFile = first !== undefined && first.endsWith(".pipe");
  const given = readPlanningInputs(args, io);
  if (given === undefined) return exitCodes.usage;
  const out = textOption(args, "out");
  const built = await buildProgram({ file: isFile ? first : undefined, params: listOption(args, "param"), ...given, ...(out === undefined ? {} : { out }) }, io);
  if (!built.ok) return built.exitCode;
  return runProgram(built.outFile, isFile ? rest : args.positionals, io);
};

/**
 * The terminal sends Ctrl-C to the program as well: it ends cleanly by itself, and we wait for it. Whoever tells us to
 * end means the program.
 */
function runProgram(outFile: string, args: readonly string[], io: Io): Promise<number> {
  const waiting = (): void => {};
  process.prependListener("SIGINT", waiting);
  const handlers = process.listeners("SIGINT").filter((listener) => listener !== waiting);
  for (const handler of handlers) process.off("SIGINT", handler);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [outFile, ...args], { cwd: io.cwd, stdio: "inherit" });
    const stop = (): void => void child.kill("SIGTERM");
    process.on("SIGTERM", stop);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", waiting);
      process.off("SIGTERM", stop);
      resolve(code ?? (signal === "SIGINT" || signal === "SIGTERM" ? exitCodes.interrupted : exitCodes.ourBug));
    });
  });
}
