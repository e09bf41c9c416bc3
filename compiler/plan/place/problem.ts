/**
 * What the placement search is asked: models with the rows each sees per row of the source, and accelerators. Times are
 * picoseconds, a *period* is picoseconds per row of the source; both are numbers whose arithmetic is the same everywhere.
 */
import type { DeviceType, Hardware, NodeType } from "../../../stdlib/hw/hardware.ts";
import type { ModelWork } from "../cost/model-work.ts";

/** A model to place. */
export interface Tower {
  readonly work: ModelWork;
  readonly rowsPerSource: number;
  /** Batch sizes it may run at, ascending; all are among the points of `work`. */
  readonly batches: readonly number[];
}

/** All accelerators of one type in nodes of one type. */
export interface AcceleratorKind {
  readonly device: DeviceType;
  readonly node: NodeType;
  readonly nodes: number;
  readonly perNode: number;
}

/** What the program demands of the placement; absent: free. */
export interface PlacementHints {
  /** Stages of a lane. */
  readonly pipeline?: number;
  /** Devices that share each stage. */
  readonly tensor?: number;
  /** By stage; one entry stands for all. */
  readonly replicas?: readonly { readonly low: number; readonly high: number }[];
  readonly memoryBytes?: number;
  /** Every stage holds a part of every model. */
  readonly colocate?: boolean;
}

export interface PlacementProblem {
  readonly towers: readonly Tower[];
  readonly kinds: readonly AcceleratorKind[];
  readonly hints: PlacementHints;
}

/** One stage of a lane: a run of nodes of each model that has a part in it, on `replicas` gangs of `degree` devices. */
export interface PlacedStage {
  /** Index of the kind of its devices. */
  readonly kind: number;
  readonly parts: readonly PlacedPart[];
  readonly degree: number;
  readonly replicas: number;
  /** Time of one replica per row of the source; the stage's period is this over `replicas`. */
  readonly workPs: number;
  /** Of one device. */
  readonly bytes: number;
}

export interface PlacedPart {
  /** Index of the tower. */
  readonly tower: number;
  /** Nodes [from, to) of its work. */
  readonly from: number;
  readonly to: number;
  readonly batch: number;
}

/** Stages through which a share of the rows goes. */
export interface Lane {
  readonly stages: readonly PlacedStage[];
  readonly periodPs: number;
  readonly devices: number;
}

/** The accelerators of a cluster, in its order. */
export function acceleratorsOf(hardware: Hardware): readonly AcceleratorKind[] {
  return hardware.nodes.flatMap(({ count, node }) =>
    node.devices.filter(({ device }) => device.provider !== "cpu").map((group): AcceleratorKind => ({ device: group.device, node, nodes: count, perNode: group.count })),
  );
}

/** Devices of each kind that lanes take. */
export function devicesByKind(lanes: readonly Lane[], kinds: readonly AcceleratorKind[]): readonly number[] {
  return kinds.map((_, kind) => lanes.flatMap((lane) => lane.stages).reduce((sum, stage) => sum + (stage.kind === kind ? stage.replicas * stage.degree : 0), 0));
}

export function devicesOf(kind: AcceleratorKind): number {
  return kind.nodes * kind.perNode;
}

/** Devices of a kind that gangs may have: of a degree that does not divide a machine's devices some stay over in each. */
export function devicesForGangs(kind: AcceleratorKind, hints: PlacementHints): number {
  const { tensor } = hints;
  const domain = domainOf(kind);
  return tensor === undefined ? devicesOf(kind) : kind.nodes * Math.floor(kind.perNode / domain) * (domain - (domain % tensor));
}

/** Devices that one link joins: gangs stay among them. */
export function domainOf({ node, perNode }: AcceleratorKind): number {
  return Math.min(perNode, node.linkDomain ?? perNode);
}

/** Powers of two that divide the devices that one link joins: gangs of any of them then fit the machines together. */
export function degreesOf(kind: AcceleratorKind, hints: PlacementHints): readonly number[] {
  const degrees = [1, 2, 4, 8, 16].filter((degree) => domainOf(kind) % degree === 0);
  return hints.tensor === undefined ? degrees : hints.tensor <= domainOf(kind) ? [hints.tensor] : [];
}
