/**
 * What the markers before a JPEG's pixels say (ITU-T T.81, annex B; orientation: Exif 2.3, a TIFF directory). Only enough
 * to tell whether a picture is of the common kind; whatever is odd or broken has no header here.
 */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: colours, 4: the inks of a printer. */
  readonly channels: number;
  /** 1 to 8, as Exif numbers them; 1: upright. */
  readonly orientation: number;
  /** Its colours are defined by an ICC profile that it carries. */
  readonly hasProfile: boolean;
}

const START_OF_IMAGE = 0xffd8;
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const APP2 = 0xe2;
/** Frames of 8 or 12 bits coded by Huffman: baseline, extended, progressive. */
const FRAMES: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2]);
const ORIENTATION = 0x0112;
const SHORT = 3;

/** Undefined unless it is a JPEG of 8 bits a sample with one, three or four channels. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [orientation, hasProfile] = [1, false];
  let frame: { readonly width: number; readonly height: number; readonly channels: number } | undefined;
  if (bytes.length < 4 || view.getUint16(0) !== START_OF_IMAGE) return undefined;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    const [from, to] = [at + 4, at + 2 + view.getUint16(at + 2)];
    // Any number of 0xff may stand before a marker, and some markers have no length: not in common pictures.
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9) || marker === 0xff || to < from || to > bytes.length) return undefined;
    if (marker === START_OF_SCAN) return frame === undefined ? undefined : { ...frame, orientation, hasProfile };
    if (FRAMES.has(marker)) {
      if (to - from < 6 || bytes[from] !== 8) return undefined;
      frame = { height: view.getUint16(from + 1), width: view.getUint16(from + 3), channels: bytes[from + 5] };
      if (frame.height === 0 || frame.width === 0 || ![1, 3, 4].includes(frame.channels)) return undefined;
    }
    if (marker === APP1 && startsWith(bytes, from, to, "Exif\0\0")) {
      const read = readOrientation(new DataView(bytes.buffer, bytes.byteOffset + from + 6, to - from - 6));
      if (read === undefined) return undefined;
      orientation = read;
    }
    hasProfile ||= marker === APP2 && startsWith(bytes, from, to, "ICC_PROFILE\0");
    at = to;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  return to - from >= text.length && Array.from(text).every((letter, index) => bytes[from + index] === letter.charCodeAt(0));
}

/** Of the first directory; 1 where it is not said, undefined where the directory is broken. */
function readOrientation(tiff: DataView): number | undefined {
  if (tiff.byteLength < 8) return undefined;
  const isLittle = tiff.getUint16(0) === 0x4949;
  const first = tiff.getUint32(4, isLittle);
  if ((!isLittle && tiff.getUint16(0) !== 0x4d4d) || first + 2 > tiff.byteLength) return undefined;
  const end = first + 2 + tiff.getUint16(first, isLittle) * 12;
  if (end > tiff.byteLength) return undefined;
  for (let entry = first + 2; entry < end; entry += 12) {
    if (tiff.getUint16(entry, isLittle) !== ORIENTATION) continue;
    const value = tiff.getUint16(entry + 8, isLittle);
    return tiff.getUint16(entry + 2, isLittle) === SHORT && value >= 1 && value <= 8 ? value : undefined;
  }
  return 1;
}
