/**
 * What every worker is in the middle of, in a file that outlasts a crash: a slot of 64 bytes for each call in flight,
 * written with `writeSync` at a fixed offset before and after (what the kernel has taken is not lost with the process).
 * Read by the supervisor when the engine has died.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

export interface Flight {
  readonly kind: "load" | "run" | "read" | "write";
  /** Of a sink: counted on after the stages. */
  readonly stage: number;
  readonly replica: number;
  /** Of a sink: its number. */
  readonly step: number;
  /** Of all but a load: the chunk, where it begins, and how many rows of it came to the step. */
  readonly chunk: number;
  readonly split: number;
  readonly firstRow: number;
  readonly rows: number;
  readonly startedMs: number;
}

export interface FlightRecorder {
  /** Gives what ends the flight. */
  readonly begin: (flight: Omit<Flight, "stage" | "replica" | "startedMs">) => () => void;
  readonly close: () => void;
}

export const SLOT_BYTES = 64;
/** Calls that one worker may have in flight; those beyond are not recorded. */
const SLOTS_PER_WORKER = 4;
const REPLICAS_MAX = 256;
/** First word of a slot in flight. */
const kinds = { load: 0x44414f4c, run: 0x4e55522e, read: 0x44414552, write: 0x54495257 } as const;
const kindNames = ["load", "run", "read", "write"] as const satisfies readonly Flight["kind"][];

/**
 * The recorder of one worker. The file is made where it is missing; workers write to slots of their own. Throws where
 * there is no room: once it is open, writing takes none.
 */
export function openFlightRecorder(file: string, stage: number, replica: number): FlightRecorder {
  const fd = openSync(file, "a");
  closeSync(fd);
  const handle = openSync(file, "r+");
  const base = (stage * REPLICAS_MAX + replica) * SLOTS_PER_WORKER * SLOT_BYTES;
  const free = Array.from({ length: SLOTS_PER_WORKER }, (_, slot) => slot);
  const empty = new Uint8Array(SLOT_BYTES);
  const slots = free.map(() => new Uint8Array(SLOT_BYTES));
  for (const slot of free) writeSync(handle, empty, 0, SLOT_BYTES, base + slot * SLOT_BYTES);
  return {
    begin: (flight) => {
      const slot = free.pop();
      if (slot === undefined) return () => {};
      const at = base + slot * SLOT_BYTES;
      writeSync(handle, encodeFlight({ ...flight, stage, replica, startedMs: Date.now() }, slots[slot]), 0, SLOT_BYTES, at);
      return () => {
        writeSync(handle, empty, 0, SLOT_BYTES, at);
        free.push(slot);
      };
    },
    close: () => closeSync(handle),
  };
}

/** The calls in flight when the file was last written to; none where there is no file. */
export function readFlights(file: string): readonly Flight[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return [];
  }
  const flights: Flight[] = [];
  for (let at = 0; at + SLOT_BYTES <= bytes.length; at += SLOT_BYTES) {
    const flight = decodeFlight(bytes.subarray(at, at + SLOT_BYTES));
    if (flight !== undefined) flights.push(flight);
  }
  return flights;
}

function encodeFlight(flight: Flight, bytes: Uint8Array<ArrayBuffer>): Uint8Array {
  const view = new DataView(bytes.buffer);
  view.setUint32(0, kinds[flight.kind], true);
  view.setUint32(4, flight.stage, true);
  view.setUint32(8, flight.replica, true);
  view.setUint32(12, flight.step, true);
  view.setFloat64(16, flight.chunk, true);
  view.setFloat64(24, flight.firstRow, true);
  view.setFloat64(32, flight.startedMs, true);
  view.setUint32(40, flight.split, true);
  view.setUint32(44, flight.rows, true);
  return bytes;
}

function decodeFlight(bytes: Buffer): Flight | undefined {
  const word = bytes.readUInt32LE(0);
  const kind = kindNames.find((name) => kinds[name] === word);
  if (kind === undefined) return undefined;
  return {
    kind,
    stage: bytes.readUInt32LE(4),
    replica: bytes.readUInt32LE(8),
    step: bytes.readUInt32LE(12),
    chunk: bytes.readDoubleLE(16),
    firstRow: bytes.readDoubleLE(24),
    startedMs: bytes.readDoubleLE(32),
    split: bytes.readUInt32LE(40),
    rows: bytes.readUInt32LE(44),
  };
}
