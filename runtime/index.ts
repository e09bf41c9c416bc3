/** `pipec/runtime`: everything an emitted program needs. */
export { add, div, mul, neg, sub } from "./contract/arithmetic.ts";
export { cast } from "./contract/cast.ts";
export { contains, equal, less, lessEqual } from "./contract/comparison.ts";
export { defineProgram, noParams } from "./contract/define-program.ts";
export type { Program } from "./contract/define-program.ts";
export { extern } from "./contract/extern.ts";
export { checkShape, listAt, tensorAt } from "./contract/indexing.ts";
export { JobError, RowError } from "./contract/kernel.ts";
export { defineParams } from "./contract/params.ts";
export { fixture, programFile } from "./contract/program-folder.ts";
export { inRange, pick } from "./contract/records.ts";
export { resource } from "./contract/resource.ts";
export { defineTests } from "./contract/tests.ts";
export { loadTable } from "./contract/table.ts";
export type { Table } from "./contract/table.ts";
export { reshape, stack } from "./contract/tensor.ts";
export type { Dtype, RecordValue, Row, Tensor, Value } from "./contract/value.ts";
