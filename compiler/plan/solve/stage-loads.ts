/**
 * The loads and the memory of one growing set of classes, in every mode at once. Classes are added and taken back like a
 * stack. All loads are integers (see instance.ts), so taking back is exact.
 *
 * `floor` is the part of the load that no superset can lose: the times, and the transfers that have an end in the ideal
 * before the stage and one in the stage.
 */
import type { Instance } from "./instance.ts";

export interface StageLoads {
  /** By mode. */
  readonly load: Float64Array;
  readonly floor: Float64Array;
  readonly memory: Float64Array;
  /** Starts an empty stage after the ideal whose bitset begins at rows[offset]. Nothing may be added when it is called. */
  begin(rows: Int32Array, offset: number): void;
  add(c: number): void;
  takeBack(c: number): void;
}

export function createStageLoads(instance: Instance): StageLoads {
  const { modes, times, bytes, classNetStart, classNets, netEnds, netCosts, classWeightStart, classWeights, weightBytes } = instance;
  const load = new Float64Array(modes);
  const floor = new Float64Array(modes);
  const memory = new Float64Array(modes);
  const endsInStage = new Int32Array(netEnds.length);
  const usersInStage = new Int32Array(weightBytes.length / modes);
  const hasEndBefore = new Uint8Array(netEnds.length);

  const begin = (rows: Int32Array, offset: number): void => {
    hasEndBefore.fill(0);
    for (let c = 0; c < instance.classes; c++) {
      if (((rows[offset + (c >> 5)] >>> (c & 31)) & 1) === 0) continue;
      for (let at = classNetStart[c]; at < classNetStart[c + 1]; at++) hasEndBefore[classNets[at]] = 1;
    }
  };

  const count = (c: number, sign: 1 | -1): void => {
    for (let m = 0; m < modes; m++) {
      const time = sign * times[c * modes + m];
      load[m] += time;
      floor[m] += time;
      memory[m] += sign * bytes[c * modes + m];
    }
  };

  const add = (c: number): void => {
    count(c, 1);
    for (let at = classNetStart[c]; at < classNetStart[c + 1]; at++) {
      const net = classNets[at];
      const now = ++endsInStage[net];
      if (now === 1) {
        for (let m = 0; m < modes; m++) load[m] += netCosts[net * modes + m];
        if (hasEndBefore[net] === 1) for (let m = 0; m < modes; m++) floor[m] += netCosts[net * modes + m];
      }
      if (now === netEnds[net]) for (let m = 0; m < modes; m++) load[m] -= netCosts[net * modes + m];
    }
    for (let at = classWeightStart[c]; at < classWeightStart[c + 1]; at++) {
      const weight = classWeights[at];
      if (++usersInStage[weight] === 1) for (let m = 0; m < modes; m++) memory[m] += weightBytes[weight * modes + m];
    }
  };

  const takeBack = (c: number): void => {
    count(c, -1);
    for (let at = classNetStart[c]; at < classNetStart[c + 1]; at++) {
      const net = classNets[at];
      const was = endsInStage[net]--;
      if (was === 1) {
        for (let m = 0; m < modes; m++) load[m] -= netCosts[net * modes + m];
        if (hasEndBefore[net] === 1) for (let m = 0; m < modes; m++) floor[m] -= netCosts[net * modes + m];
      }
      if (was === netEnds[net]) for (let m = 0; m < modes; m++) load[m] += netCosts[net * modes + m];
    }
    for (let at = classWeightStart[c]; at < classWeightStart[c + 1]; at++) {
      const weight = classWeights[at];
      if (--usersInStage[weight] === 0) for (let m = 0; m < modes; m++) memory[m] -= weightBytes[weight * modes + m];
    }
  };

  return { load, floor, memory, begin, add, takeBack };
}
