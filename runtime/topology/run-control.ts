/** What whoever started a run can ask of it while it lasts. */

export interface RunControl {
  /** Sources stop at the end of the group under way; `atOnce`: with what they have read. The run then ends as usual. */
  readonly requestDrain: (reason: string, atOnce?: boolean) => void;
  /** For the run: called with what was asked, before or after this. */
  readonly onDrain: (drain: (reason: string, atOnce: boolean) => void) => void;
  /** For the run, at its end: whether a drain left rows unread. */
  readonly noteEnd: (isCutShort: boolean) => void;
  readonly isCutShort: () => boolean;
}

export function createRunControl(): RunControl {
  let asked: { readonly reason: string; readonly atOnce: boolean } | undefined;
  let cutShort = false;
  let listener: ((reason: string, atOnce: boolean) => void) | undefined;
  return {
    requestDrain: (reason, atOnce = false) => {
      asked = { reason, atOnce };
      listener?.(reason, atOnce);
    },
    onDrain: (drain) => {
      listener = drain;
      if (asked !== undefined) drain(asked.reason, asked.atOnce);
    },
    noteEnd: (isCutShort) => {
      cutShort = isCutShort;
    },
    isCutShort: () => cutShort,
  };
}
