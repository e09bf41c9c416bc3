/**
 * Sets of ideals (down-sets of the order: with a class, all its predecessors) as bitset rows, and the arcs that add one
 * class. A store grows; `seal` turns it into a family sorted by size, which the dynamic program walks. A family may be
 * all ideals of a graph, or only some; it always holds the empty and the full one.
 */
import type { Instance } from "./instance.ts";

export interface IdealFamily {
  readonly count: number;
  /** 32-bit words per row. */
  readonly words: number;
  /** Row i is rows[i * words ...]; sorted by number of classes, the empty ideal first and the full one last. */
  readonly rows: Int32Array;
  /** Arcs of ideal i: arcStart[i] .. arcStart[i + 1]. */
  readonly arcStart: Int32Array;
  readonly arcClass: Int32Array;
  readonly arcTo: Int32Array;
}

export interface IdealStore {
  readonly instance: Instance;
  readonly words: number;
  count: number;
  rows: Int32Array;
  sizes: Int32Array;
  hashes: Int32Array;
  /** Open addressing: 0 is free, otherwise ideal + 1. */
  slots: Int32Array;
  readonly keys: Int32Array;
}

/** A store that holds the empty ideal, number 0. */
export function createIdealStore(instance: Instance): IdealStore {
  const words = Math.max(1, (instance.classes + 31) >> 5);
  return {
    instance,
    words,
    count: 1,
    rows: new Int32Array(words * 64),
    sizes: new Int32Array(64),
    hashes: new Int32Array(64),
    slots: new Int32Array(256).fill(0).map((_, slot) => (slot === 0 ? 1 : 0)),
    keys: hashKeys(instance.classes),
  };
}

/** Adds every ideal there is, or returns false when that would be more than `limit`. */
export function addAllIdeals(store: IdealStore, limit: number): boolean {
  for (let ideal = 0; ideal < store.count; ideal++) {
    for (let c = 0; c < store.instance.classes; c++) {
      if (isAddable(store, ideal, c)) toggleClass(store, ideal, c);
    }
    if (store.count > limit) return false;
  }
  return true;
}

/** True when `c` is not in the ideal and all its predecessors are. */
export function isAddable(store: IdealStore, ideal: number, c: number): boolean {
  if (holds(store, ideal, c)) return false;
  for (const pred of store.instance.preds[c] ?? []) if (!holds(store, ideal, pred)) return false;
  return true;
}

/** True when `c` is in the ideal and none of its successors is. */
export function isRemovable(store: IdealStore, ideal: number, c: number): boolean {
  if (!holds(store, ideal, c)) return false;
  for (const succ of store.instance.succs[c] ?? []) if (holds(store, ideal, succ)) return false;
  return true;
}

export function holds(store: IdealStore, ideal: number, c: number): boolean {
  return (store.rows[ideal * store.words + (c >> 5)] >>> (c & 31)) % 2 === 1;
}

/** The number of the ideal that differs from `ideal` in class `c`, added if it is new. The result must be an ideal. */
export function toggleClass(store: IdealStore, ideal: number, c: number): number {
  const hash = store.hashes[ideal] ^ store.keys[c];
  let slot = find(store, ideal, c, hash);
  const known = store.slots[slot];
  if (known !== 0) return known - 1;
  if (store.count * 2 > store.slots.length) {
    growSlots(store);
    slot = find(store, ideal, c, hash);
  }
  if (store.count === store.sizes.length) growRows(store);
  const { words, rows } = store;
  const added = store.count;
  rows.copyWithin(added * words, ideal * words, ideal * words + words);
  const word = added * words + (c >> 5);
  rows[word] = rows[word] ^ (1 << (c & 31));
  store.sizes[added] = store.sizes[ideal] + (holds(store, added, c) ? 1 : -1);
  store.hashes[added] = hash;
  store.slots[slot] = added + 1;
  store.count += 1;
  return added;
}

/** The ideal that differs from `ideal` in class `c`, or -1 when the store does not hold it. */
export function neighbourOf(store: IdealStore, ideal: number, c: number): number {
  return (store.slots[find(store, ideal, c, store.hashes[ideal] ^ store.keys[c])] ?? 0) - 1;
}

function find(store: IdealStore, ideal: number, c: number, hash: number): number {
  const mask = store.slots.length - 1;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const entry = store.slots[slot] - 1;
    if (entry === -1 || (store.hashes[entry] === hash && differsIn(store, ideal, entry, c))) return slot;
  }
}

function differsIn(store: IdealStore, a: number, b: number, c: number): boolean {
  const { rows, words } = store;
  for (let word = 0; word < words; word++) {
    const expected = word === c >> 5 ? 1 << (c & 31) : 0;
    if ((rows[a * words + word] ^ rows[b * words + word]) !== expected) return false;
  }
  return true;
}

function growRows(store: IdealStore): void {
  const rows = new Int32Array(store.rows.length * 2);
  rows.set(store.rows);
  store.rows = rows;
  const sizes = new Int32Array(store.sizes.length * 2);
  sizes.set(store.sizes);
  store.sizes = sizes;
  const hashes = new Int32Array(store.hashes.length * 2);
  hashes.set(store.hashes);
  store.hashes = hashes;
}

function growSlots(store: IdealStore): void {
  store.slots = new Int32Array(store.slots.length * 2);
  const mask = store.slots.length - 1;
  for (let ideal = 0; ideal < store.count; ideal++) {
    let slot = store.hashes[ideal] & mask;
    while (store.slots[slot] !== 0) slot = (slot + 1) & mask;
    store.slots[slot] = ideal + 1;
  }
}

/** Zobrist keys from a fixed xorshift sequence. */
function hashKeys(count: number): Int32Array {
  let state = 0x9e3779b9 | 0;
  return Int32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.imul(state, 0x2545f491);
  });
}

/** The family of a store's ideals. The store must hold the full ideal. */
export function seal(store: IdealStore): IdealFamily {
  const { count, words, instance } = store;
  const { newToOld, oldToNew } = sortBySize(store);
  const rows = new Int32Array(count * words);
  const arcStart = new Int32Array(count + 1);
  const arcClass: number[] = [];
  const arcTo: number[] = [];
  for (let i = 0; i < count; i++) {
    const old = newToOld[i];
    rows.set(store.rows.subarray(old * words, old * words + words), i * words);
    for (let c = 0; c < instance.classes; c++) {
      if (!isAddable(store, old, c)) continue;
      const to = neighbourOf(store, old, c);
      if (to === -1) continue;
      arcClass.push(c);
      arcTo.push(oldToNew[to]);
    }
    arcStart[i + 1] = arcTo.length;
  }
  return { count, words, rows, arcStart, arcClass: Int32Array.from(arcClass), arcTo: Int32Array.from(arcTo) };
}

function sortBySize(store: IdealStore): { newToOld: Int32Array; oldToNew: Int32Array } {
  const first = new Int32Array(store.instance.classes + 2);
  for (let i = 0; i < store.count; i++) {
    const size = store.sizes[i] + 1;
    first[size] = first[size] + 1;
  }
  for (let size = 1; size < first.length; size++) first[size] = first[size] + first[size - 1];
  const newToOld = new Int32Array(store.count);
  const oldToNew = new Int32Array(store.count);
  for (let i = 0; i < store.count; i++) {
    const size = store.sizes[i];
    const at = first[size];
    first[size] = at + 1;
    newToOld[at] = i;
    oldToNew[i] = at;
  }
  return { newToOld, oldToNew };
}
