/** The head of an emitted program: ties the declared params to the pipelines. */
import { defineParams, paramSpecs, setParams } from "./params.ts";
import type { ParamSpec, PipelineSpec, ProgramSpec } from "./program.ts";
import type { Value } from "./value.ts";

export interface ProgramDefinition {
  readonly name: string;
  readonly sourceFile: string;
  readonly doc: string;
  /** What `defineParams` gave. */
  readonly params: object;
  readonly pipelines: readonly PipelineSpec[];
}

export interface Program extends ProgramSpec {
  readonly params: readonly ParamSpec[];
  /** Sets the params' values in this thread. */
  readonly setParams: (values: Readonly<Record<string, Value>>) => void;
}

export function defineProgram(definition: ProgramDefinition): Program {
  const { params } = definition;
  return { ...definition, params: paramSpecs(params), setParams: (values) => setParams(params, values) };
}

/** For programs without params. */
export const noParams: object = defineParams({});
