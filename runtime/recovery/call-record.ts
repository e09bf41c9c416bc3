/**
 * The same for the calls and rows inside one process that does nothing else (an isolated stage): whoever started it
 * sees from the file whether it gets on, and after its death which rows it was in. The first slot counts calls, the
 * others hold rows in flight.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { CallWatch } from "../contract/call-watch.ts";
import { createCallWords, noteHang } from "./call-words.ts";
import { SLOT_BYTES } from "./flight-recorder.ts";

/** Row ranges in flight at once; those beyond are not recorded. */
const ROW_SLOTS = 63;
const BUSY = 0x57_4f_52_01;

/** Writes the calls of this thread down. */
export function openCallRecord(file: string): CallWatch {
  const fd = openSync(file, "w+");
  const header = new Int32Array(SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT);
  const words = createCallWords(header);
  const writeHeader = (): void => void writeSync(fd, header, 0, SLOT_BYTES, 0);
  const slot = new Int32Array(SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT);
  const free = Array.from({ length: ROW_SLOTS }, (_, index) => index + 1);
  const writeSlot = (index: number, busy: number, first: number, last: number): void => {
    slot.set([busy, first, last]);
    writeSync(fd, slot, 0, SLOT_BYTES, index * SLOT_BYTES);
  };
  writeHeader();
  return {
    call: (limitMs) => {
      const inFlight = words(limitMs);
      const thenWrite = (act: () => void) => (): void => {
        act();
        writeHeader();
      };
      writeHeader();
      return { waits: thenWrite(inFlight.waits), ended: thenWrite(inFlight.ended) };
    },
    hang: (limitMs) => {
      noteHang(header, limitMs);
      writeHeader();
    },
    rows: (first, last) => {
      const index = free.pop();
      if (index === undefined) return () => {};
      writeSlot(index, BUSY, first, last);
      return () => {
        writeSlot(index, 0, 0, 0);
        free.push(index);
      };
    },
  };
}

export interface CallRecordReader {
  /** What `createHangClock` looks at. */
  readonly words: () => Int32Array;
  /** Row ranges in flight. */
  readonly rows: () => readonly { readonly first: number; readonly last: number }[];
  readonly close: () => void;
}

/** Undefined where the file cannot be opened. */
export function readCallRecord(file: string): CallRecordReader | undefined {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return undefined;
  }
  const header = new Int32Array(SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT);
  return {
    words: () => {
      readSync(fd, header, 0, SLOT_BYTES, 0);
      return header;
    },
    rows: () => {
      const bytes = Buffer.alloc(ROW_SLOTS * SLOT_BYTES);
      const length = readSync(fd, bytes, 0, bytes.length, SLOT_BYTES);
      const ranges: { first: number; last: number }[] = [];
      for (let at = 0; at + SLOT_BYTES <= length; at += SLOT_BYTES) {
        if (bytes.readInt32LE(at) === BUSY) ranges.push({ first: bytes.readInt32LE(at + 4), last: bytes.readInt32LE(at + 8) });
      }
      return ranges;
    },
    close: () => closeSync(fd),
  };
}
