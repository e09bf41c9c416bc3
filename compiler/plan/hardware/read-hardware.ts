/**
 * Reads a hardware file (`--hw`): the JSON form of `Hardware`, in which a machine may be the name of a preset
 * ("aws.g4dn_12xlarge") and a device or core the name of a device ("T4"). Reports all problems, not only the first.
 */
import { hardwareCodes } from "../../../language/diagnostics/codes/hardware.ts";
import { hasErrors, report } from "../../../language/diagnostics/diagnostic.ts";
import type { Diagnostic } from "../../../language/diagnostics/diagnostic.ts";
import { suggest } from "../../../language/diagnostics/suggest.ts";
import type { SourceFile } from "../../../language/source/source-file.ts";
import type { Span } from "../../../language/source/span.ts";
import type { DeviceGroup, DeviceType, Hardware, Link, NodeGroup, NodeType, Price } from "../../../stdlib/hw/hardware.ts";
import { devices } from "../../../stdlib/hw/devices.ts";
import { findDeviceType, findNodeType, nodeTypeNames } from "../../../stdlib/hw/presets.ts";
import { parseJson } from "../solve/json-document.ts";
import type { JsonObject, JsonValue } from "../solve/json-document.ts";

export interface ReadHardware {
  /** Undefined if there are errors. */
  readonly hardware: Hardware | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Machines and devices of one kind at most: sums of them stay exact. */
const COUNT_MAX = 1_000_000;
const NUMBER_MAX = 1e24;

/** The hardware a file describes, or what is wrong with the file. */
export function readHardware(source: SourceFile): ReadHardware {
  const diagnostics: Diagnostic[] = [];
  const document = parseJson(source.text);
  if (document.kind === "fault") {
    const at = { file: source.path, start: document.offset, end: Math.min(document.offset + 1, source.text.length) };
    const found = document.offset >= source.text.length ? "the end of the file" : `\`${source.text[document.offset] ?? ""}\``;
    return { hardware: undefined, diagnostics: [report(hardwareCodes.hardwareNotJson, { expected: document.expected, found }, { at })] };
  }
  const reader = createReader(source, diagnostics);
  const root = reader.object(document, "the file", "hardware");
  const hardware = root === undefined ? undefined : readRoot(reader, root);
  return { hardware: hasErrors(diagnostics) ? undefined : hardware, diagnostics };
}

interface Reader {
  object(value: JsonValue, where: string, field: string): JsonObject | undefined;
  /** Reports fields other than these. */
  only(object: JsonObject, where: string, fields: readonly string[]): void;
  field(object: JsonObject, where: string, name: string): JsonValue | undefined;
  number(object: JsonObject, where: string, name: string, range?: NumberRange): number;
  text(object: JsonObject, where: string, name: string): string;
  flag(object: JsonObject, where: string, name: string): boolean;
  items(object: JsonObject, where: string, name: string): readonly JsonValue[];
  wrong(value: JsonValue, where: string, field: string, expected: string): void;
  unknown(value: JsonValue, name: string, what: string, candidates: readonly string[]): void;
}

interface NumberRange {
  readonly integer?: boolean;
  readonly above?: number;
  readonly most?: number;
}

function createReader(source: SourceFile, diagnostics: Diagnostic[]): Reader {
  const spanOf = ({ start, end }: JsonValue): Span => ({ file: source.path, start, end });
  const wrong: Reader["wrong"] = (value, where, field, expected) => {
    diagnostics.push(report(hardwareCodes.hardwareValue, { where, field, expected }, { at: spanOf(value) }));
  };
  const field: Reader["field"] = (object, where, name) => {
    const value = object.members.get(name);
    if (value === undefined) diagnostics.push(report(hardwareCodes.hardwareMissing, { where, field: name }, { at: spanOf(object) }));
    return value;
  };
  return {
    wrong,
    field,
    object(value, where, name) {
      if (value.kind === "object") return value;
      wrong(value, where, name, "an object");
      return undefined;
    },
    only(object, where, fields) {
      for (const [name, value] of object.members) {
        if (fields.includes(name)) continue;
        const near = suggest(name, fields);
        const fix = near === undefined ? {} : { fix: { text: `write \`${near}\``, edits: [] } };
        diagnostics.push(report(hardwareCodes.hardwareUnknownField, { where, field: name }, { at: spanOf(value), ...fix }));
      }
    },
    number(object, where, name, range = {}) {
      const value = field(object, where, name);
      if (value === undefined) return 0;
      const number = value.kind === "scalar" ? value.value : undefined;
      const { integer = false, above = -1, most = NUMBER_MAX } = range;
      if (typeof number === "number" && number > above && number >= 0 && number <= most && (!integer || Number.isInteger(number))) return number;
      wrong(value, where, name, `${integer ? "an integer" : "a number"} ${above >= 0 ? `above ${above}` : "from 0"}${most === NUMBER_MAX ? "" : ` up to ${most}`}`);
      return 0;
    },
    text(object, where, name) {
      const value = field(object, where, name);
      if (value?.kind === "scalar" && typeof value.value === "string") return value.value;
      if (value !== undefined) wrong(value, where, name, "text in quotes");
      return "";
    },
    flag(object, where, name) {
      const value = field(object, where, name);
      if (value?.kind === "scalar" && typeof value.value === "boolean") return value.value;
      if (value !== undefined) wrong(value, where, name, "true or false");
      return false;
    },
    items(object, where, name) {
      const value = field(object, where, name);
      if (value?.kind === "array") return value.items;
      if (value !== undefined) wrong(value, where, name, "a list");
      return [];
    },
    unknown(value, name, what, candidates) {
      const near = suggest(name, candidates);
      const fix = { text: near === undefined ? "`pipec hw show` lists them" : `write \`${near}\``, edits: [] };
      diagnostics.push(report(hardwareCodes.hardwareUnknownName, { name, what }, { at: spanOf(value), fix }));
    },
  };
}

function readRoot(reader: Reader, root: JsonObject): Hardware {
  reader.only(root, "the hardware", ["$schema", "nodes"]);
  const groups = reader.items(root, "the hardware", "nodes").flatMap((item, index): NodeGroup[] => {
    const where = `node group ${index + 1}`;
    const group = reader.object(item, where, "nodes");
    if (group === undefined) return [];
    reader.only(group, where, ["count", "node"]);
    const count = reader.number(group, where, "count", { integer: true, above: 0, most: COUNT_MAX });
    const value = reader.field(group, where, "node");
    const node = value === undefined ? undefined : readNode(reader, value, `the machine of ${where}`);
    return node === undefined ? [] : [{ count, node }];
  });
  const nodes = root.members.get("nodes");
  if (nodes?.kind === "array" && nodes.items.length === 0) reader.wrong(nodes, "the hardware", "nodes", "a list of at least one machine");
  return { nodes: groups };
}

const NODE_FIELDS = ["name", "cores", "core", "memoryBytes", "devices", "deviceLink", "linkDomain", "hostLink", "network", "price", "source"];

function readNode(reader: Reader, value: JsonValue, where: string): NodeType | undefined {
  if (value.kind === "scalar" && typeof value.value === "string") {
    const preset = findNodeType(value.value);
    if (preset === undefined) reader.unknown(value, value.value, "machine type", nodeTypeNames());
    return preset;
  }
  const object = reader.object(value, where, "node");
  if (object === undefined) return undefined;
  reader.only(object, where, NODE_FIELDS);
  const core = reader.field(object, where, "core");
  const price = object.members.get("price");
  const groups = reader.items(object, where, "devices").flatMap((item, index) => readDeviceGroup(reader, item, `device group ${index + 1} of ${where}`));
  return {
    name: reader.text(object, where, "name"),
    cores: reader.number(object, where, "cores", { integer: true, above: 0, most: COUNT_MAX }),
    core: (core === undefined ? undefined : readDevice(reader, core, `the core of ${where}`)) ?? noDevice,
    memoryBytes: reader.number(object, where, "memoryBytes"),
    devices: groups,
    deviceLink: readLink(reader, object, where, "deviceLink"),
    ...(object.members.has("linkDomain") ? { linkDomain: reader.number(object, where, "linkDomain", { integer: true, above: 0, most: COUNT_MAX }) } : {}),
    hostLink: readLink(reader, object, where, "hostLink"),
    network: readLink(reader, object, where, "network"),
    ...(price === undefined ? {} : { price: readPrice(reader, price, `the price of ${where}`) }),
    source: reader.text(object, where, "source"),
  };
}

/** Stands for a device that could not be read; its reader has errors, so nobody sees it. */
const noDevice: DeviceType = { name: "", provider: "cpu", memoryBytes: 0, memoryBytesPerSecond: 0, peakFlopsPerSecond: {}, efficiency: 0, launchUs: 0, source: "" };

function readDeviceGroup(reader: Reader, item: JsonValue, where: string): readonly DeviceGroup[] {
  const group = reader.object(item, where, "devices");
  if (group === undefined) return [];
  reader.only(group, where, ["count", "device"]);
  const count = reader.number(group, where, "count", { integer: true, above: 0, most: COUNT_MAX });
  const value = reader.field(group, where, "device");
  const device = value === undefined ? undefined : readDevice(reader, value, `the device of ${where}`);
  return device === undefined ? [] : [{ count, device }];
}

const DEVICE_FIELDS = ["name", "provider", "memoryBytes", "memoryBytesPerSecond", "peakFlopsPerSecond", "efficiency", "launchUs", "source"];
const RATES = ["f32", "tf32", "f16", "bf16", "f8", "i8"] as const;

function readDevice(reader: Reader, value: JsonValue, where: string): DeviceType | undefined {
  if (value.kind === "scalar" && typeof value.value === "string") {
    const found = findDeviceType(value.value);
    if (found === undefined) reader.unknown(value, value.value, "device", devices.map((device) => device.name));
    return found;
  }
  const object = reader.object(value, where, "device");
  if (object === undefined) return undefined;
  reader.only(object, where, DEVICE_FIELDS);
  const provider = reader.text(object, where, "provider");
  const given = object.members.get("provider");
  if (given !== undefined && provider !== "cpu" && provider !== "cuda") reader.wrong(given, where, "provider", '"cpu" or "cuda"');
  return {
    name: reader.text(object, where, "name"),
    provider: provider === "cuda" ? "cuda" : "cpu",
    memoryBytes: reader.number(object, where, "memoryBytes"),
    memoryBytesPerSecond: reader.number(object, where, "memoryBytesPerSecond", { above: 0 }),
    peakFlopsPerSecond: readRates(reader, object, where),
    efficiency: reader.number(object, where, "efficiency", { above: 0, most: 1 }),
    launchUs: reader.number(object, where, "launchUs"),
    source: reader.text(object, where, "source"),
  };
}

function readRates(reader: Reader, device: JsonObject, where: string): DeviceType["peakFlopsPerSecond"] {
  const value = reader.field(device, where, "peakFlopsPerSecond");
  const object = value === undefined ? undefined : reader.object(value, where, "peakFlopsPerSecond");
  if (object === undefined) return {};
  const what = `the peak rates of ${where}`;
  reader.only(object, what, RATES);
  reader.field(object, what, "f32");
  return Object.fromEntries(RATES.flatMap((rate) => (object.members.has(rate) ? [[rate, reader.number(object, what, rate, { above: 0 })]] : [])));
}

function readLink(reader: Reader, node: JsonObject, where: string, name: string): Link {
  const value = reader.field(node, where, name);
  const object = value === undefined ? undefined : reader.object(value, where, name);
  if (object === undefined) return { latencyUs: 0, bytesPerSecond: 0, shared: false };
  const what = `\`${name}\` of ${where}`;
  reader.only(object, what, ["latencyUs", "bytesPerSecond", "shared"]);
  return {
    latencyUs: reader.number(object, what, "latencyUs"),
    bytesPerSecond: reader.number(object, what, "bytesPerSecond", { above: 0 }),
    shared: reader.flag(object, what, "shared"),
  };
}

function readPrice(reader: Reader, value: JsonValue, where: string): Price {
  const object = reader.object(value, where, "price");
  if (object === undefined) return { dollarsPerHour: 0, region: "", asOf: "" };
  reader.only(object, where, ["dollarsPerHour", "region", "asOf"]);
  return { dollarsPerHour: reader.number(object, where, "dollarsPerHour"), region: reader.text(object, where, "region"), asOf: reader.text(object, where, "asOf") };
}
