/** P09xx: test blocks and extern functions. */
import { defineCode } from "../diagnostic.ts";

export const testCodes = {
  unknownPipeline: defineCode({
    code: "P0901", severity: "error", title: "unknown pipeline",
    message: (p: { name: string }) => `there is no pipeline \`${p.name}\``,
  }),
  testCall: defineCode({
    code: "P0902", severity: "error", title: "test function used wrongly",
    message: (p: { name: string }) => `\`${p.name}\` cannot be used so`,
  }),
  duplicateTitle: defineCode({
    code: "P0903", severity: "error", title: "two tests of one title",
    message: (p: { title: string }) => `two tests are called "${p.title}"`,
  }),
  givenTwice: defineCode({
    code: "P0904", severity: "error", title: "stream given twice",
    message: (p: { stream: string }) => `the rows of \`${p.stream}\` are given twice`,
  }),
  externModule: defineCode({
    code: "P0905", severity: "error", title: "extern from something else than a file",
    message: (p: { text: string }) => `\`${p.text}\` is not a TypeScript file`,
  }),
} as const;
