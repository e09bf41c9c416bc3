/**
 * The search's graph on one kind of accelerator. A cell is a cut of each model at once (how much of each has been
 * placed); a transition is a stage: from one cell to a later one, at the degree and batch level with which it fits.
 *
 * Models are axes of the grid of cells. A stage that moves along several axes holds parts of several models, which share
 * its devices in time and memory. Grids grow with every model, so of many models only a path through the grid is taken:
 * one model after the other, or all of them together where every stage has to hold a part of each.
 */
import { usableBytes } from "../cost/prices.ts";
import type { TensorLayout } from "../cost/tensor-layout.ts";
import { chooseCuts } from "./choose-cuts.ts";
import type { Cuts } from "./choose-cuts.ts";
import { degreesOf } from "./problem.ts";
import type { AcceleratorKind, PlacementProblem, Tower } from "./problem.ts";
import { measureRuns, segmentTable } from "./segment-tables.ts";
import type { RunMemory, SegmentTable } from "./segment-tables.ts";

/** Which cells are looked at: every one, or a path on which many models have fine cuts. */
export type CellShape = "grid" | "path";

/** Cells at most: transitions grow with their square. */
const CELLS_MAX = 1000;
const CUTS_MAX = 200;

/** What does not depend on the kind of accelerator. */
export interface Axis {
  readonly tower: Tower;
  readonly layout: TensorLayout;
  readonly cuts: Cuts;
  readonly memory: RunMemory;
}

export interface Axes {
  readonly axes: readonly Axis[];
  readonly shape: CellShape;
}

export interface Transitions {
  readonly cells: number;
  /** Coordinates: cuts[cell * axes + axis]. */
  readonly coordinates: Int32Array;
  /** Transitions out of cell c: first[c] .. first[c + 1]. */
  readonly first: Int32Array;
  readonly to: Int32Array;
  readonly degree: Uint8Array;
  readonly level: Uint8Array;
  /** Picoseconds of one replica per row of the source. */
  readonly work: Float64Array;
  /** Of one device. */
  readonly bytes: Float64Array;
  /** A transition out of cell `from` at another level. */
  atLevel(from: number, transition: number, level: number): StageFigures;
}

export interface StageFigures {
  readonly level: number;
  readonly work: number;
  readonly bytes: number;
}

/** A grid in which each model can be cut at all: both ends and one place between. */
export function hasGrid(towers: readonly Tower[]): boolean {
  return CUTS_MIN ** towers.length <= CELLS_MAX;
}

const CUTS_MIN = 3;

export function createAxes(towers: readonly Tower[], layouts: readonly TensorLayout[], shape: CellShape, colocate: boolean): Axes {
  let cutsMax = CUTS_MAX;
  const cells = (): number => (shape === "grid" ? cutsMax ** towers.length : colocate ? cutsMax : cutsMax * towers.length);
  while (cutsMax > CUTS_MIN && cells() > CELLS_MAX) cutsMax--;
  const axes = towers.map((tower, index): Axis => {
    const layout = layouts[index];
    if (layout === undefined) throw new Error("a tower without a layout");
    const cuts = chooseCuts(tower.work, cutsMax);
    return { tower, layout, cuts, memory: measureRuns(tower, cuts, layout) };
  });
  return { axes, shape };
}

export function levelsOf(axes: readonly Axis[]): number {
  return Math.max(...axes.map(({ tower }) => tower.batches.length));
}

export function createTransitions(problem: PlacementProblem, kind: AcceleratorKind, { axes, shape }: Axes): Transitions {
  const levels = levelsOf(axes);
  const degrees = degreesOf(kind, problem.hints);
  const tables = degrees.map((degree) => axes.map(({ tower, cuts, layout, memory }) => segmentTable(tower, kind, degree, levels, cuts, layout, memory)));
  const sizes = axes.map(({ cuts }) => cuts.positions.length);
  const coordinates = shape === "grid" ? gridCoordinates(sizes) : problem.hints.colocate === true ? diagonalCoordinates(sizes) : stairCoordinates(sizes);
  const cells = coordinates.length / sizes.length;
  const limit = usableBytes(kind.device, problem.hints.memoryBytes);
  const grown = createGrown(cells);
  for (let from = 0; from < cells; from++) {
    grown.startCell();
    for (let to = from + 1; to < cells; to++) {
      if (!advances(coordinates, sizes.length, from, to, problem.hints.colocate === true)) continue;
      tables.forEach((table, index) => {
        const best = bestLevel(table, coordinates, sizes, from, to, levels, limit);
        if (best !== undefined) grown.add(to, degrees[index] ?? 1, best);
      });
    }
  }
  const finished = grown.finish();
  const atLevel = (from: number, transition: number, level: number): StageFigures => {
    const table = tables[degrees.indexOf(finished.degree[transition])] ?? [];
    return stageFigures(table, coordinates, sizes, from, finished.to[transition], level);
  };
  return { cells, coordinates, ...finished, atLevel };
}

function gridCoordinates(sizes: readonly number[]): Int32Array {
  const cells = sizes.reduce((product, size) => product * size, 1);
  const coordinates = new Int32Array(cells * sizes.length);
  for (let cell = 0; cell < cells; cell++) {
    let rest = cell;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      coordinates[cell * sizes.length + axis] = rest % (sizes[axis] ?? 1);
      rest = Math.floor(rest / (sizes[axis] ?? 1));
    }
  }
  return coordinates;
}

/** One model after the other. */
function stairCoordinates(sizes: readonly number[]): Int32Array {
  const cell = sizes.map(() => 0);
  const cells = [...cell];
  sizes.forEach((size, axis) => {
    for (let cut = 1; cut < size; cut++) {
      cell[axis] = cut;
      cells.push(...cell);
    }
  });
  return Int32Array.from(cells);
}

/** All models in step, each at the same share of its cuts. */
function diagonalCoordinates(sizes: readonly number[]): Int32Array {
  const steps = Math.min(...sizes) - 1;
  return Int32Array.from(Array.from({ length: steps + 1 }, (_, step) => sizes.map((size) => Math.round(((size - 1) * step) / steps))).flat());
}

function advances(coordinates: Int32Array, axes: number, from: number, to: number, onAll: boolean): boolean {
  for (let axis = 0; axis < axes; axis++) {
    const step = coordinates[to * axes + axis] - coordinates[from * axes + axis];
    if (step < 0 || (onAll && step === 0)) return false;
  }
  return true;
}

/** The fastest level that fits; of equally fast ones the smallest. */
function bestLevel(tables: readonly SegmentTable[], coordinates: Int32Array, sizes: readonly number[], from: number, to: number, levels: number, limit: number): StageFigures | undefined {
  let best: StageFigures | undefined;
  for (let level = 0; level < levels; level++) {
    const figures = stageFigures(tables, coordinates, sizes, from, to, level);
    if (figures.bytes <= limit && (best === undefined || figures.work < best.work)) best = figures;
  }
  return best;
}

function stageFigures(tables: readonly SegmentTable[], coordinates: Int32Array, sizes: readonly number[], from: number, to: number, level: number): StageFigures {
  let [work, bytes] = [0, 0];
  for (let axis = 0; axis < sizes.length; axis++) {
    const at = coordinates[from * sizes.length + axis] * (sizes[axis] ?? 1) + coordinates[to * sizes.length + axis];
    work += tables[axis]?.times[level]?.[at] ?? 0;
    bytes += tables[axis]?.bytes[level]?.[at] ?? 0;
  }
  return { level, work, bytes };
}

function createGrown(cells: number) {
  const first = new Int32Array(cells + 1);
  const lists: { readonly to: number[]; readonly degree: number[]; readonly level: number[]; readonly work: number[]; readonly bytes: number[] } = { to: [], degree: [], level: [], work: [], bytes: [] };
  let cell = 0;
  return {
    startCell(): void {
      first[cell++] = lists.to.length;
    },
    add(to: number, degree: number, best: StageFigures): void {
      lists.to.push(to);
      lists.degree.push(degree);
      lists.level.push(best.level);
      lists.work.push(best.work);
      lists.bytes.push(best.bytes);
    },
    finish() {
      first[cells] = lists.to.length;
      return {
        first,
        to: Int32Array.from(lists.to),
        degree: Uint8Array.from(lists.degree),
        level: Uint8Array.from(lists.level),
        work: Float64Array.from(lists.work),
        bytes: Float64Array.from(lists.bytes),
      };
    },
  };
}
