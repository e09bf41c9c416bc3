import { describe, expect, it } from "vitest";
import { interpretPipeline } from "../../../runtime/topology/interpret.ts";
import program from "../../support/programs/branches.ts";

describe("interpretPipeline", () => {
  it("gives the rows of streams, from rows given in place of a source's", async () => {
    const given = new Map([["numbers", [{ id: 3n, text: "abc" }, { id: 0n, text: "" }]]]);
    const rows = await interpretPipeline(program, "one", { given, collect: ["both", "sums", "letters"] });
    expect(rows.get("both")).toEqual([{ id: 3n, sum: 9, joined: "abc" }, { id: 0n, sum: 0, joined: "" }]);
    expect(rows.get("sums")).toHaveLength(2);
    expect(rows.get("letters")?.map((row) => row["part"])).toEqual(["a", "b", "c"]);
  });

  it("reads the source where nothing is given, and runs only what is asked for", async () => {
    const rows = await interpretPipeline(program, "one", { params: { rows: 9n, fail_at: 5n }, collect: ["again"] });
    expect(rows.get("again")).toHaveLength(9);
  });

  it("takes rows in the middle", async () => {
    const given = new Map([["sums", [{ id: 1n, sum: 5 }]], ["again", [{ id: 1n, joined: "x" }]]]);
    expect((await interpretPipeline(program, "one", { given, collect: ["kinds"] })).get("kinds")).toEqual([{ id: 1n, sum: 5, joined: "x", kind: "odd/äh" }]);
  });

  it("is stopped by a row that fails where errors is \"fail\", and goes on where it is not", async () => {
    await expect(interpretPipeline(program, "one", { params: { rows: 9n, fail_at: 5n }, collect: ["both"] })).rejects.toThrow("line 3: the picture is torn (pictures, test.pipe:1)");
    expect((await interpretPipeline(program, "skipping", { params: { rows: 9n, fail_at: 5n }, collect: ["both"] })).get("both")).toHaveLength(8);
  });

  it("checks the rows it is given, and refuses them under an explode", async () => {
    await expect(interpretPipeline(program, "one", { given: new Map([["numbers", [{ id: 3n }]]]), collect: ["both"] })).rejects.toThrow("row 0 given for numbers: field `text` is missing");
    await expect(interpretPipeline(program, "one", { given: new Map([["letters", [{ id: 3n, part: "a" }]]]), collect: ["digits"] })).rejects.toThrow("under an explode");
  });
});
