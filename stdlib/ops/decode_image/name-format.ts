/** What a picture says it is, by its first bytes. */
const SIGNATURES: readonly (readonly [name: string, signature: RegExp])[] = [
  ["JPEG", /^\xff\xd8\xff/],
  ["PNG", /^\x89PNG\r\n\x1a\n/],
  ["WebP", /^RIFF[^]{4}WEBP/],
  ["GIF", /^GIF8[79]a/],
  ["AVIF", /^[^]{4}ftypavi[fs]/],
  ["TIFF", /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/],
];

const SIGNATURE_BYTES = 12;

/** Undefined for what none of the formats that are read begins with. */
export function nameFormat(picture: Uint8Array): string | undefined {
  const start = String.fromCharCode(...picture.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.find(([, signature]) => signature.test(start))?.[0];
}
