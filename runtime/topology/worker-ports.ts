/**
 * A worker's ports: to the coordinator, and to its neighbours, those it was started with and those of workers that were
 * added later. What is said on them is told to whoever listens, in order; `poll` tells what has come meanwhile without
 * waiting for a turn of the event loop, so that a worker with more to do goes from one chunk straight to the next.
 */
import { performance } from "node:perf_hooks";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { spentBuffers } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import { POOLED_BYTES_MIN } from "../pool/buffer-pool.ts";
import type { OutPort, ToWorker, WorkerStart } from "./messages.ts";

export interface WorkerPorts {
  /** Calls `listen` for every word of the coordinator; ports that it joins are open by then. */
  readonly onControl: (listen: (message: ToWorker) => void) => void;
  /** Calls `listen` for every chunk that comes, now and from ports that join later. */
  readonly onChunk: (listen: (message: ChunkMessage) => void) => void;
  /** Tells the next that has come on each port, the coordinator's first. False where nothing has, or others wait for their turn. */
  readonly poll: () => boolean;
  /** Gives the large buffers of a chunk, which nobody here looks at any more, back to whoever sent it: several at a time. */
  readonly sendHome: (message: ChunkMessage) => void;
  /** Calls `listen` for buffers of an edge that came home. */
  readonly onHome: (listen: (edge: number, buffers: readonly ArrayBuffer[]) => void) => void;
  readonly outPort: (edge: number, replica: number) => MessagePort;
  /** With no port open, the thread ends by itself once what it wrote has been read. */
  readonly close: () => void;
}

/** What else the thread has to do (timers, output) waits so long at most for its turn. */
const TURN_MS = 20;

/** Spent buffers of one sender go home when they come to so much: to wake it for each costs more than the message. */
const HOME_BYTES_MIN = 2 * 2 ** 20;

export function openPorts(start: Pick<WorkerStart, "inPorts" | "outPorts">, control: MessagePort): WorkerPorts {
  const inPorts = [...start.inPorts];
  const outPorts = new Map<string, MessagePort>();
  const senders = new WeakMap<ChunkMessage, MessagePort>();
  const spent = new WeakMap<MessagePort, { readonly buffers: ArrayBuffer[]; readonly bytes: number }>();
  const controlListeners: ((message: ToWorker) => void)[] = [];
  let chunkListener: ((message: ChunkMessage) => void) | undefined;
  let homeListener: ((edge: number, buffers: readonly ArrayBuffer[]) => void) | undefined;
  let turnMs = -Infinity;
  const keyOf = (edge: number, replica: number): string => `${edge}:${replica}`;
  const addOut = ({ edge, replica, port }: OutPort): void => {
    // The worker that had this place before is gone.
    outPorts.get(keyOf(edge, replica))?.close();
    outPorts.set(keyOf(edge, replica), port);
    port.on("message", (buffers: readonly ArrayBuffer[]) => homeListener?.(edge, buffers));
  };
  const takeChunk = (port: MessagePort, message: ChunkMessage): void => {
    senders.set(message, port);
    chunkListener?.(message);
  };
  const takeControl = (message: ToWorker): void => {
    if (message.kind === "join") {
      message.outPorts.forEach(addOut);
      message.inPorts.forEach(addIn);
    }
    for (const listen of controlListeners) listen(message);
  };
  const listenTo = <T>(port: MessagePort, take: (message: T) => void): void => {
    port.on("message", (message: T) => {
      turnMs = performance.now();
      take(message);
    });
  };
  const addIn = (port: MessagePort): void => {
    inPorts.push(port);
    if (chunkListener !== undefined) listenTo<ChunkMessage>(port, (message) => takeChunk(port, message));
  };
  start.outPorts.forEach(addOut);
  listenTo(control, takeControl);
  return {
    onControl: (listen) => void controlListeners.push(listen),
    onChunk: (listen) => {
      chunkListener = listen;
      for (const port of inPorts) listenTo<ChunkMessage>(port, (message) => takeChunk(port, message));
    },
    poll: () => {
      if (performance.now() - turnMs > TURN_MS) return false;
      const word = receiveMessageOnPort(control);
      if (word !== undefined) takeControl(word.message);
      let hasCome = word !== undefined;
      for (const port of inPorts) {
        const found = receiveMessageOnPort(port);
        if (found === undefined) continue;
        takeChunk(port, found.message);
        hasCome = true;
      }
      return hasCome;
    },
    sendHome: (message) => {
      const port = senders.get(message);
      if (port === undefined) return;
      const { buffers, bytes } = spent.get(port) ?? { buffers: [], bytes: 0 };
      const more = spentBuffers(message, POOLED_BYTES_MIN);
      const home = { buffers: buffers.concat(more), bytes: more.reduce((sum, buffer) => sum + buffer.byteLength, bytes) };
      spent.set(port, home.bytes < HOME_BYTES_MIN ? home : { buffers: [], bytes: 0 });
      if (home.bytes >= HOME_BYTES_MIN) port.postMessage(home.buffers, home.buffers);
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
