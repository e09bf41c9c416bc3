/** P02xx: names, imports, params and secrets. */
import { defineCode } from "../diagnostic.ts";

export const nameCodes = {
  unknownName: defineCode({
    code: "P0201", severity: "error", title: "unknown name",
    message: (p: { name: string }) => `there is no \`${p.name}\` here`,
  }),
  unknownOperator: defineCode({
    code: "P0202", severity: "error", title: "unknown operator",
    message: (p: { name: string }) => `pipec has no operator \`${p.name}\``,
  }),
  unknownType: defineCode({
    code: "P0203", severity: "error", title: "unknown type",
    message: (p: { name: string }) => `there is no type \`${p.name}\``,
  }),
  duplicateName: defineCode({
    code: "P0204", severity: "error", title: "name declared twice",
    message: (p: { name: string }) => `\`${p.name}\` is declared twice`,
  }),
  missingFile: defineCode({
    code: "P0205", severity: "error", title: "imported file not found",
    message: (p: { path: string }) => `\`${p.path}\` cannot be imported`,
  }),
  unknownImport: defineCode({
    code: "P0206", severity: "error", title: "imported name does not exist",
    message: (p: { name: string; from: string }) => `${p.from} has no \`${p.name}\``,
  }),
  notExported: defineCode({
    code: "P0207", severity: "error", title: "imported name is not exported",
    message: (p: { name: string; path: string }) => `\`${p.path}\` does not export \`${p.name}\``,
  }),
  importCycle: defineCode({
    code: "P0208", severity: "error", title: "files import each other in a circle",
    message: (p: { trail: string }) => `these files import each other in a circle: ${p.trail}`,
  }),
  unknownModule: defineCode({
    code: "P0209", severity: "error", title: "unknown module of the standard library",
    message: (p: { module: string }) => `there is no module \`${p.module}\``,
  }),
  unusedImport: defineCode({
    code: "P0210", severity: "warning", title: "import never used",
    message: (p: { name: string }) => `\`${p.name}\` is imported and never used`,
  }),
  wrongKind: defineCode({
    code: "P0211", severity: "error", title: "name used as something else",
    message: (p: { name: string; found: string; wanted: string }) => `\`${p.name}\` is ${p.found}, and ${p.wanted} is wanted here`,
  }),
  hides: defineCode({
    code: "P0212", severity: "warning", title: "name hides another",
    message: (p: { name: string; what: string }) => `\`${p.name}\` hides ${p.what} of the same name`,
  }),
  circular: defineCode({
    code: "P0213", severity: "error", title: "circular definition",
    message: (p: { name: string; what: string }) => `${p.what} \`${p.name}\` is defined in terms of itself`,
  }),
  outOfRange: defineCode({
    code: "P0214", severity: "error", title: "default outside its range",
    message: (p: { value: string; low: string; high: string }) => `the default ${p.value} is not in ${p.low}..${p.high}`,
  }),
  paramType: defineCode({
    code: "P0215", severity: "error", title: "type a param cannot have",
    message: (p: { found: string }) => `a param cannot be ${p.found}`,
  }),
  valueNeededAtBuild: defineCode({
    code: "P0216", severity: "error", title: "param needs a value at build",
    message: (p: { name: string }) => `param \`${p.name}\` has no value, and one is needed at build`,
  }),
  badGivenValue: defineCode({
    code: "P0217", severity: "error", title: "value given at build does not fit",
    message: (p: { name: string; text: string; wanted: string }) => `param \`${p.name}\` was given \`${p.text}\`, which is not ${p.wanted}`,
  }),
  secretLeak: defineCode({
    code: "P0218", severity: "error", title: "secret used outside `auth:`",
    message: (p: { name: string }) => `secret \`${p.name}\` may be used only as \`auth:\``,
  }),
  paramTwice: defineCode({
    code: "P0219", severity: "error", title: "two files declare one param",
    message: (p: { name: string }) => `two files of the program declare a param \`${p.name}\``,
  }),
  unknownGiven: defineCode({
    code: "P0220", severity: "error", title: "unknown param given at build",
    message: (p: { name: string }) => `the program has no param \`${p.name}\``,
  }),
  reservedName: defineCode({
    code: "P0221", severity: "error", title: "name of a type of the language",
    message: (p: { name: string }) => `\`${p.name}\` cannot be declared`,
  }),
  secretSource: defineCode({
    code: "P0222", severity: "error", title: "secret from nowhere",
    message: () => "this is not where a secret can come from",
  }),
  unknownStream: defineCode({
    code: "P0223", severity: "error", title: "unknown stream of a pipeline",
    message: (p: { name: string; pipeline: string }) => `pipeline \`${p.pipeline}\` has no stream \`${p.name}\``,
  }),
} as const;
