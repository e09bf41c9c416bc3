/** Batches of 600 kB between two workers: how long a saturated receiver stands still, and an idle one waits. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import { build } from "esbuild";
import { benchFolder, repository } from "../support/fixtures.ts";
import { atMost, quantile } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

interface Received {
  readonly begun: readonly number[];
  readonly ended: readonly number[];
}

async function bundle(): Promise<string> {
  const file = join(benchFolder(), "channel-worker.cjs");
  const { outputFiles } = await build({ entryPoints: [join(repository, "bench", "support", "channel-worker.ts")], bundle: true, write: false, platform: "node", target: "node20", format: "cjs" });
  writeFileSync(file, outputFiles[0]?.contents ?? "");
  return file;
}

async function exchange(file: string, batches: number, workMs: number, everyMs?: number): Promise<Received & { readonly sent: readonly number[] }> {
  const { port1, port2 } = new MessageChannel();
  const start = (role: string, port: MessageChannel["port1"]): Worker => new Worker(file, { workerData: { port, role, batches, workMs, ...(everyMs === undefined ? {} : { everyMs }) }, transferList: [port] });
  const receiver = start("receive", port2);
  await once(receiver, "online");
  const sender = start("send", port1);
  const says = <T>(worker: Worker): Promise<T> => new Promise((resolve) => worker.once("message", resolve));
  const [received, sent] = await Promise.all([says<Received>(receiver), says<readonly number[]>(sender)]);
  await Promise.all([receiver.terminate(), sender.terminate()]);
  return { ...received, sent };
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const file = await bundle();
  const batches = long ? 5000 : 1000;
  const saturated = await exchange(file, batches, 2);
  const gaps = saturated.begun.slice(100).map((begun, index) => begun - (saturated.ended[index + 99] ?? NaN));
  const idle = await exchange(file, long ? 500 : 200, 0, 10);
  const waits = idle.begun.slice(20).map((begun, index) => begun - (idle.sent[index + 20] ?? NaN));
  const from = `${gaps.length} batches of 600 kB, calls of 2 ms`;
  return [
    { what: "gap between calls, p50", value: quantile(gaps, 0.5), unit: "us", bar: atMost(15), from },
    { what: "gap between calls, p99", value: quantile(gaps, 0.99), unit: "us", bar: atMost(1000), from },
    { what: "batch to an idle receiver, p50", value: quantile(waits, 0.5), unit: "us", bar: atMost(60), from: `${waits.length} batches, one every 10 ms; p99 ${quantile(waits, 0.99).toFixed(0)} us` },
  ];
}

export const channelBench: EngineBench = { name: "channel", about: "600 kB batches between two workers", run };
