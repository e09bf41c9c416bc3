/**
 * Which stages do a chunk part by part. After an explode a chunk may have far more rows than were read: the stage that
 * opens it cuts what it gives into parts, stages of nothing but row-wise steps take and give them one by one, and all
 * others, and sinks, put the parts together again. What follows for edges: those into stages that take parts have places
 * for parts; those on which parts come together have places for all tickets' chunks, since a chunk that lacks parts must
 * not wait for one that has them.
 *
 * A pure function of the plan, for the compiler and the engine alike.
 */
import type { StepSpec } from "./program.ts";

export interface StageShape {
  readonly kinds: readonly StepSpec["kind"][];
  /** Sees chunks in row order. */
  readonly ordered: boolean;
  /** An explode is open over the rows that it gives. */
  readonly isUnderExplode: boolean;
}

export interface EdgeShape {
  readonly fromStage: number;
  /** Undefined: a sink. */
  readonly toStage: number | undefined;
}

export interface StageParts {
  /** Does each part by itself, and gives one for each that it takes. */
  readonly takesParts: boolean;
  /** Cuts what it gives. */
  readonly cutsParts: boolean;
}

export interface PartFlow {
  readonly stages: readonly StageParts[];
  /** By edge: whether a chunk may come in several parts. */
  readonly inParts: readonly boolean[];
}

/** Steps that give one row, or none where it fails, for each row they take, whatever rows are beside it. */
const rowWise: ReadonlySet<StepSpec["kind"]> = new Set(["map", "model", "modelPart"]);

/** Stages in topological order. */
export function partFlow(stages: readonly StageShape[], edges: readonly EdgeShape[]): PartFlow {
  const takes = stages.map(({ kinds, ordered }) => !ordered && kinds.every((kind) => rowWise.has(kind)));
  const cuts = stages.map(({ isUnderExplode }, id) => isUnderExplode && !takes[id] && edges.some((edge) => edge.fromStage === id && edge.toStage !== undefined && takes[edge.toStage] === true));
  const gives: boolean[] = [];
  stages.forEach((_, id) => gives.push(cuts[id] === true || (takes[id] === true && edges.some((edge) => edge.toStage === id && gives[edge.fromStage] === true))));
  return {
    stages: stages.map((_, id) => ({ takesParts: takes[id] === true, cutsParts: cuts[id] === true })),
    inParts: edges.map(({ fromStage }) => gives[fromStage] === true),
  };
}

/**
 * Stands for a part before the first: a stage that cuts does all that must see the chunk whole, and gives nothing yet. Who
 * gets its parts is decided when that is done.
 */
export const BEGINNING = -1;

/** How many steps of a stage that cuts, from the first, see a chunk whole; those after them do it part by part. */
export function wholeSteps(kinds: readonly StepSpec["kind"][]): number {
  return Math.max(1, 1 + kinds.findLastIndex((kind) => !rowWise.has(kind)));
}
