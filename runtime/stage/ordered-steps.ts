/** Steps whose result depends on the rows before: they see chunks in order, on one worker. */
import { jobError } from "../contract/failures.ts";
import { RowError } from "../contract/kernel.ts";
import type { StepSpec } from "../contract/program.ts";
import { valueKey } from "../contract/value-key.ts";
import type { Value } from "../contract/value.ts";
import { computeRows } from "./compute-rows.ts";
import { filterRows, leaveOut } from "./map-step.ts";
import { noMemory } from "./step-context.ts";
import type { OpenStep, StepMemory } from "./step-context.ts";

type Step<Kind extends StepSpec["kind"]> = Extract<StepSpec, { kind: Kind }>;

export function openLimit(step: Step<"limit">, memory: StepMemory = noMemory): OpenStep {
  const most = step.rows();
  let { passed } = memory;
  return {
    run: async ([chunk], log) => {
      const room = Math.max(0, most - passed);
      const kept = leaveOut(chunk, chunk.rows.map((_, index) => index < room), log);
      passed += kept.rows.length;
      return kept;
    },
    isExhausted: () => passed >= most,
    remember: () => ({ passed }),
  };
}

export function openDedupe(step: Step<"dedupe">, memory: StepMemory = noMemory): OpenStep {
  const seen = step.distance === 0 ? exactKeys() : nearKeys(step.distance);
  // Keys that were remembered are of the same step: they have the type that it gives.
  for (const key of memory.keys) seen.addIfNew(key as Value);
  let fresh: unknown[] = [];
  const isNew = (key: Value): boolean => {
    const added = seen.addIfNew(key);
    if (added && memory.isKept) fresh.push(typeof key === "object" ? valueKey(key) : key);
    return added;
  };
  return {
    run: async ([chunk], log) => {
      const outcomes = await computeRows(chunk.rows, (row) => isNew(step.key(row)), 1);
      if (seen.size() > step.keysMax) throw jobError("R0153", `${step.name} met more than ${step.keysMax} distinct keys`, "raise `keys:`");
      return filterRows(step, chunk, outcomes, log);
    },
    remember: () => {
      const keys = fresh;
      fresh = [];
      return { keys };
    },
  };
}

interface KeySet {
  /** Whether no key met before is equal (or near). A key that is not new is not remembered. */
  readonly addIfNew: (key: Value) => boolean;
  readonly size: () => number;
}

function exactKeys(): KeySet {
  const keys = new Set<ReturnType<typeof valueKey>>();
  return {
    addIfNew: (value) => {
      const key = valueKey(value);
      if (keys.has(key)) return false;
      keys.add(key);
      return true;
    },
    size: () => keys.size,
  };
}

const KEY_BITS = 64;

/**
 * Keys of 64 bits that differ in more than `distance` of them from all met before. Two keys within the distance
 * agree wholly in one of distance + 1 bands of their bits (pigeonhole), so only those that share a band are compared.
 */
function nearKeys(distance: number): KeySet {
  const bands = bandsOf(distance + 1);
  const met = bands.map(() => new Map<bigint, bigint[]>());
  let size = 0;
  return {
    addIfNew: (value) => {
      const key = bitsOf(value);
      const parts = bands.map((band) => (key >> band.shift) & band.mask);
      if (parts.some((part, index) => met[index].get(part)?.some((other) => differingBits(key, other) <= distance))) return false;
      parts.forEach((part, index) => {
        const sharing = met[index].get(part);
        if (sharing === undefined) met[index].set(part, [key]);
        else sharing.push(key);
      });
      size++;
      return true;
    },
    size: () => size,
  };
}

function bandsOf(wanted: number): readonly { readonly shift: bigint; readonly mask: bigint }[] {
  // With more bands than bits nothing is ruled out: one empty band that all keys share.
  if (wanted > KEY_BITS) return [{ shift: 0n, mask: 0n }];
  return Array.from({ length: wanted }, (_, index) => {
    const from = Math.floor((index * KEY_BITS) / wanted);
    const to = Math.floor(((index + 1) * KEY_BITS) / wanted);
    return { shift: BigInt(from), mask: (1n << BigInt(to - from)) - 1n };
  });
}

function bitsOf(value: Value): bigint {
  if (typeof value !== "bigint") throw new RowError("a key with a distance must be a 64-bit integer");
  return BigInt.asUintN(KEY_BITS, value);
}

function differingBits(a: bigint, b: bigint): number {
  const bits = a ^ b;
  return popCount(Number(bits & 0xffffffffn)) + popCount(Number(bits >> 32n));
}

/** Set bits of a 32-bit word, added up in parallel. */
function popCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
