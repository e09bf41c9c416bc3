/**
 * Descriptions of machines: what the planner may know of nodes, devices and links. Plain data, the same whether
 * it comes from a preset, from a JSON file or from `pipec hw detect`.
 *
 * Units: bytes, bytes per second, FLOP per second (a multiply-add is two), microseconds, dollars per hour.
 * Vendors' gigabytes are 10^9 bytes for bandwidth and 2^30 for memory, as device drivers report them.
 */
export interface Hardware {
  readonly nodes: readonly NodeGroup[];
}

/** `count` equal machines. */
export interface NodeGroup {
  readonly count: number;
  readonly node: NodeType;
}

export interface NodeType {
  readonly name: string;
  /** Hardware threads that may run work, and what one of them does. */
  readonly cores: number;
  readonly core: DeviceType;
  readonly memoryBytes: number;
  readonly devices: readonly DeviceGroup[];
  /** Between any two devices of the node, or of one link domain. */
  readonly deviceLink: Link;
  /** So many devices, counted from the first, are joined by `deviceLink`, and so on; absent: all of the node are. */
  readonly linkDomain?: number;
  /** Between a device and the node's memory. */
  readonly hostLink: Link;
  /** To other nodes and to storage, shared by everything on the node. */
  readonly network: Link;
  readonly price?: Price;
  /** Where the figures come from. */
  readonly source: string;
}

export interface DeviceGroup {
  readonly count: number;
  readonly device: DeviceType;
}

export interface DeviceType {
  readonly name: string;
  /** "cpu" for a core; otherwise the execution provider that drives it. */
  readonly provider: "cpu" | "cuda";
  readonly memoryBytes: number;
  readonly memoryBytesPerSecond: number;
  /** Peak dense rates by dtype; a dtype that is missing runs at f32's rate. */
  readonly peakFlopsPerSecond: Readonly<Partial<Record<"f32" | "tf32" | "f16" | "bf16" | "f8" | "i8", number>>>;
  /** The share of the peak that well-shaped batches reach; overridden by measurements. */
  readonly efficiency: number;
  /** Starting one kernel. */
  readonly launchUs: number;
  readonly source: string;
}

/** Moving n bytes takes `latencyUs` + n / `bytesPerSecond`; with `shared`, all traffic of the kind
 * on a node shares the bandwidth; otherwise each device has it to itself. */
export interface Link {
  readonly latencyUs: number;
  readonly bytesPerSecond: number;
  readonly shared: boolean;
}

/** On-demand price of one node, and the day it was looked up. */
export interface Price {
  readonly dollarsPerHour: number;
  readonly region: string;
  readonly asOf: string;
}
