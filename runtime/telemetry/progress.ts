/**
 * How a run is getting on, for people and for programs: pure functions of a snapshot. Counts of rows are source rows
 * unless they say otherwise, so that they can be compared with the total.
 */
import { formatCount, formatDuration, formatPlural, formatRate, formatShare } from "./format.ts";

export interface RunSnapshot {
  readonly pipeline: string;
  readonly elapsedMs: number;
  /** Rows that went through everything, whether written, left out or dead. */
  readonly rowsDone: number;
  /** Where the sources know it before they are read. */
  readonly rowsTotal?: number;
  /** Where they do not: about how many there are, by the bytes that were read; as soon as some were. */
  readonly rowsExpected?: number;
  readonly rowsDead: number;
  /** Over the last seconds, not the whole run. */
  readonly rowsPerSecond: number;
  /** In the order of the plan. */
  readonly stages: readonly StageSnapshot[];
}

export interface StageSnapshot {
  readonly label: string;
  readonly replicas: number;
  /** Over the last seconds: the share of its replicas' time that went into computing, 0 to 1. */
  readonly busyShare: number;
  /** Chunks that wait at its inputs, and how many may; 0 of 0 for a source. */
  readonly queuedChunks: number;
  readonly queueChunks: number;
}

export interface TerminalLook {
  readonly columns: number;
  /** At least one. */
  readonly rows: number;
  readonly color: boolean;
}

/** A stage that holds the others up computes most of its time; below this share the run waits for something else. */
const bottleneckShareMin = 0.5;

/** The busiest stage, if one is busy at all; the first of equals. */
export function findBottleneck<S extends { readonly busyShare: number }>(stages: readonly S[]): S | undefined {
  const busiest = stages.reduce<S | undefined>((best, stage) => (best === undefined || stage.busyShare > best.busyShare ? stage : best), undefined);
  return busiest !== undefined && busiest.busyShare >= bottleneckShareMin ? busiest : undefined;
}

/** The block of lines that is redrawn in place: no line wider than the terminal, no more lines than it has. */
export function renderProgress(snapshot: RunSnapshot, look: TerminalLook): readonly string[] {
  const bottleneck = findBottleneck(snapshot.stages);
  const labels = snapshot.stages.map((stage) => (stage.replicas > 1 ? `${stage.label} ×${stage.replicas}` : stage.label));
  const width = Math.min(Math.max(0, ...labels.map((label) => label.length)), Math.max(8, look.columns - 44));
  const head = { text: `${snapshot.pipeline}  ${describeRows(snapshot)}`, style: "bold" } as const;
  const lines = snapshot.stages.map((stage, index) => {
    const isBottleneck = stage === bottleneck;
    const label = fitWidth(labels[index] ?? "", width).padEnd(width);
    const queue = stage.queueChunks === 0 ? "" : `queue ${stage.queuedChunks}/${stage.queueChunks}`;
    const text = `  ${label}  ${bar(stage.busyShare)} ${formatShare(stage.busyShare).padStart(5)} busy  ${queue.padEnd(isBottleneck ? 11 : 0)}${isBottleneck ? "  bottleneck" : ""}`;
    return { text: text.trimEnd(), style: isBottleneck ? "yellow" : "plain" } as const;
  });
  return firstLines([head, ...lines], look.rows).map(({ text, style }) => paint(fitWidth(text, look.columns), look.color ? style : "plain"));
}

interface Line {
  readonly text: string;
  readonly style: Style;
}

/** The last of them says how many stages there is no room for; of a single line, the rows are said. */
function firstLines(lines: readonly Line[], most: number): readonly Line[] {
  if (lines.length <= most || most === 1) return lines.slice(0, most);
  const shown = lines.slice(0, most - 1);
  return [...shown, { text: `  … ${formatPlural(lines.length - shown.length, "more stage")}`, style: "plain" }];
}

/** Where there is no terminal: everything that matters in one line. */
export function renderProgressLine(snapshot: RunSnapshot): string {
  const slow = findBottleneck(snapshot.stages);
  const tail = slow === undefined ? "" : `; slowest: ${slow.label}, ${formatShare(slow.busyShare)} busy${slow.queueChunks === 0 ? "" : `, queue ${slow.queuedChunks}/${slow.queueChunks}`}`;
  return `${snapshot.pipeline}  ${describeRows(snapshot)}${tail}`;
}

/** One line of JSON. */
export function printProgressJson(snapshot: RunSnapshot): string {
  return JSON.stringify({ event: "progress", ...snapshot, bottleneck: findBottleneck(snapshot.stages)?.label ?? null });
}

function describeRows({ rowsDone, rowsTotal, rowsExpected, rowsDead, rowsPerSecond, elapsedMs }: RunSnapshot): string {
  const total = rowsTotal === undefined ? "" : ` of ${formatCount(rowsTotal)}`;
  const end = rowsTotal ?? rowsExpected;
  const share = end === undefined || end === 0 ? "" : `, ${rowsTotal === undefined ? "about " : ""}${formatShare(rowsDone / end)}`;
  const left = end === undefined || rowsPerSecond <= 0 ? "" : `, about ${formatDuration(((end - rowsDone) / rowsPerSecond) * 1000)} left`;
  const dead = rowsDead === 0 ? "" : `, ${formatPlural(rowsDead, "dead row")}`;
  return `${formatCount(rowsDone)}${total} rows${share}, ${formatRate(rowsPerSecond)}, ${formatDuration(elapsedMs)}${left}${dead}`;
}

const barWidth = 10;

function bar(share: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
  return "█".repeat(filled) + "░".repeat(barWidth - filled);
}

function fitWidth(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

export type Style = "plain" | "bold" | "yellow" | "red";

/** SGR codes of ECMA-48. */
const styleCodes = { bold: 1, yellow: 33, red: 31 } as const;

export function paint(text: string, style: Style): string {
  return style === "plain" ? text : `\u001b[${styleCodes[style]}m${text}\u001b[0m`;
}
