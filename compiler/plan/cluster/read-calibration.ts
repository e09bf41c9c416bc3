/** Reads what `pipec bench` wrote. */
import { parseJson } from "../solve/json-document.ts";
import type { JsonObject, JsonValue } from "../solve/json-document.ts";
import type { Calibration, MeasuredLengths, MeasuredModel, MeasuredStage } from "./calibration.ts";

/** The calibration, or in words what is wrong with the text. */
export function readCalibration(text: string): Calibration | { readonly wrong: string } {
  const document = parseJson(text);
  if (document.kind === "fault") return { wrong: `it is not JSON: expected ${document.expected}` };
  if (document.kind !== "object") return { wrong: "it is no JSON object" };
  const version = scalar(document, "version");
  if (version !== 1) return { wrong: "its `version` is not 1" };
  const machine = scalar(document, "machine");
  const models = items(document, "models").map(readModelEntry);
  const stages = items(document, "stages").map(readStageEntry);
  const lengths = items(document, "lengths").map(readLengthsEntry);
  if (lengths.includes(undefined)) return { wrong: "an entry of `lengths` lacks its model or rows, a row its dims or share, or the shares do not add up to 1" };
  if (typeof machine !== "string") return { wrong: "it has no `machine`" };
  if (models.includes(undefined)) return { wrong: "an entry of `models` lacks its name, batch, threads or msPerBatch" };
  if (stages.includes(undefined)) return { wrong: "an entry of `stages` lacks its label or nsPerSourceRow" };
  const coreSpeed = positive(document, "coreSpeed");
  if (coreSpeed === undefined) return { wrong: "it has no `coreSpeed`" };
  return { version, machine, coreSpeed, models: models.filter((entry) => entry !== undefined), stages: stages.filter((entry) => entry !== undefined), lengths: lengths.filter((entry) => entry !== undefined) };
}

function readModelEntry(value: JsonValue): MeasuredModel | undefined {
  if (value.kind !== "object") return undefined;
  const name = scalar(value, "name");
  const [batch, threads, msPerBatch] = ["batch", "threads", "msPerBatch"].map((field) => positive(value, field));
  const onRows = scalar(value, "onRows") === true ? { onRows: true } : {};
  return typeof name === "string" && batch !== undefined && threads !== undefined && msPerBatch !== undefined ? { name, batch, threads, msPerBatch, ...onRows } : undefined;
}

function readStageEntry(value: JsonValue): MeasuredStage | undefined {
  if (value.kind !== "object") return undefined;
  const label = scalar(value, "label");
  const [nsPerSourceRow, rowsPerSource] = ["nsPerSourceRow", "rowsPerSource"].map((field) => positive(value, field));
  const pipeline = scalar(value, "pipeline");
  if (typeof label !== "string" || nsPerSourceRow === undefined) return undefined;
  return { ...(typeof pipeline === "string" ? { pipeline } : {}), label, nsPerSourceRow, ...(rowsPerSource === undefined ? {} : { rowsPerSource }) };
}

function readLengthsEntry(value: JsonValue): MeasuredLengths | undefined {
  if (value.kind !== "object") return undefined;
  const model = scalar(value, "model");
  const rows = items(value, "rows").map((item) => {
    const [dims, share] = item.kind === "object" ? [dimsOf(item), positive(item, "share")] : [];
    return dims === undefined || share === undefined ? undefined : { dims, share };
  });
  const known = rows.filter((row) => row !== undefined);
  const total = known.reduce((sum, row) => sum + row.share, 0);
  const isWhole = known.length > 0 && known.length === rows.length && Math.abs(total - 1) < 1e-6;
  return typeof model === "string" && isWhole ? { model, rows: known } : undefined;
}

function dimsOf(row: JsonObject): Readonly<Record<string, number>> | undefined {
  const dims = row.members.get("dims");
  if (dims?.kind !== "object") return undefined;
  const sizes = [...dims.members].flatMap(([name, size]) => (size.kind === "scalar" && typeof size.value === "number" && size.value >= 0 ? [[name, size.value] as const] : []));
  return sizes.length === dims.members.size ? Object.fromEntries(sizes) : undefined;
}

function scalar(object: JsonObject, name: string): string | number | boolean | null | undefined {
  const value = object.members.get(name);
  return value?.kind === "scalar" ? value.value : undefined;
}

function positive(object: JsonObject, name: string): number | undefined {
  const value = scalar(object, name);
  return typeof value === "number" && value > 0 ? value : undefined;
}

function items(object: JsonObject, name: string): readonly JsonValue[] {
  const value = object.members.get(name);
  return value?.kind === "array" ? value.items : [];
}
