/**
 * `pipec hw detect` describes this machine as a hardware file on stdout; `pipec hw show [PRESET | FILE]` prints what a
 * plan would be made for, or lists the presets.
 */
import { renderDiagnostics, sourcesOf } from "../../../language/diagnostics/render.ts";
import { describeMachine } from "../../plan/hardware/describe-machine.ts";
import { printHardware, printPresets } from "../../plan/hardware/print-hardware.ts";
import { detectMachine } from "../detect-machine.ts";
import { exitCodes } from "../io.ts";
import type { Io } from "../io.ts";
import { readHardwareFile } from "../read-hardware-file.ts";
import { showDiagnostics } from "../report.ts";

export type HwArgs =
  | { readonly action: "detect" }
  /** `name`: a preset or a path; all presets are listed without it. */
  | { readonly action: "show"; readonly name: string | undefined; readonly json: boolean };

export async function runHw(args: HwArgs, io: Io): Promise<number> {
  if (args.action === "detect") {
    const { hardware, diagnostics } = describeMachine(detectMachine());
    io.stdout(`${JSON.stringify(hardware, undefined, 2)}\n`);
    if (diagnostics.length > 0) io.stderr(renderDiagnostics(diagnostics, sourcesOf(), { color: io.color }));
    return exitCodes.ok;
  }
  if (args.name === undefined) {
    io.stdout(printPresets());
    return exitCodes.ok;
  }
  const { hardware, diagnostics, source } = readHardwareFile(io.cwd, args.name);
  showDiagnostics(io, diagnostics, source === undefined ? sourcesOf() : sourcesOf(source));
  if (hardware === undefined) return exitCodes.diagnostics;
  io.stdout(args.json ? `${JSON.stringify(hardware, undefined, 2)}\n` : printHardware(hardware));
  return exitCodes.ok;
}
