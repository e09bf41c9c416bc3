/** Model steps: the file with its ports, and which columns feed and leave them. */
import type { CheckedModel, CheckedPort } from "../../language/check/checked-program.ts";
import type { ModelPartStep, ModelStep, StepBase } from "../plan/lowered-program.ts";
import type { ModelPlan, PipelinePlan } from "../plan/plan.ts";
import { numberSetting } from "../plan/settings.ts";
import { join, lines } from "./code.ts";
import type { Code } from "./code.ts";
import { numberText } from "./emit-constant.ts";
import { emitData, toData } from "./emit-data.ts";
import { emitDim } from "./emit-dim.ts";
import { emitPlace } from "./emit-context.ts";
import type { EmitContext } from "./emit-context.ts";
import { emitExpr, programPath } from "./emit-expr.ts";

type Call = (ModelStep | ModelPartStep) & StepBase;

/** The lines of a model step's entry. */
export function emitModelStep(cx: EmitContext, step: ModelStep & StepBase, plan: PipelinePlan): readonly Code[] {
  return [`kind: "model", input: ${step.input},`, ...emitCall(cx, step, planOf(plan, step.id))];
}

/** The lines of the entry of one part of a model. */
export function emitModelPart(cx: EmitContext, step: ModelPartStep & StepBase, plan: PipelinePlan): readonly Code[] {
  const planned = planOf(plan, step.id);
  if (planned.part === undefined) throw new Error(`the plan has model ${planned.name} whole, the program has it cut`);
  const { index, count, receives, sends, ranks, outputs, batchAxes } = planned.part;
  const parts = [
    `call: ${JSON.stringify(step.call)}, index: ${index}, count: ${count},`,
    `receives: ${emitData(receives)},`,
    `sends: ${emitData(sends)},`,
    `ranks: [\n${ranks.map((rank) => `  { device: ${JSON.stringify(rank.device)}, segments: [\n${rank.segments.map((segment) => `    ${emitData(toData(segment))},\n`).join("")}  ] },\n`).join("")}],`,
    `outputs: ${emitData(toData(outputs))},`,
    `batchAxes: ${emitData(toData(batchAxes))},`,
  ];
  return [`kind: "modelPart", input: ${step.input},`, ...emitCall(cx, step, planned), ["part: {\n", lines(parts, 1), "},"]];
}

function planOf(plan: PipelinePlan, step: number): ModelPlan {
  const planned = plan.stages.flatMap((stage) => stage.models ?? []).find((model) => model.step === step);
  if (planned === undefined) throw new Error(`the plan has no model for step ${step}`);
  return planned;
}

function emitCall(cx: EmitContext, step: Call, planned: ModelPlan): readonly Code[] {
  const model = modelOf(cx, step.model);
  const constants = step.constants.map((constant): Code => [`{ port: ${JSON.stringify(constant.port)}, value: () => `, emitExpr(cx, constant.value), " }"]);
  return [
    ["model: ", emitModelSpec(cx, model, step, planned), ","],
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

/** Settings of the session are written only where they are not the usual ones. */
function emitSession({ optimize, shareWeights }: ModelPlan): string {
  return optimize && !shareWeights ? "" : ` session: { optimize: ${optimize}, shareWeights: ${shareWeights} },`;
}

function emitTimeout(model: CheckedModel): string {
  const timeoutMs = numberSetting(model.settings, "timeout");
  return timeoutMs === undefined ? "" : ` timeoutMs: ${numberText(timeoutMs)},`;
}

function emitModelSpec(cx: EmitContext, model: CheckedModel, step: Call, planned: ModelPlan): Code {
  const used = new Set(step.outputs.map((output) => output.port));
  const pad = Object.entries(model.pad).map(([dim, { multiple }]) => ({ dim, multiple }));
  const lines = [
    `name: ${JSON.stringify(model.name)}, at: ${emitPlace(cx, model.span)}, file: ${JSON.stringify(planned.file ?? programPath(cx, model.file, model.fromFile))},`,
    `inputs: [${model.inputs.map((port) => emitPort(port, padValue(model, port))).join(", ")}],`,
    `outputs: [${model.outputs.filter((port) => used.has(port.port)).map((port) => emitPort(port, undefined)).join(", ")}],`,
    `batch: ${planned.batch}, fixedBatch: ${model.fixedBatch !== undefined}, batched: ${model.batched}, pad: ${emitData(pad)},`,
    `device: ${JSON.stringify(planned.device)}, intraOpThreads: ${planned.intraOpThreads},${emitTimeout(model)}${emitSession(planned)}`,
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
