/**
 * What work costs on a device, in integer picoseconds, and what a stage needs of its memory, in bytes: the formulas of
 * the cost model, each in one place.
 */
import { arenaFactor } from "../../onnx/cost/arena-factor.ts";
import type { DeviceType, Link, NodeType } from "../../../stdlib/hw/hardware.ts";
import type { RateName } from "./model-work.ts";

const PS_PER_S = 1e12;
const PS_PER_US = 1e6;

/** The share of a device's memory that stays free: fragmentation, and what other processes take. */
export const MEMORY_RESERVE = 0.05;
/** What a process takes on an accelerator before the first weight: its context and the libraries' workspaces. */
export const DEVICE_WORKSPACE_BYTES = 512 * 2 ** 20;
/** Batches whose inputs and outputs are held per stage: one at work, one waiting. */
export const QUEUE_DEPTH = 2;

/** FLOP per second a device reaches for a rate; what it does not state runs at f32's. */
export function reachedFlops(device: DeviceType, rate: RateName): number {
  const peaks = device.peakFlopsPerSecond;
  return (peaks[rate] ?? peaks.f32 ?? 0) * device.efficiency;
}

/** One node on one of `degree` devices that share it (1: not shared): the slower of arithmetic and memory, and launches. */
export function nodeTimePs(device: DeviceType, work: { readonly flops: number; readonly bytes: number; readonly kernels: number; readonly rate: RateName }, degree: number): number {
  const arithmetic = work.flops === 0 ? 0 : work.flops / (degree * reachedFlops(device, work.rate));
  const memory = work.bytes / (degree * device.memoryBytesPerSecond * device.efficiency);
  return Math.ceil(Math.max(arithmetic, memory) * PS_PER_S) + Math.ceil(work.kernels * device.launchUs * PS_PER_US);
}

/** Moving values over a link: a latency for each and the bytes of all. */
export function transferPs(link: Link, values: number, bytes: number): number {
  return Math.ceil(values * link.latencyUs * PS_PER_US) + Math.ceil((bytes / link.bytesPerSecond) * PS_PER_S);
}

/**
 * Exchange of an n-byte value among t devices: each hands its part to t - 1 peers by way of host memory and adds up (or
 * joins) what it gets.
 */
export function exchangePs(node: NodeType, device: DeviceType, degree: number, bytes: number): number {
  if (degree === 1) return 0;
  const link = node.deviceLink.bytesPerSecond < node.hostLink.bytesPerSecond ? node.deviceLink : node.hostLink;
  const hops = (degree - 1) * transferPs(link, 1, bytes);
  const sum = Math.ceil(((degree * bytes) / (device.memoryBytesPerSecond * device.efficiency)) * PS_PER_S);
  return hops + sum + 2 * transferPs(node.hostLink, 1, bytes);
}

/** Bytes of a device that stages may fill. `limitBytes`: a program's own bound on a replica. */
export function usableBytes(device: DeviceType, limitBytes: number | undefined): number {
  const usable = Math.floor(device.memoryBytes * (1 - MEMORY_RESERVE)) - DEVICE_WORKSPACE_BYTES;
  return Math.max(0, Math.min(usable, limitBytes ?? usable));
}

/** Memory of one session: its weights, its arena, and the inputs and outputs that wait. */
export function sessionBytes(weightBytes: number, peakBytes: number, ioBytes: number): number {
  return Math.ceil(weightBytes + peakBytes * arenaFactor + ioBytes * QUEUE_DEPTH);
}

/** Cores split a kernel and wait for each other at its end; microseconds for each doubling of the threads. */
const THREAD_SYNC_US = 2;

/** One node on `threads` cores. */
export function nodeTimeOnCoresPs(core: DeviceType, work: { readonly flops: number; readonly bytes: number; readonly kernels: number; readonly rate: RateName }, threads: number): number {
  const sync = threads === 1 ? 0 : (32 - Math.clz32(threads - 1)) * THREAD_SYNC_US;
  return nodeTimePs(core, work, threads) + Math.ceil(work.kernels * sync * PS_PER_US);
}
