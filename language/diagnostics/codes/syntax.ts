/** P01xx: text that is not a pipec program. `expected` and `found` are phrases ready to print. */
import { defineCode } from "../diagnostic.ts";

export const syntaxCodes = {
  unexpected: defineCode({
    code: "P0101",
    severity: "error",
    title: "unexpected text",
    message: (p: { expected: string; found: string }) => `expected ${p.expected}, found ${p.found}`,
  }),
  unclosed: defineCode({
    code: "P0102",
    severity: "error",
    title: "unclosed bracket",
    message: (p: { open: string; close: string; found: string }) =>
      `this \`${p.open}\` is not closed: expected \`${p.close}\`, found ${p.found}`,
  }),
  badCharacter: defineCode({
    code: "P0103",
    severity: "error",
    title: "unknown character",
    message: (p: { character: string }) => `${p.character} is not part of the language`,
  }),
  unclosedString: defineCode({
    code: "P0104",
    severity: "error",
    title: "unclosed string",
    message: () => "this string has no closing quote on its line",
  }),
  badEscape: defineCode({
    code: "P0105",
    severity: "error",
    title: "unknown escape in a string",
    message: (p: { escape: string }) => `\`${p.escape}\` is not an escape`,
  }),
  badInterpolation: defineCode({
    code: "P0106",
    severity: "error",
    title: "brace in a string that encloses no name",
    message: (p: { text: string }) => `\`${p.text}\` in a string must be a name in braces`,
  }),
  misspeltKeyword: defineCode({
    code: "P0107",
    severity: "error",
    title: "misspelt keyword",
    message: (p: { found: string; keyword: string }) => `unknown keyword \`${p.found}\`; did you mean \`${p.keyword}\`?`,
  }),
  keywordAsName: defineCode({
    code: "P0108",
    severity: "error",
    title: "keyword used as a name",
    message: (p: { keyword: string }) => `\`${p.keyword}\` is a keyword and cannot be a name here`,
  }),
  strayItem: defineCode({
    code: "P0109",
    severity: "error",
    title: "text between the items of a file",
    message: (p: { found: string }) => `expected an item such as \`param\` or \`pipeline\`, found ${p.found}`,
  }),
  unknownUnit: defineCode({
    code: "P0110",
    severity: "error",
    title: "unknown unit",
    message: (p: { unit: string }) => `\`${p.unit}\` is not a unit`,
  }),
  tooDeep: defineCode({
    code: "P0111",
    severity: "error",
    title: "nested too deeply",
    message: (p: { limit: number }) => `this is nested more than ${p.limit} levels deep`,
  }),
  unknownEdition: defineCode({
    code: "P0112",
    severity: "error",
    title: "unknown edition",
    message: (p: { found: string }) => `there is no edition ${p.found} of the language`,
  }),
  impossibleName: defineCode({
    code: "P0113",
    severity: "error",
    title: "name that nothing can have",
    message: (p: { name: string }) => `\`${p.name}\` cannot be a name`,
  }),
} as const;
