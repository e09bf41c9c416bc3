/**
 * What a glob selects below the folder that it begins in: the files whose paths match, and, if it does not end with a
 * star, all files in folders whose paths do (`2024-{05,06}`; `2024-*` is files alone, `2024-*` + `/` is folders). What
 * can hold neither is not entered, so that nothing in it can end a run.
 */
import picomatch from "picomatch";
import type { Selection } from "./walk-folder.ts";

/** Paths have slashes on every system, and `!` has no meaning of its own: a list of files is one pattern. */
const options: picomatch.PicomatchOptions = { windows: false, nonegate: true };

export function isGlob(path: string): boolean {
  return picomatch.scan(path, options).isGlob;
}

/** `segments` as `splitGlob` gives them. */
export function selectByGlob(segments: readonly string[]): Selection {
  const whole = segments.join("/");
  const takesFile = picomatch(whole.endsWith("*") ? whole : [whole, `${whole}/**`], options);
  const flat = segments.findIndex((segment) => segment.includes("**") || segment.includes("/"));
  const [alone, rest] = flat === -1 ? [segments, "**"] : [segments.slice(0, flat), segments.slice(flat).join("/")];
  const matchers = alone.map((segment) => picomatch(segment, options));
  // Below there, a folder at any depth may be meant; a hidden one only if the pattern has a name that begins with a dot.
  const namesHidden = /(^|[/{,(|])\./.test(rest);
  const entersFolder = (path: string): boolean =>
    path.split("/").every((name, depth) => (depth < matchers.length ? matchers[depth](name) : namesHidden || !name.startsWith(".")));
  return { takesFile, entersFolder };
}

/**
 * At slashes that are in no group, class or escape: a group with a slash in it stays whole. One at the end says that
 * folders are meant, with all that is in them.
 */
export function splitGlob(glob: string): readonly string[] {
  const segments = [""];
  let depth = 0;
  for (const [piece] of (glob.endsWith("/") ? `${glob}**` : glob).matchAll(/\\.|./gsu)) {
    if (piece === "/" && depth === 0) {
      segments.push("");
      continue;
    }
    if (/^[{([]$/.test(piece)) depth++;
    if (/^[})\]]$/.test(piece)) depth = Math.max(0, depth - 1);
    segments.push(`${segments.pop() ?? ""}${piece}`);
  }
  return segments.filter((segment) => segment !== "" && segment !== ".");
}
