/** Model steps: the file with its ports, and which columns feed and leave them. */
import type { CheckedModel, CheckedPort } from "../../language/check/checked-program.ts";
import type { ModelStep, Step } from "../plan/lowered-program.ts";
import type { PipelinePlan } from "../plan/plan.ts";
import { join } from "./code.ts";
import type { Code } from "./code.ts";
import { numberText } from "./emit-constant.ts";
import { emitData } from "./emit-data.ts";
import { emitDim } from "./emit-dim.ts";
import { emitPlace } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitExpr, programPath } from "./emit-expr.ts";

/** The lines of a model step's entry. The model itself is a constant of the program (`emitModelSpecs`). */
export function emitModelStep(cx: EmitContext, step: Extract<Step, ModelStep>, plan: PipelinePlan): readonly Code[] {
  const model = modelOf(cx, step.model);
  const constants = step.constants.map((constant): Code => [`{ port: ${JSON.stringify(constant.port)}, value: () => `, emitExpr(cx, constant.value), " }"]);
  return [
    `kind: "model", input: ${step.input},`,
    ["model: ", emitModelSpec(cx, model, step, plan), ","],
    [
      `bind: { inputs: ${emitData(step.inputs.map(({ port, column }) => ({ port, column })))}, constants: [`, join(constants, ", "),
      `], outputs: ${emitData(step.outputs.map(({ port, column }) => ({ port, column })))}, carried: ${emitData(step.carried)} },`,
    ],
  ];
}

function modelOf(cx: EmitContext, symbol: string): CheckedModel {
  const model = cx.program.models.find((candidate) => candidate.symbol === symbol);
  if (model === undefined) throw new Error(`model ${symbol} is not in the program`);
  return model;
}

function emitModelSpec(cx: EmitContext, model: CheckedModel, step: Extract<Step, ModelStep>, plan: PipelinePlan): Code {
  const planned = plan.stages.find((stage) => stage.steps.includes(step.id))?.model;
  if (planned === undefined) throw new Error(`the plan has no stage for model ${model.name}`);
  const used = new Set(step.outputs.map((output) => output.port));
  const pad = Object.entries(model.pad).map(([dim, { multiple }]) => ({ dim, multiple }));
  const lines = [
    `name: ${JSON.stringify(model.name)}, at: ${emitPlace(cx, model.span)}, file: ${JSON.stringify(programPath(cx, model.file, model.fromFile))},`,
    `inputs: [${model.inputs.map((port) => emitPort(port, padValue(model, port))).join(", ")}],`,
    `outputs: [${model.outputs.filter((port) => used.has(port.port)).map((port) => emitPort(port, undefined)).join(", ")}],`,
    `batch: ${planned.batch}, fixedBatch: ${model.fixedBatch !== undefined}, batched: ${model.batched}, pad: ${emitData(pad)},`,
    `device: ${JSON.stringify(planned.device)}, intraOpThreads: ${planned.intraOpThreads},`,
  ];
  return ["{\n", lines.map((line) => `  ${line}\n`), "}"];
}

function emitPort(port: CheckedPort, fill: number | undefined): string {
  const parts = [`port: ${JSON.stringify(port.port)}`, `dtype: ${JSON.stringify(port.dtype)}`, `rowShape: [${port.rowShape.map(emitDim).join(", ")}]`];
  if (port.batchAxis !== undefined) parts.push(`batchAxis: ${port.batchAxis}`);
  if (fill !== undefined) parts.push(`padValue: ${numberText(fill)}`);
  return `{ ${parts.join(", ")} }`;
}

/** The fill of an input that has a padded dimension; the checker demands one value for each. */
function padValue(model: CheckedModel, port: CheckedPort): number | undefined {
  for (const { fill } of Object.values(model.pad)) {
    const value = fill[port.name];
    if (value !== undefined) return value;
  }
  return undefined;
}
