/** P08xx: building and the command line. Most have no place in a source file: their message names the file. */
import { defineCode } from "../diagnostic.ts";

export const buildCodes = {
  noProgram: defineCode({
    code: "P0801",
    severity: "error",
    title: "no program to work on",
    message: (p: { folder: string }) => `there is no \`.pipe\` file in ${p.folder}`,
  }),
  severalPrograms: defineCode({
    code: "P0802",
    severity: "error",
    title: "several programs to choose from",
    message: (p: { folder: string; files: string }) => `${p.folder} has several \`.pipe\` files and none is \`main.pipe\`: ${p.files}`,
  }),
  unreadableProgram: defineCode({
    code: "P0803",
    severity: "error",
    title: "program that cannot be read",
    message: (p: { file: string; what: string }) => `${p.file} cannot be read: ${p.what}`,
  }),
  malformedParam: defineCode({
    code: "P0804",
    severity: "error",
    title: "malformed --param",
    message: (p: { text: string }) => `\`--param ${p.text}\` is not of the form \`--param name=value\``,
  }),
  planTooLarge: defineCode({
    code: "P0805",
    severity: "error",
    title: "plan that does not fit",
    message: (p: { pipeline: string; needed: string; allowed: string }) =>
      `pipeline \`${p.pipeline}\` may need ${p.needed} of memory, and its \`memory\` setting allows ${p.allowed}`,
  }),
  externUnusable: defineCode({
    code: "P0806",
    severity: "error",
    title: "extern module that cannot be bundled",
    message: (p: { module: string; what: string }) => `${p.module} cannot be bundled: ${p.what}`,
  }),
  notCarriedOut: defineCode({
    code: "P0808",
    severity: "warning",
    title: "setting without effect in this version",
    message: (p: { setting: string; instead: string }) => `\`${p.setting}\` is not carried out by this version of pipec: ${p.instead}`,
  }),
  unknownName: defineCode({
    code: "P0809",
    severity: "error",
    title: "unknown name on the command line",
    message: (p: { what: string; name: string; known: string }) => `there is no ${p.what} \`${p.name}\`; ${p.known}`,
  }),
  unwritable: defineCode({
    code: "P0810",
    severity: "error",
    title: "file that cannot be written",
    message: (p: { file: string; what: string }) => `${p.file} cannot be written: ${p.what}`,
  }),
  modelTooLarge: defineCode({
    code: "P0811",
    severity: "error",
    title: "model that its device cannot hold",
    message: (p: { stage: string; needed: string; allowed: string }) => `a worker of \`${p.stage}\` needs ${p.needed} for its models, and \`memory\` allows ${p.allowed}`,
  }),
} as const;
