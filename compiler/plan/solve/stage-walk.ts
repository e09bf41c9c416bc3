/**
 * Visits every ideal of a family that a stage starting after one ideal can reach, growing the stage one class at a time
 * and keeping its loads. Each ideal is visited once per source, however many ways lead to it. Written with an explicit
 * stack, because a stage may hold thousands of classes.
 */
import type { IdealFamily } from "./ideal-family.ts";
import type { Instance } from "./instance.ts";
import { createStageLoads } from "./stage-loads.ts";
import type { StageLoads } from "./stage-loads.ts";

/**
 * Called with an ideal reached and the modes (as bits) that may hold the stage up to it. Returns the modes that a larger
 * stage may still have; 0 to turn back. What makes a mode impossible must only grow with the stage.
 */
export type VisitStage = (to: number, modes: number) => number;

export interface StageWalk {
  readonly stage: StageLoads;
  /** Walks from an ideal with the modes given, for at most so many steps; returns the steps taken. */
  from(source: number, modes: number, stepsMax: number, visit: VisitStage): number;
}

export function createStageWalk(instance: Instance, family: IdealFamily): StageWalk {
  const { runnable } = instance;
  const { arcStart, arcClass, arcTo, rows, words } = family;
  const stage = createStageLoads(instance);
  const seenFrom = new Int32Array(family.count).fill(-1);
  const arcAt = new Int32Array(instance.classes + 2);
  const idealAt = new Int32Array(instance.classes + 2);
  const modesAt = new Int32Array(instance.classes + 2);
  const classAt = new Int32Array(instance.classes + 2);

  const from = (source: number, modes: number, stepsMax: number, visit: VisitStage): number => {
    stage.begin(rows, source * words);
    let steps = 0;
    let depth = 0;
    arcAt[0] = arcStart[source];
    idealAt[0] = source;
    modesAt[0] = modes;
    while (depth >= 0) {
      const arc = arcAt[depth]++;
      if (arc >= arcStart[idealAt[depth] + 1] || steps >= stepsMax) {
        if (depth > 0) stage.takeBack(classAt[depth]);
        depth -= 1;
        continue;
      }
      const to = arcTo[arc];
      if (seenFrom[to] === source) continue;
      seenFrom[to] = source;
      steps += 1;
      const c = arcClass[arc];
      const runs = modesAt[depth] & runnable[c];
      if (runs === 0) continue;
      stage.add(c);
      const left = visit(to, runs);
      if (left === 0) {
        stage.takeBack(c);
        continue;
      }
      depth += 1;
      classAt[depth] = c;
      idealAt[depth] = to;
      modesAt[depth] = left;
      arcAt[depth] = arcStart[to];
    }
    return steps;
  };
  return { stage, from };
}
