/** Takes the times of stages from what a program prints at its end with `--json`. */
import { parseJson } from "../solve/json-document.ts";
import type { JsonObject } from "../solve/json-document.ts";
import type { MeasuredStage } from "./calibration.ts";

/**
 * The stages of the last summary in the text (one JSON object a line; lines that are none are skipped). A stage's time
 * is the share of its replicas' time that it was busy, over the rows that came in.
 */
export function readRunSummary(text: string): readonly MeasuredStage[] | undefined {
  for (const line of text.split("\n").toReversed()) {
    const document = line.trim().startsWith("{") ? parseJson(line) : undefined;
    if (document?.kind !== "object") continue;
    const stages = stagesOf(document);
    if (stages.length > 0) return stages;
  }
  return undefined;
}

function stagesOf(summary: JsonObject): readonly MeasuredStage[] {
  const [elapsedMs, rowsOfAll] = [numberOf(summary, "elapsedMs"), numberOf(summary, "rowsIn")];
  // What an earlier run had done took this one no time.
  const rowsIn = rowsOfAll === undefined ? undefined : rowsOfAll - (numberOf(summary, "rowsEarlier") ?? 0);
  const stages = summary.members.get("stages");
  if (stages?.kind !== "array" || elapsedMs === undefined || rowsIn === undefined || !(rowsIn > 0)) return [];
  return stages.items.flatMap((stage): MeasuredStage[] => {
    if (stage.kind !== "object") return [];
    const label = stage.members.get("label");
    const [replicas, busyShare] = [numberOf(stage, "replicas"), numberOf(stage, "busyShare")];
    if (label?.kind !== "scalar" || typeof label.value !== "string" || replicas === undefined || busyShare === undefined) return [];
    const nsPerSourceRow = (busyShare * replicas * elapsedMs * 1e6) / rowsIn;
    return nsPerSourceRow > 0 ? [{ label: label.value, nsPerSourceRow: Number(nsPerSourceRow.toPrecision(4)) }] : [];
  });
}

function numberOf(object: JsonObject, name: string): number | undefined {
  const value = object.members.get(name);
  return value?.kind === "scalar" && typeof value.value === "number" ? value.value : undefined;
}
