/**
 * A worker's ports: to the coordinator, and to its neighbours, those it was started with and those of workers that were
 * added later. What is said on them is told to whoever listens, in order; `poll` tells what has come meanwhile without
 * waiting for a turn of the event loop, so that a worker with more to do goes from one chunk straight to the next.
 */
import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { collectSpent } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import { fromWire } from "../channel/wire-chunk.ts";
import type { WireChunk } from "../channel/wire-chunk.ts";
import { POOLED_BYTES_MIN } from "../pool/buffer-pool.ts";
import type { OutPort, ToWorker, WorkerStart } from "./messages.ts";

/** A chunk, and the port that it came on. */
export interface ArrivedChunk extends ChunkMessage {
  readonly from: MessagePort;
}

export interface WorkerPorts {
  /** Calls `listen` for every word of the coordinator; ports that it joins are open by then. */
  readonly onControl: (listen: (message: ToWorker) => void) => void;
  /** Calls `listen` for every chunk that comes, now and from ports that join later. */
  readonly onChunk: (listen: (message: ArrivedChunk) => void) => void;
  /** Lets the event loop have its turn where the last one is long ago; undefined where there is nothing to wait for. */
  readonly giveTurn: () => Promise<void> | undefined;
  /** Tells all that has come on each port, the coordinator's first. False where nothing has, or others wait for their turn. */
  readonly poll: () => boolean;
  /**
   * Gives the large buffers of a chunk, which nobody here looks at any more, back to whoever sent it: several at a time,
   * up to half of the bytes that may lie on their edge.
   */
  readonly sendHome: (message: ArrivedChunk, queueBytesMax: number) => void;
  /** Calls `listen` for buffers of an edge that came home. */
  readonly onHome: (listen: (edge: number, buffers: readonly ArrayBuffer[]) => void) => void;
  readonly outPort: (edge: number, replica: number) => MessagePort;
  /** With no port open, the thread ends by itself once what it wrote has been read. */
  readonly close: () => void;
}

/** What else the thread has to do (buffers that come home, timers, output) waits so long at most for its turn, or for one chunk. */
const TURN_MS = 20;

/** Spent buffers of one sender go home when they come to so much: to wake it for each costs more than the message. */
const HOME_BYTES = 4 * 2 ** 20;

interface Spent {
  buffers: ArrayBuffer[];
  bytes: number;
}

export function openPorts(start: Pick<WorkerStart, "inPorts" | "outPorts">, control: MessagePort): WorkerPorts {
  const inPorts = [...start.inPorts];
  const outPorts = new Map<string, MessagePort>();
  const spent = new Map<MessagePort, Spent>();
  const controlListeners: ((message: ToWorker) => void)[] = [];
  let chunkListener: ((message: ArrivedChunk) => void) | undefined;
  let homeListener: ((edge: number, buffers: readonly ArrayBuffer[]) => void) | undefined;
  let turnMs = -Infinity;
  let isNoted = false;
  // Many messages may be told within one turn, with all that is done on them; only the first says when it was.
  const noteTurn = (): void => {
    if (isNoted) return;
    [isNoted, turnMs] = [true, performance.now()];
    setImmediate(() => (isNoted = false));
  };
  const isTurnDue = (): boolean => performance.now() - turnMs > TURN_MS;
  const keyOf = (edge: number, replica: number): string => `${edge}:${replica}`;
  const addOut = ({ edge, replica, port }: OutPort): void => {
    // The worker that had this place before is gone.
    outPorts.get(keyOf(edge, replica))?.close();
    outPorts.set(keyOf(edge, replica), port);
    port.on("message", (buffers: readonly ArrayBuffer[]) => homeListener?.(edge, buffers));
  };
  const spentOf = (port: MessagePort): Spent => {
    const known = spent.get(port);
    if (known !== undefined) return known;
    const none: Spent = { buffers: [], bytes: 0 };
    spent.set(port, none);
    return none;
  };
  const takeChunk = (from: MessagePort, wire: WireChunk): void => chunkListener?.({ ...fromWire(wire), from });
  const takeControl = (message: ToWorker): void => {
    if (message.kind === "join") {
      message.outPorts.forEach(addOut);
      message.inPorts.forEach(addIn);
    }
    for (const listen of controlListeners) listen(message);
  };
  const listenTo = <T>(port: MessagePort, take: (message: T) => void): void => {
    port.on("message", (message: T) => {
      noteTurn();
      take(message);
    });
  };
  const addIn = (port: MessagePort): void => {
    inPorts.push(port);
    if (chunkListener !== undefined) listenTo<WireChunk>(port, (wire) => takeChunk(port, wire));
  };
  start.outPorts.forEach(addOut);
  listenTo(control, takeControl);
  return {
    onControl: (listen) => void controlListeners.push(listen),
    onChunk: (listen) => {
      chunkListener = listen;
      for (const port of inPorts) listenTo<WireChunk>(port, (wire) => takeChunk(port, wire));
    },
    giveTurn: () => (isTurnDue() ? nextTurn().then(() => void (turnMs = performance.now())) : undefined),
    poll: () => {
      if (isTurnDue()) return false;
      let hasCome = takeAll(control, takeControl);
      for (const port of inPorts) hasCome = takeAll<WireChunk>(port, (wire) => takeChunk(port, wire)) || hasCome;
      return hasCome;
    },
    sendHome: (message, queueBytesMax) => {
      const waiting = spentOf(message.from);
      waiting.bytes += collectSpent(message, POOLED_BYTES_MIN, waiting.buffers);
      if (waiting.bytes < Math.min(HOME_BYTES, queueBytesMax / 2)) return;
      message.from.postMessage(waiting.buffers, waiting.buffers);
      [waiting.buffers, waiting.bytes] = [[], 0];
    },
    onHome: (listen) => {
      homeListener = listen;
    },
    outPort: (edge, replica) => {
      const port = outPorts.get(keyOf(edge, replica));
      if (port === undefined) throw new Error(`no way leads along edge ${edge} to worker ${replica}`);
      return port;
    },
    close: () => {
      for (const port of inPorts) port.close();
      for (const port of outPorts.values()) port.close();
      control.close();
    },
  };
}

/** Whether anything had come. */
function takeAll<T>(port: MessagePort, take: (message: T) => void): boolean {
  let hasCome = false;
  for (let found = receiveMessageOnPort(port); found !== undefined; found = receiveMessageOnPort(port)) {
    take(found.message);
    hasCome = true;
  }
  return hasCome;
}
