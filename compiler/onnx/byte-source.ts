/**
 * Where bytes of a model come from. The reader sees only this, so that it is pure: tests give it an array, the rim a
 * file. Offsets and lengths are integers below 2^53.
 */

export interface ByteSource {
  /** Total bytes. */
  readonly size: number;
  /** Bytes `[offset, offset + length)`; shorter only where the source ends. The result must not be written to. */
  read(offset: number, length: number): Uint8Array;
}

/** A run of bytes in a source. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * The files of a model: its own file and the external data beside it.
 * `openExternal` takes the location as the model states it and must refuse whatever is not a plain file inside the
 * model's folder; a refusal is a sentence for the user.
 */
export interface ModelFiles {
  /** The name to use in messages. */
  readonly name: string;
  readonly main: ByteSource;
  openExternal(location: string): ByteSource | { readonly refused: string };
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + length, bytes.length)),
  };
}

/** A model in memory, with its external files (by location) if it has any. */
export function bytesModel(name: string, bytes: Uint8Array, external: ReadonlyMap<string, Uint8Array> = new Map()): ModelFiles {
  return {
    name,
    main: bytesSource(bytes),
    openExternal(location) {
      const found = external.get(location);
      return found ? bytesSource(found) : { refused: `there is no file ${JSON.stringify(location)} beside the model` };
    },
  };
}
