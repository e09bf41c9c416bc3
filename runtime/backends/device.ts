/** Device words of the plan: "cpu", "cuda:1", "tensorrt:0", "webgpu:0". */
import { jobError } from "../contract/failures.ts";

const providers = ["cpu", "cuda", "tensorrt", "webgpu"] as const;

export type Provider = (typeof providers)[number];

export interface Device {
  readonly provider: Provider;
  readonly index: number;
}

/** What `--device` on a program's command line takes. */
export function isDevice(text: string): boolean {
  return deviceOf(text) !== undefined;
}

/** Throws JobError R0201 for anything that is no device word. */
export function parseDevice(text: string): Device {
  const device = deviceOf(text);
  if (device === undefined) throw jobError("R0201", `${JSON.stringify(text)} is not a device`, `devices are written ${deviceWords}`);
  return device;
}

export const deviceWords = providers.map((known) => (known === "cpu" ? known : `${known}:0`)).join(", ");

function deviceOf(text: string): Device | undefined {
  const [name, index = "0", ...rest] = text.split(":");
  const provider = providers.find((candidate) => candidate === name);
  return provider === undefined || rest.length > 0 || !/^\d{1,3}$/.test(index) ? undefined : { provider, index: Number(index) };
}
