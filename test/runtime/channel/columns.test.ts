import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeChunk, encodeChunk, messageBuffers, postChunk } from "../../../runtime/channel/chunk-codec.ts";
import type { EdgeSchema } from "../../../runtime/channel/chunk-codec.ts";
import { decodeColumns, encodeColumns } from "../../../runtime/channel/columns.ts";
import { fromWire, toWire } from "../../../runtime/channel/wire-chunk.ts";
import type { WireChunk } from "../../../runtime/channel/wire-chunk.ts";
import type { Chunk } from "../../../runtime/contract/chunk.ts";
import type { Column, ColumnType } from "../../../runtime/contract/column.ts";
import { allocate, elementCount, writeElement } from "../../../runtime/contract/tensor.ts";
import type { Dtype, Row, Value } from "../../../runtime/contract/value.ts";

const dtypes: readonly Exclude<Dtype, "string">[] = ["f16", "bf16", "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool"];

function scalarOf(dtype: Dtype): fc.Arbitrary<number | bigint | boolean | string> {
  switch (dtype) {
    case "bool":
      return fc.boolean();
    case "string":
      return fc.string({ unit: "grapheme" });
    case "i64":
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    case "u64":
      return fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    case "f64":
      return fc.double();
    case "f32":
      return fc.float();
    default:
      // Exact in every other dtype, f16 included.
      return fc.integer({ min: 0, max: 100 });
  }
}

const columnType = fc.letrec<{ type: ColumnType; plain: ColumnType }>((tie) => ({
  plain: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(...dtypes).map((dtype): ColumnType => ({ kind: "scalar", dtype })),
    fc.constant<ColumnType>({ kind: "string" }),
    fc.constant<ColumnType>({ kind: "bytes" }),
    fc.tuple(fc.constantFrom<Dtype>(...dtypes, "string"), fc.array(fc.option(fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 3 })).map(([dtype, shape]): ColumnType => ({ kind: "tensor", dtype, shape })),
    tie("type").map((element): ColumnType => ({ kind: "list", element })),
    fc.array(tie("type"), { maxLength: 3 }).map((types): ColumnType => ({ kind: "record", fields: types.map(columnOf) })),
  ),
  type: fc.oneof(tie("plain"), tie("plain").map((inner): ColumnType => ({ kind: "optional", inner }))),
})).type;

function columnOf(type: ColumnType, index: number): Column {
  return { name: `c${index}`, type, bytesMax: 1e9 };
}

function valueOf(type: ColumnType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case "scalar":
      return scalarOf(type.dtype);
    case "string":
      return fc.string({ unit: "grapheme" });
    case "bytes":
      return fc.uint8Array();
    case "list":
      return fc.array(valueOf(type.element), { maxLength: 4 });
    case "record":
      return fc.tuple(...type.fields.map((field) => valueOf(field.type))).map((values) => Object.fromEntries(type.fields.map((field, index) => [field.name, values[index]])));
    case "optional":
      return fc.option(valueOf(type.inner));
    case "tensor":
      return fc.tuple(...type.shape.map((size) => (size === null ? fc.integer({ min: 0, max: 3 }) : fc.constant(size)))).chain((shape) => {
        const count = elementCount(shape);
        return fc.array(scalarOf(type.dtype), { minLength: count, maxLength: count }).map((items) => {
          const data = allocate(type.dtype, count);
          items.forEach((item, index) => writeElement(type.dtype, data, index, item));
          return { dtype: type.dtype, shape, data };
        });
      });
  }
}

const table = fc.array(columnType, { minLength: 1, maxLength: 4 }).chain((types) => {
  const columns = types.map(columnOf);
  return fc.array(valueOf({ kind: "record", fields: columns }), { maxLength: 12 }).map((rows) => ({ columns, rows: rows as readonly Row[] }));
});

describe("columns", () => {
  it("give back the rows they were made of", () => {
    const holds = fc.property(table, ({ columns, rows }) => {
      expect(decodeColumns(columns, encodeColumns(columns, rows), rows.length)).toEqual(rows);
    });
    fc.assert(holds, { seed: 1, numRuns: 300 });
  });

  it("lay fixed shapes end to end and share memory with the rows read from them", () => {
    const columns: readonly Column[] = [{ name: "x", type: { kind: "tensor", dtype: "f32", shape: [2] }, bytesMax: 8 }];
    const rows: readonly Row[] = [1, 2, 3].map((value) => ({ x: { dtype: "f32", shape: [2], data: new Float32Array([value, -value]) } }));
    const [data] = encodeColumns(columns, rows);
    expect(data).toEqual({ layout: "fixed", data: new Float32Array([1, -1, 2, -2, 3, -3]) });
    const [first, second] = decodeColumns(columns, [data], 3).map((row) => row["x"]);
    expect(first).toMatchObject({ data: { byteOffset: 0 } });
    expect(second).toMatchObject({ data: { byteOffset: 8 } });
  });

  it("take one bit a row to say what is null", () => {
    const columns: readonly Column[] = [{ name: "x", type: { kind: "optional", inner: { kind: "string" } }, bytesMax: 8 }];
    const rows = Array.from({ length: 9 }, (_, index) => ({ x: index % 3 === 0 ? null : "a" }));
    expect(encodeColumns(columns, rows)).toMatchObject([{ validity: new Uint8Array([0b10110110, 0b1]) }]);
  });

  it("refuse values that no check should have let pass", () => {
    const columns: readonly Column[] = [{ name: "x", type: { kind: "string" }, bytesMax: 8 }];
    expect(() => encodeColumns(columns, [{ x: 3 }])).toThrow(/field x is 3, but its type is string/);
  });
});

describe("a chunk sent to another thread", () => {
  const columns: readonly Column[] = [{ name: "x", type: { kind: "bytes" }, bytesMax: 8 }];
  const schema: EdgeSchema = { columns, levels: [{ step: 3, columns }] };
  const chunk: Chunk = {
    id: { ordinal: 5, split: 1, firstRow: 40 },
    rows: [{ x: new Uint8Array([1]) }, { x: new Uint8Array([2, 3]) }],
    parents: [0, 2],
    children: [0, 1],
    levels: [{ step: 3, parents: [0, 0, 0], children: [0, 1, 2], rows: [{ x: new Uint8Array(0) }, { x: new Uint8Array([9]) }, { x: new Uint8Array([8]) }], failed: [0, 1, 0] }],
    places: ["line 1", "line 2", "line 3"],
  };

  it("arrives whole, with its parents and places", () => {
    expect(decodeChunk(schema, encodeChunk(0, schema, chunk))).toEqual(chunk);
  });

  it("is the same message at the other end, whatever its columns", () => {
    const place = fc.record({ part: fc.nat(3), isLast: fc.boolean() });
    const holds = fc.property(table, fc.nat(9), fc.maxSafeNat(), place, fc.boolean(), ({ columns: own, rows }, edge, firstRow, { part, isLast }, isVoid) => {
      const ids = { parents: rows.map(() => 0), children: rows.map((_, row) => row) };
      const levels = [{ ...ids, failed: ids.children, columns: encodeColumns(own, rows) }];
      const message = { ...ids, edge, id: { ordinal: 5, split: 1, firstRow }, part, isLast, isVoid, columns: encodeColumns(own, rows), levels, places: rows.map((_, row) => `line ${row}`) };
      expect(fromWire(structuredClone(toWire(message)))).toEqual(message);
      expect(fromWire(toWire({ ...message, batches: [] }))).toHaveProperty("batches", []);
    });
    fc.assert(holds, { seed: 2, numRuns: 200 });
  });

  const large: Chunk = { ...chunk, rows: [{ x: new Uint8Array(10_000).fill(1) }, { x: new Uint8Array([2, 3]) }] };

  it("is moved, not copied, but for buffers that are copied sooner", () => {
    const { port1, port2 } = new MessageChannel();
    const message = encodeChunk(0, schema, large);
    const buffers = messageBuffers(message);
    const bytes = buffers.map((buffer) => buffer.byteLength);
    const [ids, places] = [2 * 4 * (2 + 3), 3 * "line 1".length];
    expect(postChunk(port1, message)).toBe(bytes.reduce((sum, count) => sum + count, ids + places));
    expect(buffers.map((buffer) => buffer.byteLength)).toEqual(bytes.map((count) => (count > 4096 ? 0 : count)));
    expect(Math.max(...bytes)).toBeGreaterThan(4096);
    const received = receiveMessageOnPort(port2)?.message as WireChunk;
    expect(decodeChunk(schema, fromWire(received))).toEqual(large);
    port1.close();
  });

  it("that would be copied is our bug", () => {
    expect(() => postChunk({ postMessage: () => {} }, encodeChunk(0, schema, large))).toThrow(/copied/);
  });
});
