/** What happened when: a band for each stage and sink, the fill of each queue, and lines for rate, cores and memory. */
import { formatBytes, formatDuration, formatRate, formatShare } from "../format.ts";
import type { ReportData } from "./report-data.ts";
import { clip, polyline, rect, svg, text } from "./svg.ts";
import type { Box } from "./svg.ts";

const LABEL_WIDTH = 200;
const PLOT_WIDTH = 700;
const BAND_HEIGHT = 20;
const PLOT_HEIGHT = 80;
const WIDTH = LABEL_WIDTH + PLOT_WIDTH + 10;

/** How busy each stage and sink was. */
export function drawBusyBands(data: ReportData): string {
  const workplaces = [...data.stages, ...data.sinks];
  const bands = workplaces.map(({ label, replicas }, index) => ({
    label: replicas > 1 ? `${label} ×${replicas}` : label,
    shares: data.bins.map((bin) => bin.busyMs[index] / (data.binMs * replicas)),
  }));
  return drawBands(data, "busy", bands);
}

/** How full each queue was when it was looked at. */
export function drawQueueBands(data: ReportData): string {
  const nameOf = (index: number): string => {
    const { from, to } = data.edges[index];
    return `${data.stages[from].label} → ${to.kind === "stage" ? data.stages[to.stage].label : data.sinks[to.sink].label}`;
  };
  const bands = data.edges.map((_, index) => ({
    label: nameOf(index),
    shares: data.bins.map((bin) => {
      const gauge = bin.gauges?.edges[index];
      return gauge === undefined || gauge.capacity === 0 ? undefined : gauge.held / gauge.capacity;
    }),
  }));
  return drawBands(data, "full", bands);
}

interface Band {
  readonly label: string;
  readonly shares: readonly (number | undefined)[];
}

function drawBands(data: ReportData, word: string, bands: readonly Band[]): string {
  const step = PLOT_WIDTH / Math.max(1, data.bins.length);
  const rows = bands.map(({ label, shares }, row) => {
    const y = row * (BAND_HEIGHT + 4);
    const cells = shares.map((share, index) => {
      if (share === undefined) return "";
      const title = `${formatDuration(index * data.binMs)}: ${formatShare(Math.min(1, share))} ${word}`;
      return rect(LABEL_WIDTH + index * step, y, step + 0.3, BAND_HEIGHT, `fill:#2b6cb0;fill-opacity:${Math.min(1, share).toFixed(2)}`, title);
    });
    return text(0, y + 14, clip(label, 30)) + rect(LABEL_WIDTH, y, PLOT_WIDTH, BAND_HEIGHT, "fill:#eef2f6") + cells.join("");
  });
  return svg(WIDTH, bands.length * (BAND_HEIGHT + 4) + 20, `how ${word} over time`, rows.join("") + timeAxis(data, bands.length * (BAND_HEIGHT + 4) + 12));
}

/** Rows per second, cores and memory over time. */
export function drawLines(data: ReportData): string {
  const rates = data.bins.map((bin) => bin.rowsDone / (data.binMs / 1000));
  const cores = data.bins.map((bin) => bin.gauges?.coresInUse);
  const memory = data.bins.map((bin) => bin.gauges?.residentBytes);
  const plots: readonly (readonly [string, readonly (number | undefined)[], (value: number) => string])[] = [
    ["rows done", rates, formatRate],
    ["cores in use", cores, (value) => value.toFixed(1)],
    ["resident memory", memory, formatBytes],
  ];
  const drawn = plots.map(([label, values, format], index) => {
    const box: Box = { x: LABEL_WIDTH, y: index * (PLOT_HEIGHT + 12), width: PLOT_WIDTH, height: PLOT_HEIGHT };
    const max = Math.max(0, ...values.map((value) => value ?? 0));
    return text(0, box.y + 14, label) + text(0, box.y + 32, `at most ${format(max)}`, "faint") + rect(box.x, box.y, box.width, box.height, "fill:#eef2f6") + polyline(values, box, max, "#2b6cb0");
  });
  const bottom = plots.length * (PLOT_HEIGHT + 12);
  return svg(WIDTH, bottom + 20, "rate, cores and memory over time", drawn.join("") + timeAxis(data, bottom + 6));
}

function timeAxis(data: ReportData, y: number): string {
  const end = formatDuration(data.bins.length * data.binMs);
  return text(LABEL_WIDTH, y, "0 s", "faint") + text(LABEL_WIDTH + PLOT_WIDTH - 8 * end.length, y, end, "faint");
}
