/** `std/hw` for the checker: groups of presets by vendor, each preset a value that names itself. */
import type { ModuleExport } from "../../language/catalog/catalog.ts";
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import { vendors } from "../../stdlib/hw/presets.ts";

/** The exports of `std/hw`. */
export function hardwareModule(): readonly (readonly [string, ModuleExport])[] {
  return Object.entries(vendors).map(([vendor, nodes]) => {
    const fields = Object.fromEntries(Object.keys(nodes).map((name) => [name, presetValue(`${vendor}.${name}`)]));
    const value: ConstantValue = { kind: "record", fields };
    return [vendor, { kind: "value", value, summary: `${Object.keys(nodes).length} machine types of ${vendor}` }] as const;
  });
}

/** The value of `aws.g4dn_12xlarge`. */
function presetValue(preset: string): ConstantValue {
  return { kind: "call", name: "hardware", args: { preset: { kind: "string", value: preset } } };
}
