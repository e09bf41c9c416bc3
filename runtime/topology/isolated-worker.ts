/**
 * A process for a worker's isolated steps, as the worker sees it: started when it is needed, asked one chunk at a time,
 * ended when a call in it hangs, and started anew after it has died.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Stopped } from "../stage/step-context.ts";
import type { Chunk } from "../contract/chunk.ts";
import type { Value } from "../contract/value.ts";
import { readCallRecord } from "../recovery/call-record.ts";
import type { CallRecordReader } from "../recovery/call-record.ts";
import { createHangClock } from "../recovery/call-words.ts";
import { noteEnded, noteStarted } from "./engine-processes.ts";
import { isolatedVariable } from "./isolated-messages.ts";
import type { FromIsolated, ToIsolated } from "./isolated-messages.ts";
import type { ModelPlaces } from "./placement.ts";

export interface IsolatedRequest {
  /** The program's own bundle. */
  readonly file: string;
  readonly pipeline: string;
  readonly steps: readonly number[];
  readonly params: Readonly<Record<string, Value>>;
  readonly folder: string;
  readonly stage: number;
  readonly replica: number;
  readonly places: ModelPlaces;
  /** Where flight records are; undefined: hangs are not noticed, and all rows of a chunk are suspects. */
  readonly records: string | undefined;
  /** Told apart from other workers' processes by this. */
  readonly name: string;
  readonly isStopped: () => boolean;
}

export type IsolatedReply =
  | FromIsolated
  /** The process is gone. `isForeign`: killed from outside. `isOpening`: before it was told of any rows. */
  | { readonly kind: "died"; readonly how: string; readonly isForeign: boolean; readonly isOpening: boolean; readonly rows: readonly { readonly first: number; readonly last: number }[] | undefined };

export interface IsolatedWorker {
  readonly run: (step: number, chunk: Chunk) => Promise<IsolatedReply>;
  readonly close: () => Promise<void>;
}

const TICK_MS = 100;

export function createIsolatedWorker(request: IsolatedRequest): IsolatedWorker {
  let running: Running | undefined;
  // Once one has died others are likely to: the next is started before it is needed, and opened when it is.
  let spare: Running | undefined;
  let started = 0;
  let last: Promise<unknown> = Promise.resolve();
  const complaints = createComplaints();
  const start = (): Running => startProcess(request, started++, complaints);
  const ready = async (): Promise<Running | IsolatedReply> => {
    if (running !== undefined) return running;
    const next = spare ?? start();
    spare = started > 1 ? start() : undefined;
    running = next;
    const { pipeline, steps, stage, replica, params, folder, places } = request;
    const reply = await ask(next, { kind: "open", pipeline, steps, stage, replica, params, folder, places, record: next.recordFile });
    if (reply.kind === "opened") return next;
    next.child.kill("SIGKILL");
    running = undefined;
    return reply;
  };
  const ask = async (target: Running, message: ToIsolated): Promise<IsolatedReply> => {
    const reply = await target.ask(message, request.isStopped);
    if (reply.kind === "died") running = undefined;
    return reply;
  };
  const run = async (step: number, chunk: Chunk): Promise<IsolatedReply> => {
    const target = await ready();
    return "ask" in target ? ask(target, { kind: "run", step, chunk }) : target;
  };
  return {
    run: (step, chunk) => {
      const reply = last.then(() => run(step, chunk));
      last = reply.catch(() => {});
      return reply;
    },
    close: async () => {
      const processes = [running, spare].filter((process) => process !== undefined);
      for (const { child } of processes) child.kill("SIGKILL");
      await Promise.all(processes.map(({ ended }) => ended));
    },
  };
}

interface Complaints {
  readonly add: (text: Uint8Array) => void;
  readonly flush: (hasDied: boolean) => void;
}

/** What processes write to stderr, call by call. Of those that die (Node prints where) the first is shown and no other. */
function createComplaints(): Complaints {
  let held: Uint8Array[] = [];
  let deaths = 0;
  return {
    add: (text) => void held.push(text),
    flush: (hasDied) => {
      if (hasDied) deaths++;
      if (!hasDied || deaths === 1) for (const text of held) process.stderr.write(text);
      held = [];
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly recordFile: string | undefined;
  readonly ask: (message: ToIsolated, isStopped: () => boolean) => Promise<IsolatedReply>;
  readonly ended: Promise<void>;
}

/** What one process has written must not be held against the next: `number` tells them apart. */
function startProcess(request: IsolatedRequest, number: number, complaints: Complaints): Running {
  const recordFile = request.records === undefined ? undefined : join(request.records, `calls-${request.name}-${number}`);
  const child = fork(request.file, [], { stdio: ["ignore", "pipe", "pipe", "ipc"], serialization: "advanced", env: { ...process.env, ...isolatedVariable }, execArgv: process.execArgv });
  const { pid } = child;
  if (pid !== undefined) noteStarted(request.records, pid);
  child.stdout?.on("data", (text: Uint8Array) => process.stdout.write(text));
  child.stderr?.on("data", complaints.add);
  let answer = (_reply: IsolatedReply): void => {};
  let hungMs: number | undefined;
  let isGivenUp = false;
  let isOpen = false;
  let death: IsolatedReply | undefined;
  let record: CallRecordReader | undefined;
  const look = (): CallRecordReader | undefined => (record ??= recordFile === undefined ? undefined : readCallRecord(recordFile));

  child.on("message", (message: FromIsolated) => {
    isOpen = true;
    answer(message);
  });
  const ended = new Promise<void>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (pid !== undefined) noteEnded(request.records, pid);
      const rows = look()?.rows();
      record?.close();
      if (recordFile !== undefined) rmSync(recordFile, { force: true });
      death = { kind: "died", ...describeDeath(code, signal, hungMs), isOpening: !isOpen, rows };
      answer(death);
      resolve();
    };
    child.on("exit", end);
    // A word that could not be sent to one that is dying: its end is told as well. One that never began has no end.
    child.on("error", () => (pid === undefined ? end(null, null) : undefined));
  });
  return {
    child,
    recordFile,
    ended,
    ask: (message, isStopped) => new Promise((resolve, reject) => {
      if (death !== undefined) {
        complaints.flush(true);
        return resolve(death);
      }
      const clock = createHangClock(TICK_MS);
      const timer = setInterval(() => {
        if (isStopped() && !isGivenUp) {
          isGivenUp = true;
          child.kill("SIGKILL");
        }
        const words = look()?.words();
        const limitMs = words === undefined ? undefined : clock.look(words);
        if (limitMs === undefined || hungMs !== undefined) return;
        hungMs = limitMs;
        child.kill("SIGKILL");
      }, TICK_MS);
      answer = (reply) => {
        clearInterval(timer);
        answer = () => {};
        complaints.flush(reply.kind === "died");
        if (isGivenUp) reject(new Stopped("the run is being given up"));
        else resolve(reply);
      };
      if (child.connected) child.send(message);
    }),
  };
}

function describeDeath(code: number | null, signal: NodeJS.Signals | null, hungMs: number | undefined): { readonly how: string; readonly isForeign: boolean } {
  if (hungMs !== undefined) return { how: `did not come back within ${hungMs} ms`, isForeign: false };
  if (signal === "SIGKILL") return { how: "was killed from outside", isForeign: true };
  if (signal !== null) return { how: `ended the process with ${signal}`, isForeign: false };
  return { how: `ended the process with code ${code ?? "unknown"}`, isForeign: false };
}
