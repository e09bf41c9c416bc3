/**
 * What stands in a manifest: lines of JSON, each after the CRC of its text. A line that is torn ends what counts.
 *
 * The first line names the owner, the second is the header; a base sums up all that was committed before the file was
 * begun; then a record for every group.
 */
import { crc32 } from "node:zlib";
import type { InputNote } from "./identity.ts";

export interface Owner {
  readonly pid: number;
  /** When the process began, in the units of the machine it runs on: a number given to another process differs in it. */
  readonly started: string;
  readonly host: string;
}

/** Where the files of one output are while they are written, once fenced, and in the end. Prefixes lack the epoch. */
export interface LogOutput {
  readonly staging: string;
  readonly dead: string;
  readonly final: string;
  /** Files end so. */
  readonly extension: string;
  /** The final folder is only the engine's: it goes when the run has finished. */
  readonly isTemporary: boolean;
}

export interface Header {
  readonly kind: "header";
  /** Names the run in its staging folders, through all its resumptions. */
  readonly run: string;
  readonly outputs: readonly LogOutput[];
  readonly regions: number;
  /** The manifest that this one goes on from, and how many of its bytes count. */
  readonly previous?: { readonly manifest: number; readonly length: number };
  readonly identity: unknown;
}

export interface StagedFile {
  /** Relative to the staging folder and to the final one, with "/". */
  readonly name: string;
  readonly bytes: number;
  readonly crc: number;
  /** When it was last written to, which a rename does not change. */
  readonly modifiedMs?: number;
}

/** What steps that look at rows before have counted. */
export interface RegionProgress {
  /** Rows of the source in the group, and what became of them. */
  readonly rowsIn: number;
  readonly filtered: number;
  readonly dead: number;
  /** After the last row of the group. */
  readonly split: number;
  readonly row: number;
  /** Rows that each limit has let through so far, by step. */
  readonly passed: Readonly<Record<string, number>>;
  /** Stages that give no more rows. */
  readonly exhausted: readonly number[];
}

export interface GroupRecord extends RegionProgress {
  readonly kind: "group";
  readonly region: number;
  readonly group: number;
  /** Chunks of the region committed with this group and those before. */
  readonly chunks: number;
  /** No more groups of this region follow. */
  readonly last: boolean;
  /** The epoch whose staging folders hold the files until they are renamed. */
  readonly epoch: number;
  readonly outputs: readonly OutputGroup[];
  /** Files of the checkpoint's folder with the keys that steps met for the first time. */
  readonly keys: readonly KeysFile[];
}

export interface OutputGroup {
  readonly output: number;
  readonly rows: number;
  readonly files: readonly StagedFile[];
}

export interface KeysFile {
  readonly step: number;
  readonly name: string;
  readonly bytes: number;
}

export type ManifestLine =
  /** `run`: names the folders that it makes before it has a header. */
  | { readonly kind: "owner"; readonly owner: Owner; readonly run?: string }
  | Header
  | { readonly kind: "base"; readonly state: CommitState }
  /** What an earlier, finished run left is being cleared away: the files, by output. */
  | { readonly kind: "clearing"; readonly files: readonly (readonly string[])[] }
  | { readonly kind: "cleared" }
  /** What the sources read, once it is known. */
  | { readonly kind: "inputs"; readonly inputs: readonly InputNote[] }
  /** The owner has ended in good order. */
  | { readonly kind: "released" }
  | GroupRecord
  /** Everything stands under its final name; what is left to do is to forget the checkpoint. `wholes`: by output. */
  | { readonly kind: "published"; readonly wholes?: readonly (StagedFile | null)[] };

export interface RegionState extends RegionProgress {
  readonly groups: number;
  readonly chunks: number;
  readonly ended: boolean;
}

export interface OutputState {
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** Of names and sizes of all files, in any order: 16 hexadecimal digits. */
  readonly digest: string;
  /** Likewise with the times they were last written at, and with their CRCs; undefined where one was not noted. */
  readonly times?: string | undefined;
  readonly contents?: string | undefined;
}

/** All that is known of what is committed. Its size does not grow with the rows, but for a name for each file of keys. */
export interface CommitState {
  readonly inputs?: readonly InputNote[];
  readonly clearing?: readonly (readonly string[])[];
  readonly cleared: boolean;
  readonly published: boolean;
  /** Once published: of each output, the one file that was made of all groups. */
  readonly wholes?: readonly (StagedFile | null)[];
  readonly regions: readonly RegionState[];
  readonly outputs: readonly OutputState[];
  readonly keys: readonly KeysFile[];
}

const CRC_DIGITS = 8;

export function printLine(line: ManifestLine): string {
  const text = JSON.stringify(line);
  return `${crc32(text).toString(16).padStart(CRC_DIGITS, "0")} ${text}\n`;
}

export interface ManifestText {
  readonly lines: readonly ManifestLine[];
  /** Bytes that count. */
  readonly length: number;
}

/** The lines of the valid prefix, at most `limit` bytes of it. */
export function readLines(bytes: Uint8Array, limit: number = bytes.length): ManifestText {
  const lines: ManifestLine[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(limit, bytes.length));
  let length = 0;
  for (;;) {
    const end = buffer.indexOf(0x0a, length);
    if (end < 0) return { lines, length };
    const text = buffer.toString("utf8", length + CRC_DIGITS + 1, end);
    if (buffer.toString("latin1", length, length + CRC_DIGITS) !== crc32(text).toString(16).padStart(CRC_DIGITS, "0")) return { lines, length };
    // The CRC says that we wrote it.
    lines.push(JSON.parse(text) as ManifestLine);
    length = end + 1;
  }
}
