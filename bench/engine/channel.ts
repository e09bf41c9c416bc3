/** Batches of 600 kB between two workers: how long a saturated receiver stands still, and an idle one waits. */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { hrtime } from "node:process";
import { MessageChannel, Worker } from "node:worker_threads";
import { build } from "esbuild";
import { benchFolder, repository } from "../support/fixtures.ts";
import { atMost, quantile } from "./bench.ts";
import type { BenchOptions, EngineBench, Figure } from "./bench.ts";

const BATCH_BYTES = 3 * 224 * 224 * 4;

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

const sleeper = `
const { parentPort, workerData } = require("node:worker_threads");
const word = new BigInt64Array(workerData.shared);
const waits = [];
for (let seen = 0n; waits.length < workerData.times; ) {
  Atomics.wait(word, 0, seen);
  const woken = process.hrtime.bigint();
  seen = Atomics.load(word, 0);
  waits.push(Number(woken - seen) / 1000);
}
parentPort.postMessage(waits);`;

const listener = `
const { parentPort, workerData } = require("node:worker_threads");
const waits = [];
parentPort.on("message", ({ sent }) => {
  waits.push(Number(process.hrtime.bigint() - sent) / 1000);
  if (waits.length === workerData.times) parentPort.postMessage(waits);
});`;

/** Microseconds from a batch's being handed over to the thread that listens for it, with nothing of ours. */
async function bareMessages(times: number): Promise<readonly number[]> {
  const worker = new Worker(listener, { eval: true, workerData: { times } });
  await once(worker, "online");
  const timer = setInterval(() => {
    const batch = new ArrayBuffer(BATCH_BYTES);
    worker.postMessage({ sent: hrtime.bigint(), batch }, [batch]);
  }, 10);
  const [waits] = (await once(worker, "message")) as [readonly number[]];
  clearInterval(timer);
  await worker.terminate();
  return waits.slice(20);
}

/** Microseconds from a word in shared memory to the thread that sleeps for it: no messages, no event loop. */
async function wakeUps(times: number): Promise<readonly number[]> {
  const shared = new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT);
  const word = new BigInt64Array(shared);
  const worker = new Worker(sleeper, { eval: true, workerData: { shared, times } });
  await once(worker, "online");
  const timer = setInterval(() => {
    Atomics.store(word, 0, hrtime.bigint());
    Atomics.notify(word, 0);
  }, 10);
  const [waits] = (await once(worker, "message")) as [readonly number[]];
  clearInterval(timer);
  await worker.terminate();
  return waits.slice(20);
}

async function run({ long }: BenchOptions): Promise<readonly Figure[]> {
  const file = await bundle();
  const batches = long ? 5000 : 1000;
  const saturated = await exchange(file, batches, 2);
  const gaps = saturated.begun.slice(100).map((begun, index) => begun - (saturated.ended[index + 99] ?? NaN));
  const idle = await exchange(file, long ? 500 : 200, 0, 10);
  const waits = idle.begun.slice(20).map((begun, index) => begun - (idle.sent[index + 20] ?? NaN));
  const messages = await bareMessages(long ? 500 : 200);
  const bare = await wakeUps(long ? 500 : 200);
  const from = `${gaps.length} batches of 600 kB, calls of 2 ms`;
  return [
    { what: "gap between calls, p50", value: quantile(gaps, 0.5), unit: "us", bar: atMost(15), from },
    { what: "gap between calls, p99", value: quantile(gaps, 0.99), unit: "us", bar: atMost(1000), from },
    { what: "batch to an idle receiver, p50", value: quantile(waits, 0.5), unit: "us", bar: atMost(60), from: `${waits.length} batches, one every 10 ms; p99 ${quantile(waits, 0.99).toFixed(0)} us` },
    { what: "Node's own message to a thread, p50", value: quantile(messages, 0.5), unit: "us", from: "a buffer of 600 kB, handed over every 10 ms to a worker that listens and does nothing else" },
    { what: "the machine's own wake-up, p50", value: quantile(bare, 0.5), unit: "us", from: "Atomics.notify to a thread in Atomics.wait, every 10 ms: what any receiver that sleeps waits for at the least" },
  ];
}

export const channelBench: EngineBench = { name: "channel", about: "600 kB batches between two workers", run };
