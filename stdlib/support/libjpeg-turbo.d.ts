/** libjpeg-turbo compiled to WebAssembly, as far as we use it; the package has no types of its own. */
declare module "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs" {
  export interface JpegDecoder {
    /** Room for so many bytes of a JPEG, in the module's memory. */
    readonly getEncodedBuffer: (length: number) => Uint8Array;
    /** Decodes what lies there. Throws a number where the decoder fails or warns; some memory is lost then. */
    readonly decode: () => void;
    /** A copy of the pixels. */
    readonly getDecodedBuffer: () => Uint8ClampedArray<ArrayBuffer>;
  }
  export interface JpegModule {
    readonly JPEGDecoder: new () => JpegDecoder;
  }
  export default function load(settings: { readonly print: (line: string) => void; readonly printErr: (line: string) => void }): Promise<JpegModule>;
}
