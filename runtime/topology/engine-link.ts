/**
 * The engine's end of the channel to its supervisor. When the channel closes the supervisor is gone, and the engine
 * ends itself with SIGKILL: nothing softer ends a process that hangs in native code.
 */
import { killLeftovers, removeRecords } from "./engine-processes.ts";
import type { EngineOrder, FromEngine, FromSupervisor } from "./engine-order.ts";

export interface EngineLink {
  readonly tell: (message: FromEngine) => void;
  /** Says a last word and ends the process, whatever its threads are in. */
  readonly die: (message: FromEngine) => void;
  /** What was asked before is told at once. */
  readonly onInterrupt: (act: () => void) => void;
  readonly onDrain: (act: () => void) => void;
}

/** A word that cannot be delivered must not keep the engine alive. */
const LAST_WORD_MS = 1000;

export function openEngineLink(order: EngineOrder): EngineLink {
  const interrupt = createAsk();
  const drain = createAsk();
  const kill = (): void => void process.kill(process.pid, "SIGKILL");
  process.on("disconnect", () => {
    killLeftovers(order.folder);
    removeRecords(order.folder);
    kill();
  });
  process.on("message", (message: FromSupervisor) => (message.kind === "drain" ? drain : interrupt).ask());
  process.channel?.unref();
  // The supervisor gets Ctrl-C as well, and decides. A service manager tells every process to end.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", drain.ask);
  const tell = (message: FromEngine, then: () => void = () => {}): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => then());
  };
  return {
    tell: (message) => tell(message),
    die: (message) => {
      tell(message, kill);
      setTimeout(kill, LAST_WORD_MS);
    },
    onInterrupt: interrupt.listen,
    onDrain: drain.listen,
  };
}

function createAsk(): { readonly ask: () => void; readonly listen: (act: () => void) => void } {
  let asked = false;
  let listener: (() => void) | undefined;
  return {
    ask: () => {
      if (asked) return;
      asked = true;
      listener?.();
    },
    listen: (act) => {
      listener = act;
      if (asked) act();
    },
  };
}
