/**
 * The areas of the catalogue, one line each. An area is a file that exports one object of codes, all in its range:
 * P01xx syntax, P02xx names, imports and params, P03xx types and values, P04xx dimensions, bounds and bytesMax,
 * P05xx models and ports, P06xx streams, lineage and rows, P07xx settings and hardware, P08xx plan, build and command
 * line, P09xx tests and externs, P10xx ONNX and model files, P11xx planner and sharding.
 */
export * from "./syntax.ts";
export * from "./onnx.ts";
export * from "./onnx-infer.ts";
export * from "./build.ts";
export * from "./names.ts";
export * from "./types.ts";
export * from "./dims.ts";
export * from "./models.ts";
export * from "./streams.ts";
export * from "./settings.ts";
export * from "./tests.ts";
export * from "./hardware.ts";
export * from "./planner.ts";
export * from "./cluster-plan.ts";
export * from "./shard.ts";
