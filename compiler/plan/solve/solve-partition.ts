/**
 * Solves a cost graph: contract it, look for a good partition along a few topological orders, then prove or better it
 * over all ideals when there are few enough of them, or in the neighbourhood of the best cuts when there are not.
 *
 * Effort is counted, never timed, so the result is the same on every machine. The objective (period, then devices) of a
 * result with `optimal` does not depend on the order or the names of the nodes; which of several partitions with the
 * same objective is returned does.
 */
import { coarsenGraph } from "./coarsen-graph.ts";
import { contractGraph } from "./contract-graph.ts";
import type { Contraction } from "./contract-graph.ts";
import type { CostGraph, SolvedStage, SolveEffort, SolveResult } from "./cost-graph.ts";
import { descendPeriod } from "./device-search.ts";
import { countUsages, createDeviceUsage } from "./device-usage.ts";
import { expandStages } from "./expand-stages.ts";
import { addAllIdeals, createIdealStore, holds, isAddable, isRemovable, seal, toggleClass } from "./ideal-family.ts";
import type { IdealFamily, IdealStore } from "./ideal-family.ts";
import { createInstance, fromQuanta } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { searchPeriod } from "./period-search.ts";
import type { FoundPartition, FoundStage } from "./period-search.ts";
import { findShortage } from "./shortage.ts";
import { createStageLoads } from "./stage-loads.ts";
import { topologicalOrders } from "./topological-orders.ts";
import { verifyAssignment } from "./verify-assignment.ts";
import { createWorkBound } from "./work-bound.ts";

export interface SolveOptions {
  /** More ideals than this are not enumerated. */
  readonly idealsMax: number;
  /** Work to do in all: candidate stages, weighed by what each costs. A million take up to half a second. */
  readonly workMax: number;
  /** Up to so many ways to use up devices are tabled at once; beyond, devices are counted at one period after another. */
  readonly usagesMax: number;
  /** A proved gap (0.1 for 10 %) that is good enough to stop at. */
  readonly gapMax: number;
}

export const defaultSolveOptions: SolveOptions = { idealsMax: 100_000, workMax: 250_000_000, usagesMax: 64, gapMax: 0 };

/** A partition of the classes, as the bitsets of its chain of ideals. */
interface Incumbent {
  readonly period: number;
  readonly devices: number;
  readonly stages: readonly ClassStage[];
}

interface ClassStage {
  readonly mode: number;
  readonly replicas: number;
  readonly classes: readonly number[];
}

/** The least possible period of a partition of the graph, a partition that has it, and what is proved about it. */
export function solvePartition(graph: CostGraph, changes: Partial<SolveOptions> = {}): SolveResult {
  const options = { ...defaultSolveOptions, ...changes };
  const contraction = contractGraph(graph);
  const coarse = createInstance(graph, contraction, Infinity);
  const shortage = findShortage(graph, contraction);
  if (shortage !== undefined) return { status: "infeasible", proved: true, reason: shortage, effort: noEffort(coarse) };
  const first = firstSolution(graph, contraction, coarse, options);
  const run = solveInstance(coarse, options, first);
  const period = run.best === undefined ? 0 : fromQuanta(coarse, run.best.period);
  const loadMax = period * Math.max(1, ...coarse.replicasMax);
  // Costs far above any load that matters (a latency that stands for "never") would make the grid coarse.
  const isCoarse = run.best !== undefined && run.best.period > 0 && run.best.period < 2 ** 38;
  const instance = isCoarse ? createInstance(graph, contraction, loadMax * (1 + 1e-9)) : coarse;
  return toResult(graph, contraction, instance, isCoarse ? solveInstance(instance, options, first) : run);
}

/** Graphs of more classes than this on many devices are first solved in segments. */
const segmentsMax = 256;

/** Stages to start from, or none: those of the graph in segments, where there are too many classes for a good start. */
function firstSolution(graph: CostGraph, contraction: Contraction, instance: Instance, options: SolveOptions): readonly ClassStage[] {
  if (instance.classes <= 2 * segmentsMax || countUsages(instance) <= options.usagesMax) return [];
  const order = topologicalOrders(instance).at(-1) ?? [];
  const result = solvePartition(coarsenGraph(graph, contraction, instance, order, segmentsMax), { ...options, workMax: options.workMax / 8 });
  if (result.status === "infeasible") return [];
  const classOf = new Map(contraction.members.flatMap((group, c) => group.map((node) => [node, c] as const)));
  const toClasses = (nodes: readonly number[]): number[] => [...new Set(nodes.flatMap((node) => classOf.get(node) ?? []))].sort((a, b) => a - b);
  const stages = result.assignment.map(({ mode, replicas, nodes }) => ({ mode, replicas, classes: toClasses(nodes) }));
  return stages.filter((stage) => stage.classes.length > 0);
}

interface Run {
  readonly best: Incumbent | undefined;
  readonly optimal: boolean;
  /** In quanta. */
  readonly lowerBound: number;
  readonly effort: SolveEffort;
}

function solveInstance(instance: Instance, options: SolveOptions, first: readonly ClassStage[]): Run {
  const bound = createWorkBound(instance);
  let best = first.length === 0 ? undefined : measureStages(instance, first);
  let steps = 0;
  let work = 0;
  let ideals = 0;

  // A little below, for what rounding the bound takes away from it.
  const goodEnough = (bound.periodMin / (1 - options.gapMax)) * (1 - 1e-9);
  const isTabled = countUsages(instance) <= options.usagesMax;
  const take = (family: IdealFamily, found: FoundPartition | undefined): void => {
    if (found !== undefined && isBetter(found, best)) best = toIncumbent(instance, family, found);
  };
  /** Searches a family for something at least as good as the incumbent; returns a lower bound for partitions along it. */
  const search = (family: IdealFamily): number => {
    ideals = Math.max(ideals, family.count);
    const workMax = options.workMax - work;
    if (isTabled) {
      const result = searchPeriod(instance, family, createDeviceUsage(instance), bound, { cutoff: best?.period ?? Infinity, workMax });
      steps += result.steps;
      work += result.work;
      take(family, result.found);
      return result.finished ? (result.found?.period ?? Infinity) : bound.periodMin;
    }
    const result = descendPeriod(instance, family, bound, best, { goodEnough, workMax });
    steps += result.steps;
    work += result.work;
    take(family, result.best);
    return result.lowerBound;
  };
  const isDone = (): boolean => best !== undefined && best.period <= goodEnough && options.gapMax > 0;

  const orders = topologicalOrders(instance);
  if (!isDone()) search(seal(prefixStore(instance, orders)));
  const store = createIdealStore(instance);
  const complete = !isDone() && addAllIdeals(store, options.idealsMax);
  const proved = complete ? search(seal(store)) : bound.periodMin;
  if (!complete && !isDone()) improve(instance, orders, options, () => best, search);
  const lowerBound = Math.min(proved, best?.period ?? Infinity);
  return { best, optimal: best?.period === lowerBound || lowerBound === Infinity, lowerBound, effort: { classes: instance.classes, ideals, complete, steps } };
}

/** Searches around the cuts of the incumbent as long as that finds better ones. */
function improve(
  instance: Instance,
  orders: readonly (readonly number[])[],
  options: SolveOptions,
  best: () => Incumbent | undefined,
  search: (family: IdealFamily) => number,
): void {
  const roundsMax = 12;
  for (let round = 0; round < roundsMax; round++) {
    const before = best();
    if (before === undefined) return;
    const store = prefixStore(instance, orders.slice(0, 1));
    addNeighbourhoods(store, before, Math.min(options.idealsMax, 20_000));
    search(seal(store));
    const after = best();
    if (after === undefined || after.period === before.period) return;
  }
}

/** The ideals that are prefixes of the orders. */
function prefixStore(instance: Instance, orders: readonly (readonly number[])[]): IdealStore {
  const store = createIdealStore(instance);
  for (const order of orders) order.reduce((ideal, c) => toggleClass(store, ideal, c), 0);
  return store;
}

/** Adds the ideals near the incumbent's chain: those a few classes away from each cut, and a path from cut to cut. */
function addNeighbourhoods(store: IdealStore, incumbent: Incumbent, idealsMax: number): void {
  const { instance } = store;
  const cuts: number[] = [];
  let ideal = 0;
  for (const stage of incumbent.stages) {
    // Ascending class numbers are a topological order.
    for (const c of stage.classes) ideal = toggleClass(store, ideal, c);
    cuts.push(ideal);
  }
  let frontier = cuts;
  while (frontier.length > 0 && store.count < idealsMax) {
    const next: number[] = [];
    for (const from of frontier) {
      for (let c = 0; c < instance.classes && store.count < idealsMax; c++) {
        if (!isAddable(store, from, c) && !(holds(store, from, c) && isRemovable(store, from, c))) continue;
        const count = store.count;
        const to = toggleClass(store, from, c);
        if (store.count > count) next.push(to);
      }
    }
    frontier = next;
  }
}

function measureStages(instance: Instance, stages: readonly ClassStage[]): Incumbent {
  const loads = createStageLoads(instance);
  loads.begin(new Int32Array(Math.max(1, (instance.classes + 31) >> 5)), 0);
  const periods = stages.map(({ mode, replicas, classes }) => {
    for (const c of classes) loads.add(c);
    const period = loads.load[mode] / replicas;
    for (const c of classes) loads.takeBack(c);
    return period;
  });
  return { period: Math.max(...periods), devices: countDevices(instance, stages), stages };
}

function countDevices(instance: Instance, stages: readonly ClassStage[]): number {
  return stages.reduce((sum, stage) => sum + stage.replicas * instance.degreeOf[stage.mode], 0);
}

function isBetter(found: FoundPartition, best: Incumbent | undefined): boolean {
  if (best === undefined || found.period < best.period) return true;
  return found.period === best.period && found.devices < best.devices;
}

function toIncumbent(instance: Instance, family: IdealFamily, found: FoundPartition): Incumbent {
  const classesOf = (stage: FoundStage): number[] => {
    const classes: number[] = [];
    for (let c = 0; c < instance.classes; c++) {
      const word = c >> 5;
      const inFrom = (family.rows[stage.from * family.words + word] >>> (c & 31)) & 1;
      const inTo = (family.rows[stage.to * family.words + word] >>> (c & 31)) & 1;
      if (inTo === 1 && inFrom === 0) classes.push(c);
    }
    return classes;
  };
  const stages = found.stages.map((stage) => ({ mode: stage.mode, replicas: stage.replicas, classes: classesOf(stage) }));
  return { period: found.period, devices: countDevices(instance, stages), stages };
}

function toResult(graph: CostGraph, contraction: Contraction, instance: Instance, run: Run): SolveResult {
  const { best, optimal, effort } = run;
  if (best === undefined) {
    const reason = optimal
      ? "no partition keeps every stage within the memory of a device and the number of devices"
      : "none of the partitions looked at fits; the graph is too wide to look at all of them";
    return { status: "infeasible", proved: optimal, reason, effort };
  }
  const assignment: readonly SolvedStage[] = expandStages(contraction, best.stages);
  const period = roundTo12Digits(fromQuanta(instance, best.period));
  verifyAssignment(graph, assignment, period);
  const lowerBound = optimal ? period : roundTo12Digits(fromQuanta(instance, run.lowerBound) * (1 - 1e-11));
  return { status: "solved", period, lowerBound, optimal: optimal || lowerBound === period, devices: best.devices, assignment, effort };
}

/** Costs are exact to about 1e-12; digits beyond say nothing and would differ with the grid. */
export function roundTo12Digits(value: number): number {
  return Number(value.toPrecision(12));
}

function noEffort(instance: Instance): SolveEffort {
  return { classes: instance.classes, ideals: 0, complete: false, steps: 0 };
}
