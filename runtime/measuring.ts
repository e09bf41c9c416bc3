/** What `pipec bench` bundles with a program: waits for the order, measures each pipeline, sends what it found. */
import { dirname } from "node:path";
import type { Program } from "./contract/define-program.ts";
import { errorWords } from "./contract/error-words.ts";
import type { MeasureLimits, MeasureReport, PipelineTimes } from "./contract/measuring.ts";
import { setProgramFolder } from "./contract/program-folder.ts";
import { defaultParams } from "./topology/default-params.ts";
import { measurePipeline } from "./topology/measure-stages.ts";

/** `ownFile`: the bundle, whose folder models and relative paths are found from. */
export function measureProgram(program: Program, ownFile: string): void {
  setProgramFolder(dirname(ownFile));
  process.once("message", (limits: MeasureLimits) => {
    void measureAll(program, limits).then((report) => {
      process.send?.(report, () => process.disconnect());
    });
  });
}

async function measureAll(program: Program, limits: MeasureLimits): Promise<MeasureReport> {
  const pipelines: PipelineTimes[] = [];
  const ungiven = program.params.filter((param) => param.fixed === undefined && param.default === undefined).map(({ name }) => name);
  if (ungiven.length > 0) return { pipelines, fault: `${ungiven.join(", ")} must be given: \`--param ${ungiven[0] ?? ""}=…\`` };
  try {
    program.setParams(defaultParams(program));
    for (const pipeline of program.pipelines) pipelines.push(await measurePipeline(pipeline, limits));
    return { pipelines, fault: undefined };
  } catch (error) {
    return { pipelines, fault: errorWords(error) };
  }
}
