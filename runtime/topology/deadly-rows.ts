/**
 * Finds the rows that take a process down. Rows are tried together; where that ends the process, those it was in are
 * tried alone, and a row that ends it twice alone is deadly. The others run together again, as if the deadly ones had
 * been filtered.
 */

/** `suspects`: the rows that were under way, where that is known. */
export type Attempt<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "died"; readonly how: string; readonly suspects: readonly number[] | undefined };

export interface Survivors<T> {
  readonly value: T;
  /** How each deadly row ended the process. */
  readonly deadly: ReadonlyMap<number, string>;
}

const KILLS_ALONE = 2;
/** Times that all rows together may end the process although none does alone. */
const BLAMELESS_MAX = 2;

/** Undefined where no row is to blame: the process ends again and again, though each row alone runs. */
export async function runAroundDeadlyRows<T>(count: number, attempt: (rows: readonly number[], deadly: ReadonlyMap<number, string>) => Promise<Attempt<T>>): Promise<Survivors<T> | { readonly blameless: string }> {
  const deadly = new Map<number, string>();
  const killsAlone = new Map<number, number>();
  let alive: readonly number[] = Array.from({ length: count }, (_, row) => row);
  let blameless = 0;

  const isDeadly = async (row: number): Promise<boolean> => {
    for (;;) {
      if ((killsAlone.get(row) ?? 0) >= KILLS_ALONE) return true;
      const tried = await attempt([row], deadly);
      if (tried.kind === "done") return false;
      noteAlone(row, tried.how);
    }
  };
  const noteAlone = (row: number, how: string): void => {
    const kills = (killsAlone.get(row) ?? 0) + 1;
    killsAlone.set(row, kills);
    if (kills >= KILLS_ALONE) deadly.set(row, how);
  };

  for (;;) {
    const tried = await attempt(alive, deadly);
    if (tried.kind === "done") return { value: tried.value, deadly };
    if (alive.length === 0) return { blameless: tried.how };
    if (alive.length === 1) noteAlone(alive[0], tried.how);
    const known = alive.filter((row) => tried.suspects?.includes(row) ?? false);
    // After a death that no suspect explains, every row is one.
    const candidates = blameless > 0 || known.length === 0 ? alive : known;
    let found = false;
    for (const row of candidates) found = (await isDeadly(row)) || found;
    alive = alive.filter((row) => !deadly.has(row));
    if (!found && ++blameless > BLAMELESS_MAX) return { blameless: tried.how };
  }
}
