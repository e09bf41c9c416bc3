/**
 * A gang: the ranks of one part of a cut model, each in a thread of its own, in lockstep. The first rank runs in the
 * stage's worker, which tells the others what to run; tensors go from rank to rank without passing here.
 *
 * A gang is one replica of its stage. When a member dies, all of it is started again (the next incarnation) and the
 * batch is run once more; a second death at the same batch is a fault of the job. An error in native code is not a
 * death: the batch has failed, and which of its rows is to blame is found as everywhere.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { copyTensor, tensorBuffers } from "../channel/open-batches.ts";
import type { Backend, ModelSession } from "../contract/backend.ts";
import { errorWords } from "../contract/error-words.ts";
import { jobError } from "../contract/failures.ts";
import type { Tensor } from "../contract/value.ts";
import { PeerFailed } from "../stage/mailbox.ts";
import { gangResult, openRank, receivedBy } from "../stage/rank.ts";
import type { PartStepSpec } from "../stage/step-context.ts";
import { endThread } from "./end-thread.ts";
import type { FromMember, MemberStart, ToMember } from "./gang-messages.ts";
import { createGangPorts } from "./gang-ports.ts";
import type { GangPorts, PeerPort } from "./gang-ports.ts";
import type { DeviceLocks } from "./device-locks.ts";
import { fromFault } from "./messages.ts";
import type { ModelPlaces } from "./placement.ts";

export interface GangSetting extends ModelPlaces {
  readonly pipeline: string;
  /** The program's own bundle, which every member runs, and its folder. */
  readonly file: string;
  readonly folder: string;
  readonly backend: Backend;
  readonly locks: DeviceLocks;
  readonly onRestart: (incarnation: number, reason: string) => void;
}

/** How often a batch is tried before it is given up. */
const TRIES = 2;

/** A member's thread ended, or broke down. */
class MemberDied extends Error {
  override readonly name = "MemberDied";
}

interface RunningGang {
  readonly run: (batch: number, received: ReadonlyMap<string, Tensor>) => Promise<ReadonlyMap<string, Tensor>>;
  readonly close: () => Promise<void>;
}

export async function openGang(setting: GangSetting, step: PartStepSpec): Promise<ModelSession> {
  let incarnation = 0;
  let batch = 0;
  const devices = step.part.ranks.map(({ device }) => setting.device ?? device);
  const start = async (): Promise<RunningGang> => startGang(setting, step, incarnation);
  const fault = (error: MemberDied): Error => jobError("R0207", `model ${step.model.name} (${step.model.at.file}:${step.model.at.line}), part ${step.part.index + 1} of ${step.part.count}: ${error.message}`);
  let gang: RunningGang | undefined = await start().catch((error: unknown) => {
    throw error instanceof MemberDied ? fault(error) : error;
  });
  const runOnce = async (received: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor> | MemberDied> => {
    try {
      gang ??= await start();
      return await gang.run(batch++, received);
    } catch (error) {
      if (!(error instanceof MemberDied)) throw error;
      await gang?.close();
      gang = undefined;
      incarnation++;
      return error;
    }
  };
  const run = async (received: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> => {
    for (let tries = 1; ; tries++) {
      const made = await runOnce(received);
      if (!(made instanceof MemberDied)) return made;
      if (tries === TRIES) throw fault(made);
      setting.onRestart(incarnation, made.message);
    }
  };
  return { run: (received) => setting.locks.hold(devices, () => run(received)), close: async () => gang?.close() };
}

interface Member {
  readonly rank: number;
  readonly thread: Worker;
  readonly ended: Promise<void>;
  readonly post: (message: ToMember, buffers?: readonly ArrayBuffer[]) => void;
  /** Where its answer to the batch under way goes. */
  answer: { readonly done: (made: ReadonlyMap<string, Tensor>) => void; readonly fail: (error: Error) => void } | undefined;
}

async function startGang(setting: GangSetting, step: PartStepSpec, incarnation: number): Promise<RunningGang> {
  const { model, part } = step;
  const devices = part.ranks.map((rank) => setting.device ?? rank.device);
  const ways = joinRanks(part.ranks.length);
  const ports = createGangPorts(0, incarnation, ways[0]);
  let died: MemberDied | undefined;
  let closing = false;
  const members: Member[] = [];
  const ready = ways.slice(1).map((peers, index) => {
    const rank = index + 1;
    return new Promise<void>((resolve, reject) => {
      const onDeath = (reason: string): void => {
        if (closing) return;
        died ??= new MemberDied(`the worker of rank ${rank} ${reason}`);
        reject(died);
        ports.fail(died);
        for (const { answer } of members) answer?.fail(died);
      };
      const member = startMember({ pipeline: setting.pipeline, step: step.id, rank, incarnation, folder: setting.folder, device: devices[rank], files: setting.files, peers }, setting.file, onDeath);
      member.thread.on("message", (message: FromMember) => {
        if (message.kind === "ready") resolve();
        else if (message.kind === "fault") reject(fromFault(message.fault));
        else if (message.kind === "done") member.answer?.done(new Map());
        else member.answer?.fail(message.isPeers ? new PeerFailed(message.fault.message) : fromFault(message.fault));
      });
      members.push(member);
    });
  });
  const close = async (): Promise<void> => {
    closing = true;
    await own.then((rank) => rank.close(), () => {});
    await endMembers(members, ports);
  };
  const own = openRank(setting.backend, model, part, 0);
  const opened = await Promise.allSettled([own, ...ready]);
  const failed = opened.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const first = await own;
  return {
    run: async (batch, received) => {
      if (died !== undefined) throw died;
      const others = members.map((member) => runMember(member, batch, pickWanted(received, receivedBy(part, member.rank))));
      const results = await Promise.allSettled([first.run(received, ports.begin(batch)), ...others]);
      // What the others say of a batch in which somebody died is only how they noticed.
      if (died !== undefined) throw died;
      return gangResult(results);
    },
    close,
  };
}

/** A port for each pair of ranks, by rank. */
function joinRanks(count: number): readonly (readonly PeerPort[])[] {
  const ways: PeerPort[][] = Array.from({ length: count }, () => []);
  for (let low = 0; low < count; low++) {
    for (let high = low + 1; high < count; high++) {
      const { port1, port2 } = new MessageChannel();
      ways[low].push({ rank: high, port: port1 });
      ways[high].push({ rank: low, port: port2 });
    }
  }
  return ways;
}

function startMember(start: MemberStart, file: string, onDeath: (reason: string) => void): Member {
  const thread = new Worker(file, { workerData: { pipecMember: start }, transferList: start.peers.map(({ port }): MessagePort => port) });
  thread.on("error", (error) => onDeath(`broke down: ${errorWords(error)}`));
  const ended = new Promise<void>((resolve) => {
    thread.once("exit", (code) => {
      onDeath(`ended with code ${code}`);
      resolve();
    });
  });
  return { rank: start.rank, thread, ended, post: (message, buffers = []) => thread.postMessage(message, [...buffers]), answer: undefined };
}

function runMember(member: Member, batch: number, received: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
  return new Promise<ReadonlyMap<string, Tensor>>((done, fail) => {
    member.answer = { done, fail };
    member.post({ kind: "run", batch, received }, tensorBuffers([...received.values()]));
  }).finally(() => (member.answer = undefined));
}

/** Copies, one for the receiver: the tensors themselves stay here, for the first rank and for another try. */
function pickWanted(received: ReadonlyMap<string, Tensor>, wanted: ReadonlySet<string>): ReadonlyMap<string, Tensor> {
  return new Map([...received].flatMap(([name, tensor]) => (wanted.has(name) ? [[name, copyTensor(tensor)] as const] : [])));
}

async function endMembers(members: readonly Member[], ports: GangPorts): Promise<void> {
  for (const member of members) member.post({ kind: "close" });
  await Promise.all(members.map(({ thread, ended }) => endThread(thread, ended)));
  ports.close();
}
