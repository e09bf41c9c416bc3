/** Compiles programs of the checkout in this process, as the command line would. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileFile } from "../../compiler/cli/compile-file.ts";
import type { Compilation, PassName } from "../../compiler/pipeline.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export const sampleNames = ["ocr", "resnet50", "text-branch"] as const;
export type SampleName = (typeof sampleNames)[number];

export function sampleFolder(name: SampleName): string {
  return join(root, "samples", name);
}

/** Compiles the sample's program up to a pass; its models must be there (`npm run samples` puts them there). */
export function compileSample(name: SampleName, last: PassName): Compilation {
  return compileIn(sampleFolder(name), `${name}.pipe`, last);
}

/** Compiles a program in a folder; throws where the command line would be at fault. */
export function compileIn(folder: string, file: string, last: PassName): Compilation {
  if (!existsSync(join(folder, file))) throw new Error(`${file} is missing in ${folder}`);
  const compiled = compileFile(folder, { file, params: [] }, last);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return compiled.compilation;
}
