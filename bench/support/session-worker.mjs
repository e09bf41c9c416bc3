/**
 * One onnxruntime session in a thread: loads, warms up with the first batch, then runs what it is told and says when it
 * is done. Plain JavaScript, since threads do not share the loader of TypeScript.
 */
import { parentPort, workerData } from "node:worker_threads";
import ort from "onnxruntime-node";

const { file, threads, batches } = workerData;
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });
const feeds = batches.map((batch) => Object.fromEntries(batch.map(({ port, type, data, dims }) => [port, new ort.Tensor(type, data, dims)])));
await session.run(feeds[0]);
parentPort.on("message", async (times) => {
  for (let time = 0; time < times; time++) for (const feed of feeds) await session.run(feed);
  parentPort.postMessage("done");
});
parentPort.postMessage("ready");
