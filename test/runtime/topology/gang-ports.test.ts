/** Tensors between the ranks of a gang: copied once for each receiver at most, and never into another batch or life. */
import { MessageChannel } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { expect, test } from "vitest";
import type { Tensor } from "../../../runtime/contract/value.ts";
import { PeerFailed } from "../../../runtime/stage/mailbox.ts";
import { createGangPorts } from "../../../runtime/topology/gang-ports.ts";

const tensor = (...values: readonly number[]): Tensor => ({ dtype: "f32", shape: [values.length], data: Float32Array.from(values) });
const bytesOf = ({ data }: Tensor): number => ("byteLength" in data ? data.byteLength : -1);

/** Three ranks, each with ports to the others; `incarnations` by rank. */
function gang(incarnations: readonly number[]) {
  const ports: { readonly rank: number; readonly port: MessagePort }[][] = incarnations.map(() => []);
  for (const [low, high] of [[0, 1], [0, 2], [1, 2]]) {
    const { port1, port2 } = new MessageChannel();
    ports[low].push({ rank: high, port: port1 });
    ports[high].push({ rank: low, port: port2 });
  }
  const ranks = ports.map((own, rank) => createGangPorts(rank, incarnations[rank], own));
  return { ranks, close: () => ranks.forEach((rank) => rank.close()) };
}

test("what a rank keeps is copied; the last receiver of what it does not keep is given the tensor itself", async () => {
  const { ranks, close } = gang([0, 0, 0]);
  const [first, second, third] = ranks.map((rank) => rank.begin(0));
  const [kept, given] = [tensor(1, 2), tensor(3, 4)];
  first.send(1, 0, "kept", kept, false);
  first.send(1, 0, "given", given, false);
  first.send(2, 0, "given", given, true);
  expect([bytesOf(kept), bytesOf(given)]).toEqual([8, 0]);
  expect(await second.receive(0, 0, "kept")).toEqual(tensor(1, 2));
  expect(await second.receive(0, 0, "given")).toEqual(tensor(3, 4));
  expect(await third.receive(0, 0, "given")).toEqual(tensor(3, 4));
  close();
});

test("a view is given as a copy of what it shows", async () => {
  const { ranks, close } = gang([0, 0, 0]);
  const [first, second] = ranks.map((rank) => rank.begin(0));
  const whole = Float32Array.from([1, 2, 3, 4]);
  first.send(1, 0, "p", { dtype: "f32", shape: [2], data: whole.subarray(1, 3) }, true);
  expect(await second.receive(0, 0, "p")).toEqual(tensor(2, 3));
  expect([...whole]).toEqual([1, 2, 3, 4]);
  close();
});

test("a peer may be ahead; what is left of an earlier batch or an earlier gang is dropped", async () => {
  const { ranks, close } = gang([4, 4, 3]);
  const [first, second, stale] = ranks;
  const old = second.begin(0);
  const next = second.begin(1);
  stale.begin(1).send(0, 0, "p", tensor(9), false);
  old.send(0, 0, "p", tensor(8), false);
  next.send(0, 0, "p", tensor(7), false);
  const begun = first.begin(1);
  expect(await begun.receive(1, 0, "p")).toEqual(tensor(7));
  const missing = begun.receive(2, 0, "p");
  first.fail(new Error("over"));
  await expect(missing).rejects.toThrow("over");
  close();
});

test("where a rank fails, its peers have what it made before, and learn that nothing more comes", async () => {
  const { ranks, close } = gang([0, 0, 0]);
  const [first, second, third] = ranks.map((rank) => rank.begin(0));
  const waiting = first.receive(1, 1, "q");
  second.send(0, 0, "p", tensor(1), false);
  second.fail(1);
  await expect(waiting).rejects.toBeInstanceOf(PeerFailed);
  await expect(third.receive(1, 2, "r")).rejects.toBeInstanceOf(PeerFailed);
  expect(await first.receive(1, 0, "p")).toEqual(tensor(1));
  close();
});
