/** `pipec test`: the test blocks of a program, run by the interpreter in a process of their own. */
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { TestReport } from "../../../runtime/contract/tests.ts";
import { buildProgram } from "../build-program.ts";
import { flag, listOption } from "../command.ts";
import type { CommandRun } from "../command.ts";
import { findProgram } from "../find-program.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { showDiagnostics } from "../report.ts";
import { writeFiles } from "../write-files.ts";

export const run: CommandRun = async (args, io) => {
  const found = findProgram(io.cwd, args.positionals[0]);
  if (!found.ok) {
    showDiagnostics(io, [found.diagnostic], new Map());
    return exitCodes.usage;
  }
  const out = join(dirname(resolve(io.cwd, found.file)), "out", "tests.js");
  const built = await buildProgram({ file: found.file, params: listOption(args, "param"), out, tests: true }, io);
  if (!built.ok) return built.exitCode;
  if ((built.compilation.checked?.tests.length ?? 0) === 0) {
    io.stdout(`${built.file}: no test blocks\n`);
    return exitCodes.ok;
  }
  const snapshotFile = `${resolve(io.cwd, built.file)}.snap.json`;
  const update = flag(args, "update");
  const reports = await runTests(built.outFile, existsSync(snapshotFile) ? readFileSync(snapshotFile, "utf8") : "{}", update, io);
  if (reports === undefined) return exitCodes.ourBug;
  return update ? finishUpdate(reports, snapshotFile, io) : finish(reports, io);
};

/** The reports of all tests, or undefined where the process ended without giving them (it has said why). */
function runTests(file: string, snapshots: string, update: boolean, io: Io): Promise<readonly TestReport[] | undefined> {
  return new Promise((resolvePromise, reject) => {
    let reports: readonly TestReport[] | undefined;
    const child = fork(file, [], { cwd: io.cwd, stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
    child.on("message", (message: { readonly reports?: readonly TestReport[] }) => {
      reports = message.reports;
    });
    child.on("error", reject);
    child.on("exit", () => resolvePromise(reports));
    child.send({ snapshots, update });
  });
}

function finish(reports: readonly TestReport[], io: Io): number {
  for (const report of reports) {
    io.stdout(`${report.faults.length === 0 ? "pass" : "FAIL"}  ${report.name}\n`);
    for (const fault of report.faults) io.stdout(`      ${fault.at.file}:${fault.at.line}: ${fault.text}\n`);
  }
  const failed = reports.filter((report) => report.faults.length > 0).length;
  io.stdout(`\n${reports.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? exitCodes.ok : exitCodes.diagnostics;
}

/** Writes what the tests gave as the new snapshots; those no test asks for any more are dropped. */
function finishUpdate(reports: readonly TestReport[], snapshotFile: string, io: Io): number {
  const entries = reports.flatMap((report) => Object.entries(report.snapshots)).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length > 0) {
    const shown = relative(io.cwd, snapshotFile);
    const unwritable = writeFiles([{ path: snapshotFile, shown, text: `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n` }]);
    if (unwritable !== undefined) {
      showDiagnostics(io, [unwritable], new Map());
      return exitCodes.usage;
    }
    io.stdout(`wrote ${entries.length} snapshot${entries.length === 1 ? "" : "s"} to ${shown}\n`);
  }
  return finish(reports, io);
}
