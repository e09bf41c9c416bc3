/** What changed between two cluster plans, figure by figure. Plans come as parsed JSON, so that old files can be compared. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What a text holds if it is a cluster plan; undefined if it is something else. */
export function parseClusterPlan(text: string): Json | undefined {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(value) && value["version"] === 1 && Array.isArray(value["pipelines"]) ? value : undefined;
}

/** One line for each figure that differs, "was -> is"; empty for equal plans. Device lists are not compared. */
export function diffPlans(before: Json, after: Json): readonly string[] {
  const [old, now] = [flatten(before), flatten(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  return paths.flatMap((path) => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === is) return [];
    if (was === undefined) return [`+ ${path}: ${is ?? ""}`];
    return [is === undefined ? `- ${path}: ${was}` : `  ${path}: ${was} -> ${is}`];
  });
}

/** Figures by path; items of lists go by their name where they have one. */
function flatten(value: Json, path = "", into: Map<string, string> = new Map()): ReadonlyMap<string, string> {
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => flatten(item, `${path}[${nameOf(item) ?? index}]`, into));
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) if (name !== "gangs") flatten(member, path === "" ? name : `${path}.${name}`, into);
  } else into.set(path, typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));
  return into;
}

function nameOf(item: Json): string | undefined {
  if (typeof item === "string") return item;
  if (!isObject(item)) return undefined;
  const name = ["name", "label", "id", "model", "what", "device"].map((key) => item[key]).find((candidate) => typeof candidate === "string");
  const { from, to } = item;
  return name === undefined && typeof from === "string" && typeof to === "string" ? `${from} -> ${to}` : typeof name === "string" ? name : undefined;
}

function isObject(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
