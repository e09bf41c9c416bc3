/** Reading checked settings: the checker has seen to their types, so a setting of another shape is our own bug. */
import type { ConstantValue } from "../../language/catalog/constant-value.ts";
import type { Expr, Settings, SettingValue } from "../../language/check/checked-program.ts";

/** The constant under `name`, if it is set. */
export function constantSetting(settings: Settings, name: string): ConstantValue | undefined {
  const value = settings[name];
  return value?.kind === "constant" ? value.value : undefined;
}

/** A number of any kind (integer, float or quantity in its base unit). */
export function numberOf(value: ConstantValue | undefined): number | undefined {
  switch (value?.kind) {
    case "int":
      return Number(value.value);
    case "float":
    case "quantity":
      return value.value;
    default:
      return undefined;
  }
}

export function numberSetting(settings: Settings, name: string): number | undefined {
  return numberOf(constantSetting(settings, name));
}

export function stringSetting(settings: Settings, name: string): string | undefined {
  const value = constantSetting(settings, name);
  return value?.kind === "string" ? value.value : undefined;
}

/** A count that may be given as a range `low..high` (the first plan takes the low end) or as `"auto"` (undefined). */
export function countSetting(settings: Settings, name: string): number | undefined {
  return countOf(constantSetting(settings, name));
}

export function countOf(value: ConstantValue | undefined): number | undefined {
  return value?.kind === "range" ? numberOf(value.low) : numberOf(value);
}

/** The ends of a range `low..high`; undefined for anything else. */
export function rangeOf(value: ConstantValue | undefined): { readonly low: number; readonly high: number } | undefined {
  if (value?.kind !== "range") return undefined;
  const [low, high] = [numberOf(value.low), numberOf(value.high)];
  return low === undefined || high === undefined ? undefined : { low, high };
}

/** The settings of a block such as `checkpoint: { at, every }`, whichever way the checker kept it. */
export function settingFields(value: SettingValue | undefined): Settings | undefined {
  switch (value?.kind) {
    case "record":
      return value.fields;
    case "call":
      return value.args;
    case "constant":
      return value.value.kind === "record" || value.value.kind === "call" ? constantFields(value.value, value.span) : undefined;
    default:
      return undefined;
  }
}

function constantFields(value: Extract<ConstantValue, { kind: "record" | "call" }>, span: SettingValue["span"]): Settings {
  const fields = value.kind === "record" ? value.fields : value.args;
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, { kind: "constant" as const, value: field, span }]));
}

/** The value of an argument that is known while compiling; arguments of optional parameters arrive wrapped. */
export function constantArgument(expr: Expr | undefined): ConstantValue | undefined {
  switch (expr?.kind) {
    case "constant":
      return expr.value;
    case "narrow":
      return constantArgument(expr.value);
    case "list": {
      const items = expr.items.map(constantArgument);
      return items.every((item) => item !== undefined) ? { kind: "list", items } : undefined;
    }
    default:
      return undefined;
  }
}

/** A list of strings such as `partition_by`. */
export function stringsArgument(expr: Expr | undefined): readonly string[] {
  const value = constantArgument(expr);
  return value?.kind === "list" ? value.items.flatMap((item) => (item.kind === "string" ? [item.value] : [])) : [];
}
