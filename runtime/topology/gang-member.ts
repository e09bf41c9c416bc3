/** The worker of one rank of a gang, other than the first: runs its segments whenever the first rank says so. */
import { parentPort, workerData } from "node:worker_threads";
import type { Backend } from "../contract/backend.ts";
import type { Program } from "../contract/define-program.ts";
import { setProgramFolder } from "../contract/program-folder.ts";
import type { PartStepSpec } from "../stage/step-context.ts";
import { PeerFailed } from "../stage/mailbox.ts";
import { openRank } from "../stage/rank.ts";
import type { OpenRank } from "../stage/rank.ts";
import type { FromMember, MemberStart, ToMember } from "./gang-messages.ts";
import { createGangPorts } from "./gang-ports.ts";
import { toFault } from "./messages.ts";
import { placeBackend } from "./placement.ts";

/** What this thread was started to do, if it is a member of a gang. */
export function findMemberStart(): MemberStart | undefined {
  const data: unknown = workerData;
  // Only the first rank of a gang makes workers with this key.
  return typeof data === "object" && data !== null && "pipecMember" in data ? (data.pipecMember as MemberStart) : undefined;
}

export function runMember(program: Program, start: MemberStart, backend: Backend): void {
  if (parentPort === null) throw new Error("a member without a gang");
  const control = parentPort;
  setProgramFolder(start.folder);
  const placed = placeBackend(backend, start);
  const { model, part } = findPart(program, start);
  const ports = createGangPorts(start.rank, start.incarnation, start.peers);
  const send = (message: FromMember): void => control.postMessage(message);

  const opening = openRank(placed, model, part, start.rank);
  opening.then(() => send({ kind: "ready" }), (error: unknown) => send({ kind: "fault", fault: toFault(error) }));
  const runBatch = async (rank: OpenRank, { batch, received }: Extract<ToMember, { kind: "run" }>): Promise<void> => {
    try {
      await rank.run(received, ports.begin(batch));
      send({ kind: "done", batch });
    } catch (error) {
      send({ kind: "failed", batch, fault: toFault(error), isPeers: error instanceof PeerFailed });
    }
  };
  const close = async (): Promise<void> => {
    await opening.then((rank) => rank.close(), () => {});
    ports.close();
    // With no port open, the thread ends by itself.
    control.close();
  };
  let last = Promise.resolve();
  control.on("message", (message: ToMember) => {
    // Whoever it waits for is going, too.
    if (message.kind === "close") ports.fail(new PeerFailed("the gang is closed"));
    last = last.then(async () => (message.kind === "close" ? close() : runBatch(await opening, message)));
  });
}

function findPart(program: Program, { pipeline, step }: MemberStart): PartStepSpec {
  const found = program.pipelines.find(({ name }) => name === pipeline)?.steps[step];
  if (found?.kind !== "modelPart") throw new Error(`step ${step} of pipeline ${pipeline} is no part of a model`);
  return found;
}
