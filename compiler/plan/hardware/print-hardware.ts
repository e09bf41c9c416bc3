/** Hardware for people (`pipec hw show`). */
import type { DeviceType, Hardware, Link, NodeType } from "../../../stdlib/hw/hardware.ts";
import { devices } from "../../../stdlib/hw/devices.ts";
import { vendors } from "../../../stdlib/hw/presets.ts";

const GIB = 2 ** 30;

/** What a cluster is made of, machine by machine. */
export function printHardware(hardware: Hardware): string {
  return hardware.nodes.map(({ count, node }) => `${count} x ${printNode(node)}`).join("\n");
}

function printNode(node: NodeType): string {
  const lines = [
    node.name,
    `  ${node.cores} x ${printDevice(node.core)}`,
    `  ${gib(node.memoryBytes)} of memory`,
    ...node.devices.map(({ count, device }) => `  ${count} x ${printDevice(device)}`),
    ...(node.devices.length === 0 ? [] : [`  device to device ${printLink(node.deviceLink)}${node.linkDomain === undefined ? "" : ` within each ${node.linkDomain}`}`, `  device to memory ${printLink(node.hostLink)}`]),
    `  network ${printLink(node.network)}`,
    ...(node.price === undefined ? [] : [`  $${node.price.dollarsPerHour} per hour (${node.price.region}, ${node.price.asOf})`]),
    `  from ${node.source}`,
  ];
  return `${lines.join("\n")}\n`;
}

function printDevice(device: DeviceType): string {
  const rates = Object.entries(device.peakFlopsPerSecond).map(([dtype, flops]) => `${dtype} ${tera(flops ?? 0)}`);
  const memory = device.memoryBytes > 0 ? `${gib(device.memoryBytes)} at ` : "";
  return `${device.name}: ${memory}${round(device.memoryBytesPerSecond / 1e9)} GB/s; peak TFLOP/s ${rates.join(", ")}; ${round(device.efficiency * 100)} % of it in use`;
}

function printLink(link: Link): string {
  return `${round(link.bytesPerSecond / 1e9)} GB/s, ${round(link.latencyUs)} us${link.shared ? ", shared" : ""}`;
}

/** The list of presets and devices. */
export function printPresets(): string {
  const nodes = Object.entries(vendors).flatMap(([vendor, types]) => Object.entries(types).map(([name, node]) => [`${vendor}.${name}`, summary(node)] as const));
  const width = Math.max(...nodes.map(([name]) => name.length));
  const machines = nodes.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
  return ["machine types", ...machines, "", "devices", ...devices.map((device) => `  ${printDevice(device)}\n    from ${device.source}`), ""].join("\n");
}

function summary(node: NodeType): string {
  const cards = node.devices.map(({ count, device }) => `${count} x ${device.name}, `).join("");
  const price = node.price === undefined ? "" : `, $${node.price.dollarsPerHour} per hour`;
  return `${cards}${node.cores} cores, ${gib(node.memoryBytes)}, ${round(node.network.bytesPerSecond / 1.25e8)} Gbit/s${price}`;
}

function gib(bytes: number): string {
  return `${round(bytes / GIB)} GiB`;
}

function tera(flops: number): string {
  return round(flops / 1e12);
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}
