import type { OperatorDescriptor } from "../../../language/catalog/catalog.ts";

export const descriptor: OperatorDescriptor = {
  kind: "operator",
  name: "decode_image",
  module: "image",
  summary: "Pixels of a JPEG, PNG, WebP, GIF, AVIF or TIFF picture, turned upright",
  signatures: [
    'decode_image(bytes: bytes, mode: "RGB" | "BGR", max_pixels: int, at_least: int) -> tensor<u8>[H, W, 3] where H <= 65535, W <= 65535, H * W <= max_pixels',
    'decode_image(bytes: bytes, mode: "L", max_pixels: int, at_least: int) -> tensor<u8>[H, W, 1] where H <= 65535, W <= 65535, H * W <= max_pixels',
  ],
  defaults: { mode: { kind: "string", value: "RGB" }, max_pixels: { kind: "int", value: 100_000_000n }, at_least: { kind: "int", value: 0n } },
  // Within a quarter of what JPEGs of 64 pixels to 12 megapixels take; PNGs take less for their bytes, WebPs five times as much.
  cost: { fixedNs: 200_000, nsPerInputByte: 8, nsPerOutputByte: 1.8 },
  async: true,
};
