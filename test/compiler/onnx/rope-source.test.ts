import { expect, it } from "vitest";
import { bytesSource } from "../../../compiler/onnx/byte-source.ts";
import { ropeSource } from "../../../compiler/onnx/rope-source.ts";
import { bytesRope, joinRopes, rangeRope, ropeBytes, stridedRope, zerosRope } from "../../../compiler/onnx/rope.ts";

it("reads any range of a rope as it would be written", () => {
  const source = bytesSource(Uint8Array.from({ length: 40 }, (_, i) => i));
  const rope = joinRopes([bytesRope(Uint8Array.of(200, 201)), stridedRope(source, 3, 2, 5, 7), zerosRope(3), rangeRope(source, 30, 6)]);
  const bytes = ropeBytes(rope);
  const back = ropeSource(rope);
  expect(back.size).toBe(bytes.length);
  for (let offset = 0; offset <= bytes.length; offset++) {
    for (let length = 0; length <= bytes.length + 1 - offset; length++) {
      expect(back.read(offset, length)).toEqual(bytes.slice(offset, offset + length));
    }
  }
});

it("says so where the source under it has shrunk", () => {
  const rope = rangeRope({ size: 8, read: () => new Uint8Array(2) }, 0, 8);
  expect(() => ropeSource(rope).read(0, 8)).toThrow("a source ended at byte 2");
});
