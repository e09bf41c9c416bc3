/** What happened when: a band for each stage and sink, the fill of each queue, and lines for rate, CPU and memory. */
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

interface Plot {
  readonly label: string;
  readonly values: readonly (number | undefined)[];
  readonly format: (value: number) => string;
}

/** Rows come in batches: in a mean over this share of the run, a steady rate looks steady. */
const RATE_SHARE = 1 / 20;

/** Rows per second, CPU and memory over time. */
export function drawLines({ bins, binMs }: ReportData): string {
  const rates = movingMeans(bins.map((bin) => bin.rowsDone / (binMs / 1000)), Math.ceil(bins.length * RATE_SHARE));
  const plots: readonly Plot[] = [
    { label: "rows done", values: rates, format: formatRate },
    { label: "CPU", values: bins.map((bin) => bin.cpuMs / binMs), format: (cores) => `${cores.toFixed(1)} cores` },
    { label: "resident memory", values: bins.map((bin) => bin.gauges?.residentBytes), format: formatBytes },
  ];
  const drawn = plots.map(({ label, values, format }, index) => {
    const box: Box = { x: LABEL_WIDTH, y: index * (PLOT_HEIGHT + 12), width: PLOT_WIDTH, height: PLOT_HEIGHT };
    const max = Math.max(0, ...values.map((value) => value ?? 0));
    return text(0, box.y + 14, label) + text(0, box.y + 32, `at most ${format(max)}`, "faint") + rect(box.x, box.y, box.width, box.height, "fill:#eef2f6") + polyline(values, box, max, "#2b6cb0");
  });
  const bottom = plots.length * (PLOT_HEIGHT + 12);
  return svg(WIDTH, bottom + 20, "rate, CPU and memory over time", drawn.join("") + readings({ bins, binMs }, plots, bottom - 12) + timeAxis({ bins, binMs }, bottom + 6));
}

/** What all plots say of one moment, for whoever points at it. */
function readings({ bins, binMs }: Timeline, plots: readonly Plot[], height: number): string {
  const step = PLOT_WIDTH / Math.max(1, bins.length);
  const wordsAt = (index: number): string => plots.flatMap(({ label, values, format }) => (values[index] === undefined ? [] : `${label} ${format(values[index])}`)).join(", ");
  return bins.map((_, index) => rect(LABEL_WIDTH + index * step, 0, step, height, "fill-opacity:0", `${formatDuration(index * binMs)}: ${wordsAt(index)}`)).join("");
}

/** Over the `count` values that are nearest to each. */
function movingMeans(values: readonly number[], count: number): readonly number[] {
  return values.map((_, index) => {
    const first = Math.max(0, Math.min(index - Math.floor(count / 2), values.length - count));
    return values.slice(first, first + count).reduce((sum, value) => sum + value, 0) / count;
  });
}

type Timeline = Pick<ReportData, "bins" | "binMs">;

function timeAxis({ bins, binMs }: Timeline, y: number): string {
  return text(LABEL_WIDTH, y, "0 s", "faint") + text(LABEL_WIDTH + PLOT_WIDTH, y, formatDuration(bins.length * binMs), "faint end");
}
