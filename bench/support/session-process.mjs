/**
 * One onnxruntime session in a process: is told what to load, warms up with the first batch, then runs what it is told and
 * says when it is done. Plain JavaScript, since it starts without the loader of TypeScript.
 */
import { once } from "node:events";
import ort from "onnxruntime-node";

const [{ file, threads, batches }] = await once(process, "message");
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", logSeverityLevel: 4 });
const feeds = batches.map((batch) => Object.fromEntries(batch.map(({ port, type, data, dims }) => [port, new ort.Tensor(type, data, dims)])));
await session.run(feeds[0]);
process.on("message", async (times) => {
  for (let time = 0; time < times; time++) for (const feed of feeds) await session.run(feed);
  process.send("done");
});
process.send("ready");
