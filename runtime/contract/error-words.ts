/** What was thrown, in words: code that is not ours throws whatever it likes, of which not all can be made a string. */
import { inspect } from "node:util";

/** The first line of them: native libraries append lines of their own. */
export function errorLine(error: unknown): string {
  return errorWords(error).split("\n", 1)[0].trim() || "failed without a message";
}

const OBJECT_CHARACTERS_MAX = 200;

/** The message of an error; anything else as one would write it down. */
export function errorWords(error: unknown): string {
  if (typeof error === "string") return error;
  // Somebody may have put an object there.
  if (error instanceof Error) return errorWords(error.message);
  const text = inspect(error, { depth: 1, customInspect: false, compact: true, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 100 });
  return text.length > OBJECT_CHARACTERS_MAX ? `${text.slice(0, OBJECT_CHARACTERS_MAX)} …` : text;
}
