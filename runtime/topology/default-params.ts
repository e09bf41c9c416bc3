/** The values of params that nobody gave. */
import type { ParamSpec, ParamType, ProgramSpec } from "../contract/program.ts";
import { programFile } from "../contract/program-folder.ts";
import type { Value } from "../contract/value.ts";

/** Places written in the program are relative to its folder. */
export function resolveParam(param: ParamSpec, value: Value): Value {
  return typeof value === "string" && isUri(param.type) ? programFile(value) : value;
}

export function defaultParams(program: ProgramSpec): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    program.params.map((param): [string, Value] => {
      const value = param.fixed ?? param.default ?? null;
      return [param.name, resolveParam(param, value)];
    }),
  );
}

function isUri(type: ParamType): boolean {
  return type.kind === "optional" ? isUri(type.inner) : type.kind === "uri";
}
