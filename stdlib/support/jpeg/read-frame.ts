/**
 * The segments of a JPEG before its entropy-coded data (ITU-R T.81, JFIF, Exif), if it is of the plain kind: eight bits,
 * Huffman-coded in one scan, grey or YCbCr with chroma in full or half width, upright, without a colour profile.
 * Undefined for every other picture, broken ones among them: a general decoder is to look at those.
 */

export interface HuffmanCodes {
  /** How many codes there are of 1 to 16 bits. */
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export interface FrameComponent {
  /** Samples per unit of the coarsest component. */
  readonly across: number;
  readonly down: number;
  /** 64 divisors in zigzag order. */
  readonly divisors: Uint8Array;
  readonly dc: HuffmanCodes;
  readonly ac: HuffmanCodes;
}

export interface JpegFrame {
  readonly width: number;
  readonly height: number;
  /** One (grey) or three (Y, Cb, Cr; the latter two with one sample per unit). */
  readonly components: readonly FrameComponent[];
  /** Units between restart markers; 0: none. */
  readonly restartUnits: number;
  /** Where the entropy-coded data begin. */
  readonly dataStart: number;
}

interface OpenComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly divisors: number;
}

interface Found {
  readonly divisors: Map<number, Uint8Array>;
  readonly codes: Map<number, HuffmanCodes>;
  frame?: { readonly width: number; readonly height: number; readonly components: readonly OpenComponent[] };
  restartUnits: number;
  /** Whether a marker says that three components are Y, Cb and Cr. */
  isYcc: boolean;
}

const AC_TABLES = 16;

export function readFrame(bytes: Uint8Array): JpegFrame | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const found: Found = { divisors: new Map(), codes: new Map(), restartUnits: 0, isYcc: false };
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const end = at + 2 + word(bytes, at + 2);
    if (end > bytes.length || end < at + 4) return undefined;
    const segment = bytes.subarray(at + 4, end);
    if (bytes[at + 1] === 0xda) return finishFrame(found, segment, end);
    if (!readSegment(found, bytes[at + 1], segment)) return undefined;
    at = end;
  }
  return undefined;
}

/** False where the segment says that this is no plain picture. */
function readSegment(found: Found, marker: number, segment: Uint8Array): boolean {
  switch (marker) {
    case 0xc0:
    case 0xc1:
      return readComponents(found, segment);
    case 0xc4:
      return readCodes(found, segment);
    case 0xdb:
      return readDivisors(found, segment);
    case 0xdd:
      found.restartUnits = word(segment, 0);
      return segment.length === 2;
    case 0xe0:
      found.isYcc ||= hasText(segment, 0, "JFIF\0");
      return true;
    case 0xe1:
      return hasText(segment, 0, "Exif\0\0") && isUpright(segment.subarray(6));
    case 0xee:
      found.isYcc ||= hasText(segment, 0, "Adobe") && segment[11] === 1;
      return found.isYcc;
    // Captions and comments.
    case 0xed:
    case 0xfe:
      return true;
    default:
      return false;
  }
}

function readComponents(found: Found, segment: Uint8Array): boolean {
  const count = segment[5];
  if (found.frame !== undefined || segment[0] !== 8 || segment.length !== 6 + count * 3) return false;
  const components = Array.from({ length: count }, (_, index): OpenComponent => {
    const [id, sampling, divisors] = segment.subarray(6 + index * 3, 9 + index * 3);
    return { id, across: sampling >> 4, down: sampling & 15, divisors };
  });
  found.frame = { width: word(segment, 3), height: word(segment, 1), components };
  return true;
}

function readCodes(found: Found, segment: Uint8Array): boolean {
  for (let at = 0; at < segment.length; ) {
    const counts = segment.slice(at + 1, at + 17);
    const symbols = segment.slice(at + 17, at + 17 + counts.reduce((sum, count) => sum + count, 0));
    if (counts.length < 16 || at + 17 + symbols.length > segment.length || !isPrefixCode(counts) || symbols.length > 256) return false;
    found.codes.set(segment[at], { counts, symbols });
    at += 17 + symbols.length;
  }
  return true;
}

/** Whether so many codes of each length fit, with the all-ones code left free. */
function isPrefixCode(counts: Uint8Array): boolean {
  return counts.reduce((sum, count, index) => sum + count * 2 ** (15 - index), 0) < 65_536;
}

function readDivisors(found: Found, segment: Uint8Array): boolean {
  for (let at = 0; at < segment.length; at += 65) {
    if (segment[at] > 3 || at + 65 > segment.length) return false;
    found.divisors.set(segment[at], segment.slice(at + 1, at + 65));
  }
  return true;
}

function finishFrame({ frame, divisors, codes, restartUnits, isYcc }: Found, scan: Uint8Array, dataStart: number): JpegFrame | undefined {
  if (frame === undefined || frame.width === 0 || frame.height === 0) return undefined;
  const count = frame.components.length;
  const isWhole = scan.length === 4 + count * 2 && scan[0] === count && scan[1 + count * 2] === 0 && scan[2 + count * 2] === 63 && scan[3 + count * 2] === 0;
  if (!isWhole || !isKnownSampling(frame.components, isYcc)) return undefined;
  const components: FrameComponent[] = [];
  for (const [index, { id, across, down, divisors: which }] of frame.components.entries()) {
    const tables = scan[2 + index * 2];
    const [found, dc, ac] = [divisors.get(which), codes.get(tables >> 4), codes.get(AC_TABLES + (tables & 15))];
    // A symbol of a DC table is a number of bits.
    if (scan[1 + index * 2] !== id || found === undefined || dc === undefined || ac === undefined || dc.symbols.some((symbol) => symbol > 11)) return undefined;
    // A single component is not interleaved, whatever its sampling.
    components.push({ across: count === 1 ? 1 : across, down: count === 1 ? 1 : down, divisors: found, dc, ac });
  }
  return { width: frame.width, height: frame.height, components, restartUnits, dataStart };
}

function isKnownSampling(components: readonly OpenComponent[], isMarked: boolean): boolean {
  if (components.length === 1) return true;
  if (components.length !== 3) return false;
  const [luma, ...chroma] = components;
  if (chroma.some(({ across, down }) => across !== 1 || down !== 1)) return false;
  const isYcc = isMarked || components.every(({ id }, index) => id === index + 1);
  return isYcc && [[1, 1], [2, 1], [2, 2]].some(([across, down]) => luma.across === across && luma.down === down);
}

const ORIENTATION = 0x0112;

/** Whether the TIFF structure names no orientation but the first. Doubtful ones do not count as upright. */
function isUpright(tiff: Uint8Array): boolean {
  if (tiff.length < 8) return false;
  const isLittle = hasText(tiff, 0, "II*\0");
  if (!isLittle && !hasText(tiff, 0, "MM\0*")) return false;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const folder = view.getUint32(4, isLittle);
  if (folder + 2 > tiff.length) return false;
  const count = view.getUint16(folder, isLittle);
  if (folder + 2 + count * 12 > tiff.length) return false;
  for (let entry = folder + 2; entry < folder + 2 + count * 12; entry += 12) {
    if (view.getUint16(entry, isLittle) === ORIENTATION && view.getUint16(entry + 8, isLittle) !== 1) return false;
  }
  return true;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  return [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
}
