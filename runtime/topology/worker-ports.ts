/** A worker's ports to its neighbours: those it was started with, and those of workers that were added later. */
import type { MessagePort } from "node:worker_threads";
import { spentBuffers } from "../channel/chunk-codec.ts";
import type { ChunkMessage } from "../channel/chunk-codec.ts";
import { POOLED_BYTES_MIN } from "../pool/buffer-pool.ts";
import type { OutPort, ToWorker, WorkerStart } from "./messages.ts";

export interface WorkerPorts {
  /** Calls `listen` for every chunk that comes, now and from ports that join later. */
  readonly onChunk: (listen: (message: ChunkMessage) => void) => void;
  /** Gives the large buffers of a chunk, which nobody here looks at any more, back to whoever sent it. */
  readonly sendHome: (message: ChunkMessage) => void;
  /** Calls `listen` for buffers of an edge that came home. */
  readonly onHome: (listen: (edge: number, buffers: readonly ArrayBuffer[]) => void) => void;
  readonly outPort: (edge: number, replica: number) => MessagePort;
  /** With no port open, the thread ends by itself once what it wrote has been read. */
  readonly close: () => void;
}

export function openPorts(start: WorkerStart, control: MessagePort): WorkerPorts {
  const inPorts = [...start.inPorts];
  const outPorts = new Map<string, MessagePort>();
  const senders = new WeakMap<ChunkMessage, MessagePort>();
  let listener: ((message: ChunkMessage) => void) | undefined;
  let homeListener: ((edge: number, buffers: readonly ArrayBuffer[]) => void) | undefined;
  const keyOf = (edge: number, replica: number): string => `${edge}:${replica}`;
  const addOut = ({ edge, replica, port }: OutPort): void => {
    // The worker that had this place before is gone.
    outPorts.get(keyOf(edge, replica))?.close();
    outPorts.set(keyOf(edge, replica), port);
    port.on("message", (buffers: readonly ArrayBuffer[]) => homeListener?.(edge, buffers));
  };
  const listenTo = (port: MessagePort, listen: (message: ChunkMessage) => void): void => {
    port.on("message", (message: ChunkMessage) => {
      senders.set(message, port);
      listen(message);
    });
  };
  start.outPorts.forEach(addOut);
  control.on("message", (message: ToWorker) => {
    if (message.kind !== "join") return;
    message.outPorts.forEach(addOut);
    inPorts.push(...message.inPorts);
    if (listener !== undefined) for (const port of message.inPorts) listenTo(port, listener);
  });
  return {
    onChunk: (listen) => {
      listener = listen;
      for (const port of inPorts) listenTo(port, listen);
    },
    sendHome: (message) => {
      const buffers = spentBuffers(message, POOLED_BYTES_MIN);
      if (buffers.length > 0) senders.get(message)?.postMessage(buffers, [...buffers]);
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
