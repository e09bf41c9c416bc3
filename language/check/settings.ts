/** Settings blocks: known keys, types and ranges by the schema of their place. Values are constants, save for paths. */
import type { ConstantValue } from "../catalog/constant-value.ts";
import { settingCodes } from "../diagnostics/codes/settings.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listOf } from "../names/resolve.ts";
import type { Argument, CallExpr, Expr as AstExpr, Identifier, ListExpr, RecordExpr, Settings as AstSettings } from "../syntax/ast.ts";
import type { Settings, SettingValue } from "./checked-program.ts";
import { complain } from "./context.ts";
import type { Scope } from "./context.ts";
import { checkExpr, settle } from "./expr.ts";
import { foldExpr } from "./fold.ts";
import { constantOfExpr } from "./named-constant.ts";
import { hasError } from "./pattern.ts";
import { printConstant, printType } from "./print-type.ts";
import { describeSchema, placeNames, settingSchemas } from "./settings-schema.ts";
import type { SettingPlace, SettingSchema } from "./settings-schema.ts";

/** The settings of a block that are as they should be; the others are reported. */
export function checkSettings(scope: Scope, block: AstSettings, place: SettingPlace): Settings {
  const schemas = settingSchemas[place];
  const settings: Record<string, SettingValue> = {};
  const seen = new Map<string, Identifier>();
  for (const { key, value } of block.entries) {
    if (key.name === "") continue;
    const schema = schemas[key.name];
    const earlier = seen.get(key.name);
    if (schema === undefined) complainUnknown(scope, key, place, Object.keys(schemas));
    else if (earlier !== undefined) {
      complain(scope.cx, settingCodes.twice, { name: key.name }, { at: key.span, others: [{ span: earlier.span, text: "first here" }] });
    } else {
      const read = readSetting(scope, schema, value, key.name);
      if (read !== undefined) settings[key.name] = read;
    }
    if (earlier === undefined) seen.set(key.name, key);
  }
  return settings;
}

function complainUnknown(scope: Scope, key: Identifier, place: SettingPlace, names: readonly string[]): void {
  const elsewhere = (Object.keys(settingSchemas) as SettingPlace[]).find((other) => Object.hasOwn(settingSchemas[other], key.name));
  if (elsewhere !== undefined) {
    complain(scope.cx, settingCodes.wrongPlace, { name: key.name, place: placeNames[place] }, { at: key.span, reason: `\`${key.name}\` is a setting of ${placeNames[elsewhere]}` });
    return;
  }
  const near = suggest(key.name, names);
  complain(scope.cx, settingCodes.unknown, { name: key.name, place: placeNames[place] }, {
    at: key.span,
    reason: names.length === 0 ? `${placeNames[place]} has no settings; what a file is like is said in the brackets of its sink` : `the settings of ${placeNames[place]} are ${listOf(names)}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: key.span, replacement: near }] } }),
  });
}

function readSetting(scope: Scope, schema: SettingSchema, ast: AstExpr, name: string): SettingValue | undefined {
  if (ast.kind === "missing") return undefined;
  const options = schema.kind === "oneOf" ? schema.options : [schema];
  if (options.some((option) => option.kind === "free")) {
    if (ast.kind !== "recordExpr") complainType(scope, schema, ast, name, undefined);
    return undefined;
  }
  if (ast.kind === "call") {
    const option = options.find((candidate) => candidate.kind === "call" && candidate.name === ast.callee.name);
    if (option?.kind === "call") return readCall(scope, option, ast, name);
  }
  if (ast.kind === "recordExpr") {
    const option = options.find((candidate) => candidate.kind === "record");
    if (option?.kind === "record") return readRecord(scope, option, ast, name);
  }
  if (ast.kind === "list") {
    const option = options.find((candidate) => candidate.kind === "list");
    if (option?.kind === "list") return readList(scope, option, ast, name);
  }
  const plain = options.filter((option) => option.kind !== "call" && option.kind !== "record");
  if (ast.kind === "call" && !plain.some((option) => option.kind === "path" || option.kind === "text") && plain.length < options.length) {
    complainType(scope, schema, ast, name, undefined);
    return undefined;
  }
  return readValue(scope, schema, plain, ast, name);
}

function readList(scope: Scope, schema: Extract<SettingSchema, { kind: "list" }>, ast: ListExpr, name: string): SettingValue | undefined {
  const items = ast.elements.map((element) => readSetting(scope, schema.of, element, name));
  const values = items.flatMap((item) => (item?.kind === "constant" ? [item.value] : []));
  return values.length === ast.elements.length ? { kind: "constant", value: { kind: "list", items: values }, span: ast.span } : undefined;
}

function readValue(scope: Scope, schema: SettingSchema, options: readonly SettingSchema[], ast: AstExpr, name: string): SettingValue | undefined {
  const expr = settle(scope, checkExpr(scope, ast));
  if (hasError(expr.type)) return undefined;
  const isPath = options.some((option) => option.kind === "path");
  if (isPath && expr.type.kind === "string") {
    const value = foldExpr(expr);
    return value === undefined ? { kind: "expr", value: expr, span: ast.span } : { kind: "constant", value, span: ast.span };
  }
  const value = constantOfExpr(scope.cx, expr, (fix) => fix());
  if (value === undefined) {
    complain(scope.cx, settingCodes.notConstant, { name }, { at: ast.span, label: `this is ${printType(expr.type)}`, reason: "settings are decided before the first row" });
    return undefined;
  }
  const fits = options.map((option) => accept(option, value));
  const accepted = fits.find((fit) => typeof fit === "object");
  if (accepted !== undefined && typeof accepted === "object") return { kind: "constant", value: accepted, span: ast.span };
  if (fits.includes("range")) {
    complain(scope.cx, settingCodes.outOfRange, { name, value: printConstant(value), wanted: describeSchema(schema) }, { at: ast.span });
    return undefined;
  }
  complainType(scope, schema, ast, name, value);
  return undefined;
}

/** The value as the setting keeps it; "range" where its type is right but not its value; "type" otherwise. */
function accept(schema: SettingSchema, value: ConstantValue): ConstantValue | "range" | "type" {
  switch (schema.kind) {
    case "int":
      if (value.kind !== "int") return "type";
      return value.value >= schema.low && (schema.high === undefined || value.value <= schema.high) ? value : "range";
    case "intRange":
      if (value.kind !== "range" || value.low.kind !== "int" || value.high.kind !== "int") return "type";
      return value.low.value >= schema.low ? value : "range";
    case "bool": return value.kind === "bool" ? value : "type";
    case "ratio": {
      const isRatio = value.kind === "float" || value.kind === "int" || (value.kind === "quantity" && value.measure === "ratio");
      if (!isRatio) return "type";
      const share = Number(value.value);
      return share >= 0 && share <= 1 ? { kind: "quantity", measure: "ratio", value: share } : "range";
    }
    case "quantity":
      if (value.kind !== "quantity" || value.measure !== schema.measure) return "type";
      return value.value > 0 ? value : "range";
    case "word": return value.kind === "string" && schema.words.includes(value.value) ? value : "type";
    case "text":
    case "path":
      return value.kind === "string" ? value : "type";
    case "hardware": return value.kind === "call" && value.name === "hardware" ? value : "type";
    case "list": {
      if (value.kind !== "list") return "type";
      const items = value.items.map((item) => accept(schema.of, item));
      const kept = items.filter((item) => typeof item === "object");
      return kept.length === items.length ? { kind: "list", items: kept } : items.includes("type") ? "type" : "range";
    }
    case "oneOf": {
      const fits = schema.options.map((option) => accept(option, value));
      return fits.find((fit) => typeof fit === "object") ?? (fits.includes("range") ? "range" : "type");
    }
    case "record":
    case "call":
    case "free":
      return "type";
  }
}

function complainType(scope: Scope, schema: SettingSchema, ast: AstExpr, name: string, value: ConstantValue | undefined): void {
  const words = schema.kind === "oneOf" ? schema.options.flatMap((option) => (option.kind === "word" ? option.words : [])) : schema.kind === "word" ? schema.words : [];
  const near = value?.kind === "string" ? suggest(value.value, words) : undefined;
  complain(scope.cx, settingCodes.wrongType, { name, wanted: describeSchema(schema) }, {
    at: ast.span,
    ...(value === undefined ? {} : { label: `this is ${printConstant(value)}` }),
    ...(near === undefined ? {} : { fix: { text: `write \`"${near}"\``, edits: [{ span: ast.span, replacement: `"${near}"` }] } }),
  });
}

function readCall(scope: Scope, schema: Extract<SettingSchema, { kind: "call" }>, ast: CallExpr, name: string): SettingValue {
  const names = Object.keys(schema.args);
  const args: Record<string, SettingValue> = {};
  const given = new Set<string>();
  let place = 0;
  for (const arg of ast.args) {
    const key = arg.name?.name ?? names[place++];
    const option = key === undefined ? undefined : schema.args[key];
    if (key === undefined || option === undefined) {
      complainPart(scope, arg, schema.name, key, names);
      continue;
    }
    given.add(key);
    const read = readSetting(scope, option, arg.value, `${name}.${key}`);
    if (read !== undefined) args[key] = read;
  }
  complainMissing(scope, ast, schema.name, schema.required.filter((key) => !given.has(key)));
  return { kind: "call", name: schema.name, args, span: ast.span };
}

function complainPart(scope: Scope, arg: Argument, callee: string, key: string | undefined, names: readonly string[]): void {
  const near = key === undefined ? undefined : suggest(key, names);
  const span = arg.name?.span ?? arg.span;
  complain(scope.cx, settingCodes.unknown, { name: key ?? "a further value", place: `\`${callee}\`` }, {
    at: span, reason: `\`${callee}\` takes ${listOf(names)}`,
    ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span, replacement: near }] } }),
  });
}

function complainMissing(scope: Scope, ast: AstExpr, what: string, missing: readonly string[]): void {
  if (missing.length === 0) return;
  complain(scope.cx, settingCodes.missingPart, { what, names: missing.map((key) => `\`${key}\``).join(", ") }, { at: ast.span });
}

function readRecord(scope: Scope, schema: Extract<SettingSchema, { kind: "record" }>, ast: RecordExpr, name: string): SettingValue {
  const names = Object.keys(schema.fields);
  const fields: Record<string, SettingValue> = {};
  const given = new Set<string>();
  for (const entry of ast.entries) {
    if (entry.kind !== "entry") {
      complain(scope.cx, settingCodes.wrongType, { name, wanted: describeSchema(schema) }, { at: entry.span });
      continue;
    }
    const key = entry.key.name;
    const option = schema.fields[key];
    if (option === undefined) {
      const near = suggest(key, names);
      complain(scope.cx, settingCodes.unknown, { name: key, place: `\`${name}\`` }, {
        at: entry.key.span, reason: `\`${name}\` has ${listOf(names)}`,
        ...(near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [{ span: entry.key.span, replacement: near }] } }),
      });
      continue;
    }
    given.add(key);
    const read = readSetting(scope, option, entry.value, `${name}.${key}`);
    if (read !== undefined) fields[key] = read;
  }
  complainMissing(scope, ast, name, schema.required.filter((key) => !given.has(key)));
  return { kind: "record", fields, span: ast.span };
}
