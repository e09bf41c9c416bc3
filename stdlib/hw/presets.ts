/** All machine types by vendor and name, and devices by name: the one list that programs, files and commands look in. */
import { aws } from "./aws.ts";
import { devices } from "./devices.ts";
import { generic } from "./generic.ts";
import type { DeviceType, NodeType } from "./hardware.ts";

/** Machine types by vendor; what `import { aws } from "std/hw"` brings in. */
export const vendors: Readonly<Record<string, Readonly<Record<string, NodeType>>>> = { aws, generic };

/** The machine type behind "aws.g4dn_12xlarge". */
export function findNodeType(preset: string): NodeType | undefined {
  const [vendor = "", name = "", more] = preset.split(".");
  const nodes = Object.hasOwn(vendors, vendor) ? vendors[vendor] : undefined;
  return more === undefined && nodes !== undefined && Object.hasOwn(nodes, name) ? nodes[name] : undefined;
}

/** The device of a name such as "T4" or "EPYC Milan core". */
export function findDeviceType(name: string): DeviceType | undefined {
  return devices.find((device) => device.name === name);
}

/** All names that `findNodeType` knows, vendor by vendor. */
export function nodeTypeNames(): readonly string[] {
  return Object.entries(vendors).flatMap(([vendor, nodes]) => Object.keys(nodes).map((name) => `${vendor}.${name}`));
}
