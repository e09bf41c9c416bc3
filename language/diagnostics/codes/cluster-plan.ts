/** P1140-P1149: plans for hardware. */
import { defineCode } from "../diagnostic.ts";

export const clusterPlanCodes = {
  planDoesNotFit: defineCode({
    code: "P1140",
    severity: "error",
    title: "model that does not fit the hardware",
    message: (p: { models: string; short: string }) => `${p.models} does not fit: ${p.short}`,
  }),
  hintPrice: defineCode({
    code: "P1141",
    severity: "note",
    title: "setting that costs throughput",
    message: (p: { setting: string; percent: string; rows: string; without: string }) =>
      `\`${p.setting}\` costs ${p.percent} %: ${p.rows} rows/s, ${p.without} without it`,
  }),
  unknownDevice: defineCode({
    code: "P1142",
    severity: "error",
    title: "device that the hardware does not have",
    message: (p: { device: string; has: string }) => `\`device: "${p.device}"\` names no device of the hardware, which has ${p.has}`,
  }),
  planUnreadable: defineCode({
    code: "P1143",
    severity: "error",
    title: "plan or calibration that cannot be read",
    message: (p: { file: string; what: string }) => `${p.file} cannot be read: ${p.what}`,
  }),
  noHardware: defineCode({
    code: "P1144",
    severity: "error",
    title: "plan for hardware that nobody named",
    message: (p: { option: string }) => `\`${p.option}\` needs hardware: no pipeline has a \`hardware:\` setting and no \`--hw\` is given`,
  }),
  badRows: defineCode({
    code: "P1145",
    severity: "error",
    title: "number of rows that is no number",
    message: (p: { given: string }) => `\`--rows ${p.given}\` is not a number of rows above 0`,
  }),
  badProbe: defineCode({
    code: "P1146",
    severity: "error",
    title: "model that could not be measured",
    message: (p: { model: string; what: string }) => `${p.model} could not be measured: ${p.what}`,
  }),
  badCount: defineCode({
    code: "P1147",
    severity: "error",
    title: "list of counts that is none",
    message: (p: { option: string; given: string }) => `\`--${p.option} ${p.given}\` is not a list of whole numbers above 0`,
  }),
  stagesUnmeasured: defineCode({
    code: "P1148",
    severity: "warning",
    title: "stages that could not be measured",
    message: (p: { what: string }) => `maps, sources and sinks are not all measured: ${p.what}`,
  }),
} as const;
