import { describe, expect, it } from "vitest";
import { findRowFault } from "../../../runtime/contract/check-value.ts";
import type { ColumnType } from "../../../runtime/contract/column.ts";
import type { Value } from "../../../runtime/contract/value.ts";

function faultOf(type: ColumnType, value: Value, bytesMax = 100): string | undefined {
  return findRowFault([{ name: "x", type, bytesMax }], { x: value });
}

describe("a value of a column", () => {
  const mode: ColumnType = { kind: "string", choices: ["fast", "slow"] };

  it.each<[string, ColumnType, Value]>([
    ["one of the choices", mode, "fast"],
    ["no choice where there may be none", { kind: "optional", inner: mode }, null],
    ["an empty list", { kind: "list", element: mode }, []],
    ["an integer of 64 bits", { kind: "scalar", dtype: "i64" }, 5n],
  ])("may be %s", (_what, type, value) => expect(faultOf(type, value)).toBeUndefined());

  it.each<[string, ColumnType, Value, string]>([
    ["another string than the choices", mode, "medium", 'field `x` is "medium", but it must be one of "fast", "slow"'],
    ["a list with another string in it", { kind: "list", element: mode }, ["fast", "Fast"], 'field `x` at [1] is "Fast", but it must be one of "fast", "slow"'],
    ["null without `?`", mode, null, "field `x` is null, but its type string is not optional"],
    ["a number of another kind", { kind: "scalar", dtype: "u8" }, 5n, "field `x` is 5, but its type is u8"],
  ])("may not be %s", (_what, type, value, fault) => expect(faultOf(type, value)).toBe(fault));
});
