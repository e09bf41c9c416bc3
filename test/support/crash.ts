/**
 * What a fault in native code does: it ends the process, and the thread in which it happened goes no further.
 *
 * Names nothing outside itself, so that its text can stand in programs of their own.
 */
export function crash(): never {
  process.kill(process.pid, "SIGSEGV");
  // Another thread may be handed the signal, and this one would go on until that has run.
  for (;;);
}
