/** What a command is told of hardware and of measurements: `--hw` and `--calibration`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { clusterPlanCodes } from "../../language/diagnostics/codes/cluster-plan.ts";
import { sourcesOf } from "../../language/diagnostics/render.ts";
import type { Hardware } from "../../stdlib/hw/hardware.ts";
import type { Calibration } from "../plan/cluster/calibration.ts";
import { readCalibration } from "../plan/cluster/read-calibration.ts";
import { textOption } from "./command.ts";
import type { CommandArgs } from "./command.ts";
import { describeFileFault } from "./file-fault.ts";
import type { Io } from "./io.ts";
import { readHardwareFile } from "./read-hardware-file.ts";
import { advice, reportNowhere, showDiagnostics } from "./report.ts";

/** What to do where measurements are given and no hardware is. */
export const nameHardware = advice("add `--hw FILE`, or `hardware:` in the program");

export interface PlanningInputs {
  readonly hardware?: Hardware;
  readonly calibration?: Calibration;
}

/** Undefined (and reported) where one of them cannot be read. */
export function readPlanningInputs(args: CommandArgs, io: Io): PlanningInputs | undefined {
  const hardware = hardwareOf(args, io);
  if (hardware === "refused") return undefined;
  const calibration = calibrationOf(args, io);
  if (calibration === "refused") return undefined;
  return { ...(hardware === undefined ? {} : { hardware }), ...(calibration === undefined ? {} : { calibration }) };
}

function hardwareOf(args: CommandArgs, io: Io): Hardware | undefined | "refused" {
  const name = textOption(args, "hw");
  if (name === undefined) return undefined;
  const { hardware, diagnostics, source } = readHardwareFile(io.cwd, name);
  showDiagnostics(io, diagnostics, source === undefined ? sourcesOf() : sourcesOf(source));
  return hardware ?? "refused";
}

function calibrationOf(args: CommandArgs, io: Io): Calibration | undefined | "refused" {
  const file = textOption(args, "calibration");
  const text = file === undefined ? undefined : readPlanningText(io, file);
  if (file === undefined || text === undefined) return file === undefined ? undefined : "refused";
  const read = readCalibration(text);
  if (!("wrong" in read)) return read;
  showDiagnostics(io, [reportNowhere(clusterPlanCodes.planUnreadable, { file, what: read.wrong })], sourcesOf());
  return "refused";
}

/** Undefined (and reported) if the file cannot be read. */
export function readPlanningText(io: Io, file: string): string | undefined {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8");
  } catch (error) {
    showDiagnostics(io, [reportNowhere(clusterPlanCodes.planUnreadable, { file, what: describeFileFault(error) })], sourcesOf());
    return undefined;
  }
}
