/**
 * What a run did over time, in a bounded number of bins: when they are used up, neighbours are merged and each is twice
 * as long. So a report of a week is as large as one of a minute.
 */
import type { EdgeGauge, RunEvent } from "./run-event.ts";

const BINS_MAX = 240;
const FIRST_BIN_MS = 250;

export interface TimelineBin {
  /** Milliseconds of work, by stage and then by sink; of all replicas together. */
  readonly busyMs: readonly number[];
  readonly rowsDone: number;
  readonly cpuMs: number;
  /** As last seen within the bin; undefined where nobody looked. */
  readonly gauges: Gauges | undefined;
}

export interface Gauges {
  readonly edges: readonly EdgeGauge[];
  readonly residentBytes: number;
}

export interface TimelineBins {
  readonly widthMs: number;
  readonly bins: readonly TimelineBin[];
}

export interface RunTimeline {
  readonly add: (event: RunEvent) => void;
  readonly widthMs: () => number;
  readonly bins: () => readonly TimelineBin[];
}

interface OpenBin {
  readonly busyMs: number[];
  rowsDone: number;
  cpuMs: number;
  gauges: Gauges | undefined;
}

/** `stages` and `sinks`: how many there are. `earlier`: what the engines before this one did. */
export function createRunTimeline(stages: number, sinks: number, earlier: TimelineBins = { widthMs: FIRST_BIN_MS, bins: [] }): RunTimeline {
  let { widthMs } = earlier;
  let bins: OpenBin[] = earlier.bins.map((bin) => ({ ...bin, busyMs: [...bin.busyMs] }));
  const emptyBin = (): OpenBin => ({ busyMs: Array.from({ length: stages + sinks }, () => 0), rowsDone: 0, cpuMs: 0, gauges: undefined });
  const binAt = (atMs: number): OpenBin => {
    while (atMs >= widthMs * BINS_MAX) {
      bins = mergePairs(bins);
      widthMs *= 2;
    }
    const index = Math.max(0, Math.floor(atMs / widthMs));
    while (bins.length <= index) bins.push(emptyBin());
    return bins[index];
  };
  /** Gives each bin from `startMs` to `endMs` what of that time lies in it. */
  const spread = (startMs: number, endMs: number, give: (bin: OpenBin, ms: number) => void): void => {
    binAt(endMs);
    for (let from = Math.max(0, startMs); from < endMs; ) {
      const to = Math.min(endMs, (Math.floor(from / widthMs) + 1) * widthMs);
      give(binAt(from), to - from);
      from = to;
    }
  };
  const addBusy = (workplace: number, endMs: number, busyMs: number): void => spread(endMs - busyMs, endMs, (bin, ms) => (bin.busyMs[workplace] += ms));
  const addSample = ({ atMs, edges, cpuMs, overMs, residentBytes }: Extract<RunEvent, { kind: "sample" }>): void => {
    binAt(atMs).gauges = { edges, residentBytes };
    spread(atMs - overMs, atMs, (bin, ms) => (bin.cpuMs += (cpuMs / overMs) * ms));
  };
  return {
    add: (event) => {
      if (event.kind === "chunkDone") addBusy(event.stage, event.atMs, event.busyMs);
      else if (event.kind === "sinkDone") addBusy(stages + event.sink, event.atMs, event.busyMs);
      else if (event.kind === "rowsDone") binAt(event.atMs).rowsDone += event.rows;
      else if (event.kind === "sample") addSample(event);
    },
    widthMs: () => widthMs,
    bins: () => bins,
  };
}

function mergePairs(bins: readonly OpenBin[]): OpenBin[] {
  const merged: OpenBin[] = [];
  for (let at = 0; at < bins.length; at += 2) {
    const first = bins[at];
    const second = bins.at(at + 1 < bins.length ? at + 1 : at);
    if (second === undefined || second === first) merged.push(first);
    else merged.push({ busyMs: first.busyMs.map((ms, index) => ms + second.busyMs[index]), rowsDone: first.rowsDone + second.rowsDone, cpuMs: first.cpuMs + second.cpuMs, gauges: second.gauges ?? first.gauges });
  }
  return merged;
}
