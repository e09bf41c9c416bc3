/**
 * Tensors from rank to rank of a gang, over a port for each pair. A tensor is copied once for each receiver, except the
 * last of a rank that has no more use for it: that one is given the tensor itself.
 */
import type { MessagePort } from "node:worker_threads";
import { copyTensor, ownTensor, tensorBuffers } from "../channel/open-batches.ts";
import type { Tensor } from "../contract/value.ts";
import { createMailbox, PeerFailed } from "../stage/mailbox.ts";
import type { Mailbox } from "../stage/mailbox.ts";
import type { Exchange } from "../stage/rank.ts";

export interface PeerPort {
  readonly rank: number;
  readonly port: MessagePort;
}

interface PeerMessage {
  readonly incarnation: number;
  readonly batch: number;
  readonly segment: number;
  /** Absent: nothing comes from this segment on. */
  readonly made?: { readonly port: string; readonly tensor: Tensor };
}

export interface GangPorts {
  /** Starts a batch; what belongs to those before it is dropped. */
  readonly begin: (batch: number) => Exchange;
  /** A member is gone: whoever waits for anything gets the error. */
  readonly fail: (error: Error) => void;
  readonly close: () => void;
}

/** The ports of rank `rank` of a gang's `incarnation`. */
export function createGangPorts(rank: number, incarnation: number, peers: readonly PeerPort[]): GangPorts {
  let current = -1;
  // A peer may be one batch ahead of the word to begin it.
  const boxes = new Map<number, Mailbox>();
  const boxOf = (batch: number): Mailbox => {
    const box = boxes.get(batch) ?? createMailbox();
    boxes.set(batch, box);
    return box;
  };
  const post = (to: PeerPort, message: PeerMessage, buffers: readonly ArrayBuffer[]): void => to.port.postMessage(message, [...buffers]);
  for (const peer of peers) {
    peer.port.on("message", ({ incarnation: theirs, batch, segment, made }: PeerMessage) => {
      if (theirs !== incarnation || batch < current) return;
      if (made === undefined) boxOf(batch).fail(peer.rank, segment, new PeerFailed(`rank ${peer.rank} failed`));
      else boxOf(batch).put(peer.rank, segment, made.port, made.tensor);
    });
  }
  return {
    begin: (batch) => {
      current = batch;
      for (const known of boxes.keys()) if (known < batch) boxes.delete(known);
      const box = boxOf(batch);
      return {
        send: (to, segment, port, tensor, mayGive) => {
          const peer = peers.find((candidate) => candidate.rank === to);
          if (peer === undefined) throw new Error(`rank ${rank} has no way to rank ${to}`);
          const given = mayGive ? ownTensor(tensor) : copyTensor(tensor);
          post(peer, { incarnation, batch, segment, made: { port, tensor: given } }, tensorBuffers([given]));
        },
        receive: box.take,
        fail: (segment) => {
          for (const peer of peers) post(peer, { incarnation, batch, segment }, []);
        },
      };
    },
    fail: (error) => {
      for (const box of boxes.values()) for (const peer of peers) box.fail(peer.rank, 0, error);
    },
    close: () => {
      for (const { port } of peers) port.close();
    },
  };
}
