/** The hardware a command is told of: the name of a preset, or a JSON file. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { hardwareCodes } from "../../language/diagnostics/codes/hardware.ts";
import type { Diagnostic } from "../../language/diagnostics/diagnostic.ts";
import { suggest } from "../../language/diagnostics/suggest.ts";
import { createSourceFile } from "../../language/source/source-file.ts";
import type { SourceFile } from "../../language/source/source-file.ts";
import type { Hardware } from "../../stdlib/hw/hardware.ts";
import { findNodeType, nodeTypeNames } from "../../stdlib/hw/presets.ts";
import { readHardware } from "../plan/hardware/read-hardware.ts";
import { describeFileFault } from "./file-fault.ts";
import { advice, reportNowhere } from "./report.ts";

export interface HardwareFile {
  readonly hardware: Hardware | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** For rendering the diagnostics. */
  readonly source: SourceFile | undefined;
}

/** `name` is a preset such as "aws.g4dn_12xlarge", or else a path. */
export function readHardwareFile(cwd: string, name: string): HardwareFile {
  const preset = findNodeType(name);
  if (preset !== undefined) return { hardware: { nodes: [{ count: 1, node: preset }] }, diagnostics: [], source: undefined };
  try {
    const source = createSourceFile(name, readFileSync(resolve(cwd, name), "utf8"));
    return { ...readHardware(source), source };
  } catch (error) {
    const diagnostic = looksLikePreset(name) ? unknownPreset(name) : reportNowhere(hardwareCodes.hardwareUnreadable, { file: name, what: describeFileFault(error) });
    return { hardware: undefined, diagnostics: [diagnostic], source: undefined };
  }
}

function looksLikePreset(name: string): boolean {
  return /^[a-z]\w*\.\w+$/.test(name) && !name.endsWith(".json");
}

function unknownPreset(name: string): Diagnostic {
  const near = suggest(name, nodeTypeNames());
  return reportNowhere(hardwareCodes.hardwareUnknownName, { name, what: "machine type" }, { fix: advice(near === undefined ? "`pipec hw show` lists them" : `write \`${near}\``) });
}
