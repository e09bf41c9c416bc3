/**
 * A process that runs some steps of one worker, chunk by chunk as it is told, and nothing else: when a call takes the
 * process down, or never comes back, only this is lost.
 */
import { onnxBackend } from "../backends/onnx-executor.ts";
import { watchCalls } from "../contract/call-watch.ts";
import type { Program } from "../contract/define-program.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import { openCallRecord } from "../recovery/call-record.ts";
import { openStep } from "../stage/open-steps.ts";
import { createChunkLog } from "../stage/step-context.ts";
import type { OpenStep } from "../stage/step-context.ts";
import type { FromIsolated, ToIsolated } from "./isolated-messages.ts";
import { toFault } from "./messages.ts";
import { placeBackend } from "./placement.ts";
import { onReplica } from "./replica-devices.ts";
import { stepContext } from "./stage-runner.ts";
import { onStrayError } from "./stray-errors.ts";

/** `file` is the program's own bundle. */
export function runIsolatedProcess(program: Program, file: string): void {
  const steps = new Map<number, OpenStep>();
  let stray: FromIsolated | undefined;
  const send = (reply: FromIsolated): void => void process.send?.(reply);
  onStrayError(file, "", (error) => {
    stray = { kind: "fault", fault: toFault(error) };
    send(stray);
  });
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // Ctrl-C goes to all processes of a terminal; the worker says when this one is done with.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  process.on("message", (message: ToIsolated) => {
    // One that came between two chunks, when nobody listened, is told at the next.
    if (stray !== undefined) return send(stray);
    void answer(program, steps, message)
      .catch((error: unknown): FromIsolated => ({ kind: "fault", fault: toFault(error) }))
      .then((reply) => (stray === undefined ? send(reply) : undefined));
  });
}

async function answer(program: Program, steps: Map<number, OpenStep>, message: ToIsolated): Promise<FromIsolated> {
  if (message.kind === "open") {
    await openAll(program, steps, message);
    return { kind: "opened" };
  }
  const step = steps.get(message.step);
  if (step === undefined) throw new Error(`step ${message.step} was not opened`);
  const log = createChunkLog();
  const chunk = await step.run([message.chunk], log);
  return { kind: "done", chunk, failures: log.failures, filtered: log.filtered };
}

async function openAll(program: Program, steps: Map<number, OpenStep>, order: Extract<ToIsolated, { kind: "open" }>): Promise<void> {
  if (order.record !== undefined) watchCalls(openCallRecord(order.record));
  program.setParams(order.params);
  setProgramFolder(order.folder);
  const whole = program.pipelines.find((candidate) => candidate.name === order.pipeline);
  if (whole === undefined) throw new Error(`the program has no pipeline ${order.pipeline}`);
  const pipeline = onReplica(whole, order.stage, order.replica);
  const wanted = order.steps.map((id) => pipeline.steps[id]);
  await Promise.all(wanted.flatMap((step) => step.resources.map((resource) => resource.load())));
  const context = stepContext(pipeline, { backend: placeBackend(onnxBackend, order.places), isStopped: () => false });
  for (const step of wanted) if (step.kind !== "read") steps.set(step.id, await openStep(step, context));
}
