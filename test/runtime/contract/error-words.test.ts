import { expect, it } from "vitest";
import { errorWords } from "../../../runtime/contract/error-words.ts";

it.each<[string, unknown, string]>([
  ["an error", new RangeError("too far"), "too far"],
  ["a string", "as it is", "as it is"],
  ["nothing", undefined, "undefined"],
  ["an object", { code: 1, where: { line: 2 } }, "{ code: 1, where: { line: 2 } }"],
  ["an object that no string is made of", Object.create(null), "[Object: null prototype] {}"],
  ["an object that throws when it is looked at", { toString: () => { throw new Error("no"); }, get message(): string { throw new Error("no"); } }, "{ toString: [Function: toString], message: [Getter] }"],
  ["an error whose message is none", Object.assign(new Error(""), { message: { code: 5 } }), "{ code: 5 }"],
  ["a symbol", Symbol("gone"), "Symbol(gone)"],
])("of %s", (_what, error, words) => expect(errorWords(error)).toContain(words));

it("are no longer than somebody reads", () => {
  expect(errorWords(Array.from({ length: 1000 }, () => "x".repeat(1000))).length).toBeLessThan(210);
});
