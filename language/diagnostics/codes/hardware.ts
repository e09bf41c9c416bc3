/** P1130-P1139: descriptions of hardware (`--hw FILE`). `where` names a part of the file, as in "node group 2". */
import { defineCode } from "../diagnostic.ts";

export const hardwareCodes = {
  hardwareUnreadable: defineCode({
    code: "P1130",
    severity: "error",
    title: "hardware file that cannot be opened",
    message: (p: { file: string; what: string }) => `${p.file} cannot be read: ${p.what}`,
  }),
  hardwareNotJson: defineCode({
    code: "P1131",
    severity: "error",
    title: "hardware file that is not JSON",
    message: (p: { expected: string; found: string }) => `the hardware file is not JSON: expected ${p.expected}, found ${p.found}`,
  }),
  hardwareMissing: defineCode({
    code: "P1132",
    severity: "error",
    title: "hardware with a field left out",
    message: (p: { where: string; field: string }) => `${p.where} has no \`${p.field}\``,
  }),
  hardwareValue: defineCode({
    code: "P1133",
    severity: "error",
    title: "hardware with a value of the wrong kind",
    message: (p: { where: string; field: string; expected: string }) => `\`${p.field}\` of ${p.where} must be ${p.expected}`,
  }),
  hardwareUnknownField: defineCode({
    code: "P1134",
    severity: "error",
    title: "hardware with a field that nothing reads",
    message: (p: { where: string; field: string }) => `${p.where} has a field \`${p.field}\` that means nothing`,
  }),
  hardwareUnknownName: defineCode({
    code: "P1135",
    severity: "error",
    title: "machine or device type that is not known",
    message: (p: { name: string; what: string }) => `there is no ${p.what} called \`${p.name}\``,
  }),
  hardwareUndetected: defineCode({
    code: "P1136",
    severity: "warning",
    title: "device of this machine that could not be described",
    message: (p: { device: string; what: string }) => `${p.device}: ${p.what}`,
  }),
} as const;
