/** What a command may touch of the outside: passed in, so that tests run commands in their own process. */
export interface Io {
  readonly cwd: string;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Whether diagnostics may be coloured. */
  readonly color: boolean;
}

/** The process's own. Colour only on terminals, and not where NO_COLOR is set. */
export function processIo(): Io {
  const noColor = (process.env["NO_COLOR"] ?? "") !== "";
  return {
    cwd: process.cwd(),
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    color: process.stderr.isTTY === true && !noColor,
  };
}

/** Exit codes, the same for the compiler and the programs it makes. */
export const exitCodes = { ok: 0, diagnostics: 1, usage: 2, doesNotFit: 3, ourBug: 70, interrupted: 130 } as const;
