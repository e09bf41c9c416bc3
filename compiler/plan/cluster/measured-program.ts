/** From what the stages of a program took to the entries of a calibration. */
import type { PipelineTimes } from "../../../runtime/contract/measuring.ts";
import type { MeasuredLengths, MeasuredModel, MeasuredStage } from "./calibration.ts";

/** Lengths are kept apart up to so many; more are gathered into as many ranges of equal share, each at its longest. */
const LENGTHS_MAX = 16;

export function measuredStages(pipelines: readonly PipelineTimes[]): readonly MeasuredStage[] {
  return pipelines.flatMap(({ pipeline, stages }) =>
    stages.flatMap((stage): MeasuredStage[] => {
      const nsPerSourceRow = (stage.cpuMs * 1e6) / stage.sourceRows;
      const rowsPerSource = stage.rows / stage.sourceRows;
      return nsPerSourceRow > 0 && rowsPerSource > 0 ? [{ pipeline, label: stage.label, nsPerSourceRow: digits(nsPerSourceRow), rowsPerSource: digits(rowsPerSource) }] : [];
    }),
  );
}

/** Models at the batch and threads of the program, on its rows. Batches that ran short count as the share they were of a whole one. */
export function measuredModels(pipelines: readonly PipelineTimes[]): readonly MeasuredModel[] {
  const found = pipelines.flatMap(({ stages }) =>
    stages.flatMap(({ model, rows, wallMs }): MeasuredModel[] => (model === undefined || rows === 0 ? [] : [{ ...model, msPerBatch: digits((wallMs * model.batch) / rows), onRows: true }])),
  );
  return found.filter((entry, index) => found.findIndex((other) => other.name === entry.name && other.batch === entry.batch && other.threads === entry.threads) === index);
}

/** Of all pipelines together. */
export function measuredLengths(pipelines: readonly PipelineTimes[]): readonly MeasuredLengths[] {
  const models = [...new Set(pipelines.flatMap(({ lengths }) => lengths.map(({ model }) => model)))];
  return models.map((model) => {
    const rows = pipelines.flatMap(({ lengths }) => lengths.filter((entry) => entry.model === model).flatMap((entry) => entry.rows));
    return { model, rows: gather(rows) };
  });
}

type Counted = PipelineTimes["lengths"][number]["rows"][number];

/** Sorted by size; a range stands at the largest of each dimension in it. */
function gather(rows: readonly Counted[]): MeasuredLengths["rows"] {
  const size = ({ dims }: Counted): number => Object.values(dims).reduce((product, dim) => product * Math.max(1, dim), 1);
  const sorted = rows.toSorted((a, b) => size(a) - size(b));
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  const ranges: { dims: Readonly<Record<string, number>>; count: number }[] = [];
  let before = 0;
  let range = -1;
  for (const row of sorted) {
    const own = sorted.length <= LENGTHS_MAX ? range + 1 : Math.floor((before * LENGTHS_MAX) / total);
    const open = ranges.at(-1);
    if (open === undefined || own !== range) ranges.push({ dims: row.dims, count: row.count });
    else ranges[ranges.length - 1] = { dims: largest(open.dims, row.dims), count: open.count + row.count };
    range = own;
    before += row.count;
  }
  return ranges.map(({ dims, count }) => ({ dims, share: count / total }));
}

function largest(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(b).map(([name, size]) => [name, Math.max(size, a[name] ?? 0)]));
}

function digits(value: number): number {
  return Number(value.toPrecision(4));
}
