/** What the ranks of a gang are started with, and what the first of them and the others say to each other. */
import type { Tensor } from "../contract/value.ts";
import type { PeerPort } from "./gang-ports.ts";
import type { Fault } from "./messages.ts";
import type { ModelPlaces } from "./placement.ts";

/** `workerData.pipecMember` of the worker of a rank other than the first. */
export interface MemberStart extends ModelPlaces {
  readonly pipeline: string;
  /** The `modelPart` step. */
  readonly step: number;
  readonly rank: number;
  /** Counts the gangs that had this place before. */
  readonly incarnation: number;
  readonly folder: string;
  readonly peers: readonly PeerPort[];
}

export type ToMember =
  /** Runs its segments once; `received`: what of the part's inputs the rank wants. */
  | { readonly kind: "run"; readonly batch: number; readonly received: ReadonlyMap<string, Tensor> }
  | { readonly kind: "close" };

export type FromMember =
  | { readonly kind: "ready" }
  /** It could not be opened. */
  | { readonly kind: "fault"; readonly fault: Fault }
  | { readonly kind: "done"; readonly batch: number }
  /** `isPeers`: another rank knows why. */
  | { readonly kind: "failed"; readonly batch: number; readonly fault: Fault; readonly isPeers: boolean };
