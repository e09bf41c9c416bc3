/** A checked program as text, for goldens and `pipec dump --after=check`: types and bounds of everything. */
import type {
  CheckedConstant, CheckedExtern, CheckedFunction, CheckedModel, CheckedParam, CheckedPipeline, CheckedPort, CheckedProgram, CheckedTest, CheckedWrite,
  Settings, SettingValue, Stream,
} from "./checked-program.ts";
import { printArgs, printEntries, printExpr } from "./print-expr.ts";
import { printConstant, printType, showDim } from "./print-type.ts";

export function printCheckedProgram(program: CheckedProgram): string {
  const parts = [
    ...program.params.map(printParam),
    ...program.secrets.map((secret) => `secret ${secret.name} from ${printExpr(secret.from)}`),
    ...program.constants.map(printConst),
    ...program.models.map(printModel),
    ...program.externs.map(printExtern),
    ...program.functions.map(printFunction),
    ...program.pipelines.map(printPipeline),
    ...program.tests.map(printTest),
  ];
  return parts.map((part) => `${part}\n`).join("");
}

function printParam(param: CheckedParam): string {
  const range = param.range === undefined ? "" : ` in ${printConstant(param.range.low)}..${printConstant(param.range.high)}`;
  const value = param.default === undefined ? "" : ` = ${printConstant(param.default)}`;
  const fixed = param.fixedAt === "run" ? "" : `, fixed at build${param.value === undefined ? "" : ` to ${printConstant(param.value)}`}`;
  return `param ${param.name}: ${printType(param.type)}${range}${value}${fixed}`;
}

function printConst(constant: CheckedConstant): string {
  const head = `const ${constant.name}: ${printType(constant.type)}`;
  switch (constant.kind) {
    case "plain": return `${head} = ${printConstant(constant.value)}`;
    case "resource": return `${head} = ${printExpr(constant.value)}, loaded once per worker`;
    case "table": return [`${head}, by ${printExpr(constant.key)}`, ...constant.steps.map((step) => `  ${printStream(step)}`)].join("\n");
  }
}

function printModel(model: CheckedModel): string {
  const batch = !model.batched ? "one row per call" : model.fixedBatch === undefined ? "batched" : `batches of ${model.fixedBatch}`;
  const weights = model.weightBytes === undefined ? "" : `, ${model.weightBytes} bytes of weights`;
  const activations = model.activationBytes === undefined ? "" : `, ${showDim(model.activationBytes)} bytes of activations`;
  const bounds = Object.entries(model.bounds).map(([name, { low, high }]) => `  ${name} in ${low}..${high ?? ""}`);
  const pads = Object.entries(model.pad).map(([name, { multiple, fill }]) => `  pad ${name} to multiples of ${multiple} with ${Object.entries(fill).map(([port, value]) => `${port}: ${value}`).join(", ")}`);
  return [
    `model ${model.name} from "${model.file}", ${batch}${weights}${activations}`,
    ...model.inputs.map((port) => `  input ${printPortLine(port)}`), ...model.outputs.map((port) => `  output ${printPortLine(port)}`), ...bounds, ...pads,
  ].join("\n");
}

function printPortLine(port: CheckedPort): string {
  const outside = port.port === port.name ? "" : ` from "${port.port}"`;
  const batch = port.batchAxis === undefined ? ", no batch axis" : port.batchAxis === 0 ? "" : `, batch axis ${port.batchAxis}`;
  return `${port.name}: ${printType({ kind: "tensor", dtype: port.dtype, shape: port.rowShape })}${outside}${batch}${port.checkedAtRun ? ", checked on every batch" : ""}`;
}

function printExtern(extern: CheckedExtern): string {
  const params = extern.parameters.map((param) => `${param.name}: ${printType(param.type)}`).join(", ");
  return `extern fn ${extern.name}(${params}) -> ${printType(extern.result)} from "${extern.module}"${printSettings(extern.settings)}`;
}

function printFunction(fn: CheckedFunction): string {
  const params = fn.parameters.map((param) => `${param.symbol}: ${printType(param.type)}`).join(", ");
  const lets = fn.lets.map((one) => `  ${one.symbol}: ${printType(one.value.type)} = ${printExpr(one.value)}`);
  return [`${fn.async ? "async " : ""}fn ${fn.symbol}(${params}) -> ${printType(fn.result)}`, ...lets, `  = ${printExpr(fn.body)}`].join("\n");
}

function printPipeline(pipeline: CheckedPipeline): string {
  const bounds = [...pipeline.dims.bounds].map(([name, { low, high }]) => `  where ${name} in ${low ?? 0}..${high ?? ""}`);
  const limits = pipeline.dims.limits.map(({ dim, high }) => `  where ${showDim(dim)} <= ${high}`).filter((line, index, all) => all.indexOf(line) === index);
  return [
    `pipeline ${pipeline.name}${printSettings(pipeline.settings)}`,
    ...pipeline.streams.map((stream) => `  ${printStream(stream)}`), ...pipeline.writes.map((write) => `  ${printWrite(write)}`), ...bounds, ...limits,
  ].join("\n");
}

function printStream(stream: Stream): string {
  const name = stream.name === undefined ? "" : ` ${stream.name}`;
  const open = stream.lineage.explodes.length === 0 ? "" : ` in ${stream.lineage.explodes.map((id) => `#${id}`).join(", ")}`;
  const fields = stream.row.fields.map((field) => `${field.name}: ${printType(field.type)} <= ${stream.bytesMax[field.name] ?? 0} B`).join(", ");
  return `#${stream.id}${name} = ${printStep(stream)}${printSettings(stream.settings)}\n    of #${stream.lineage.read}${open}: { ${fields} }`;
}

function printStep(stream: Stream): string {
  switch (stream.kind) {
    case "read": return `read ${stream.read.source}(${printArgs(stream.read.args)})`;
    case "map": return `#${stream.input} |> { ${printEntries(stream.record)} }`;
    case "filter": return `#${stream.input} |> filter(${printExpr(stream.predicate)})`;
    case "explode": return `#${stream.input} |> explode(${stream.fields.map((field) => `${field.name}: ${printExpr(field.value)}`).join(", ")}), at most ${stream.childrenMax ?? "?"}`;
    case "implode": {
      const aggregates = stream.aggregates.map((one) => `${one.name}: ${one.operator}(${[...(one.of === undefined ? [] : [printExpr(one.of)]), ...(Object.keys(one.args).length === 0 ? [] : [printArgs(one.args)])].join(", ")})`);
      return `#${stream.input} |> implode(${aggregates.join(", ")}), carrying ${stream.carried.join(", ") || "nothing"}`;
    }
    case "dedupe": return `#${stream.input} |> dedupe(by: ${printExpr(stream.key)}, distance: ${stream.distance}, keys: ${stream.keysMax})`;
    case "limit": return `#${stream.input} |> limit(${printExpr(stream.rows)})`;
    case "sample": return `#${stream.input} |> sample(${printExpr(stream.fraction)}, seed: ${printExpr(stream.seed)})`;
    case "zip": return `zip(${stream.inputs.map((id) => `#${id}`).join(", ")})`;
  }
}

function printWrite(write: CheckedWrite): string {
  return `write #${write.stream} to ${write.sink}(${printArgs(write.args)})${printSettings(write.settings)}`;
}

function printSettings(settings: Settings): string {
  const entries = Object.entries(settings);
  return entries.length === 0 ? "" : ` with { ${entries.map(([name, value]) => `${name}: ${printSetting(value)}`).join(", ")} }`;
}

function printSetting(setting: SettingValue): string {
  switch (setting.kind) {
    case "constant": return printConstant(setting.value);
    case "expr": return printExpr(setting.value);
    case "call": return `${setting.name}(${Object.entries(setting.args).map(([name, value]) => `${name}: ${printSetting(value)}`).join(", ")})`;
    case "record": return `{ ${Object.entries(setting.fields).map(([name, value]) => `${name}: ${printSetting(value)}`).join(", ")} }`;
  }
}

function printTest(test: CheckedTest): string {
  return [
    `test ${JSON.stringify(test.name)}`,
    ...test.givens.map((given) => `  given ${given.pipeline}.${given.name} = ${printExpr(given.rows)}`),
    ...test.expects.map((expect) => `  expect ${printExpr(expect.value)}`),
  ].join("\n");
}

