/** P07xx: settings and hardware. */
import { defineCode } from "../diagnostic.ts";

export const settingCodes = {
  unknown: defineCode({
    code: "P0701", severity: "error", title: "unknown setting",
    message: (p: { name: string; place: string }) => `${p.place} has no setting \`${p.name}\``,
  }),
  wrongPlace: defineCode({
    code: "P0702", severity: "error", title: "setting in the wrong place",
    message: (p: { name: string; place: string }) => `\`${p.name}\` is no setting of ${p.place}`,
  }),
  wrongType: defineCode({
    code: "P0703", severity: "error", title: "setting of the wrong type",
    message: (p: { name: string; wanted: string }) => `\`${p.name}\` takes ${p.wanted}`,
  }),
  outOfRange: defineCode({
    code: "P0704", severity: "error", title: "setting out of range",
    message: (p: { name: string; value: string; wanted: string }) => `\`${p.name}\` cannot be ${p.value}: it takes ${p.wanted}`,
  }),
  twice: defineCode({
    code: "P0705", severity: "error", title: "setting given twice",
    message: (p: { name: string }) => `\`${p.name}\` is set twice`,
  }),
  needsModel: defineCode({
    code: "P0706", severity: "error", title: "model setting on a step without a model",
    message: (p: { name: string }) => `\`${p.name}\` has no effect here`,
  }),
  replicaParts: defineCode({
    code: "P0707", severity: "error", title: "replicas and parts do not match",
    message: (p: { given: number; parts: number }) => `${p.given} entries of \`replicas\` for ${p.parts === 1 ? "one part" : `${p.parts} parts`}`,
  }),
  notConstant: defineCode({
    code: "P0708", severity: "error", title: "setting not known while compiling",
    message: (p: { name: string }) => `the value of \`${p.name}\` must be known while compiling`,
  }),
  noStage: defineCode({
    code: "P0709", severity: "error", title: "settings where nothing runs",
    message: () => "there is no stage here that settings could apply to",
  }),
  missingPart: defineCode({
    code: "P0710", severity: "error", title: "setting incomplete",
    message: (p: { what: string; names: string }) => `\`${p.what}\` needs ${p.names}`,
  }),
} as const;
