/**
 * Rules about the code itself: which room may import which, no silenced checker, functions that stay readable,
 * lists that are fresh, codes that are explained.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { allCodes } from "../language/diagnostics/catalogue.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Source files as git would have them: tracked, or new and not ignored. */
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.ts", "*.mjs"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const source = new Map(files.map((path) => [path, readFileSync(join(root, path), "utf8")]));
const isTest = (path: string) => path.endsWith(".test.ts") || path.startsWith("test/");
const product = files.filter((path) => !isTest(path) && /^(language|runtime|stdlib|compiler)\//.test(path));

/** Rooms from left to right; `|` parts rooms that do not import each other. A room may import itself and what is to its left. */
const ROOMS: Record<string, readonly (readonly string[])[]> = {
  language: [["source"], ["diagnostics"], ["syntax", "tensor"], ["catalog"], ["names"], ["check"], ["server"]],
  runtime: [["contract"], ["channel", "pool", "telemetry"], ["stage", "backends", "recovery"], ["topology"], ["index.ts", "testing.ts", "measuring.ts"]],
  compiler: [["onnx"], ["models"], ["plan"], ["shard"], ["emit"], ["pipeline.ts"], ["cli"]],
};

/** What a top-level room may import of another, by path prefix. */
const ACROSS: Record<string, readonly RegExp[]> = {
  language: [],
  runtime: [],
  stdlib: [/^language\/(tensor|catalog)\//, /^runtime\/contract\//],
  compiler: [/^language\//, /^stdlib\/registry\.ts$/, /^stdlib\/.*\/descriptor\.ts$/, /^stdlib\/hw\//, /^runtime\/contract\//, /^runtime\/backends\/descriptors/],
};

function importsOf(path: string): readonly string[] {
  const text = source.get(path) ?? "";
  return [...text.matchAll(/^\s*(?:import|export)\s[^"';]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm)].map((match) =>
    posix.normalize(posix.join(posix.dirname(path), match[1] ?? match[2])),
  );
}

function rankOf(path: string): { readonly room: string; readonly inner: string; readonly rank: number } {
  const [room, inner] = path.split("/");
  return { room, inner, rank: (ROOMS[room] ?? []).findIndex((column) => column.includes(inner)) };
}

/** Why `path` may not import `target`, or undefined. */
function complaint(path: string, target: string): string | undefined {
  const from = rankOf(path);
  const to = rankOf(target);
  if (from.room !== to.room) {
    const allowed = (ACROSS[from.room] ?? []).some((pattern) => pattern.test(target));
    return allowed ? undefined : `${path} imports ${target}: ${from.room}/ may not`;
  }
  if (from.room === "stdlib" || from.inner === to.inner) return undefined;
  if (from.rank < 0 || to.rank < 0) return `${path} imports ${target}: a room that the house does not list`;
  return to.rank < from.rank ? undefined : `${path} imports ${target}: imports only point left`;
}

describe("the house", () => {
  test("imports only point left", () => {
    expect(product.flatMap((path) => importsOf(path).flatMap((target) => complaint(path, target) ?? []))).toEqual([]);
  });

  test("kebab-case files (operators' folders have the operator's own name)", () => {
    const odd = files.filter((path) => !/^[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*\.(ts|mjs)$/.test(posix.basename(path)));
    expect(odd).toEqual([]);
  });

  test("a file opens with what it is for", () => {
    const silent = product.filter((path) => !/descriptor\.ts$/.test(path) && !/^(#!.*\n)?\/\*\*|^\/\//.test(source.get(path) ?? ""));
    expect(silent).toEqual([]);
  });
});

// A ratchet: lower these when the longest shrink, never raise them.
const FUNCTION_LINES_MAX = 155;
const FILE_LINES_MAX = 500;

describe("the code", () => {
  // `@ts-expect-error` stays: it proves that something does not compile.
  test("silences no checker", () => {
    const patterns = [/\bas any\b/, /[:<,|(]\s*any\s*[,;)>\]=|{]/, /@ts-(ignore|nocheck)/, /\bas unknown as\b/, /eslint-disable/, /\b(TODO|FIXME|XXX|HACK)\b/];
    const found = files
      .filter((path) => path !== "test/tidy.test.ts")
      .flatMap((path) =>
        (source.get(path) ?? "").split("\n").flatMap((line, index) => (patterns.some((pattern) => pattern.test(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });

  test("keeps functions about a screen long and files one idea long", () => {
    const long = product.flatMap((path) => functionLengths(source.get(path) ?? "").flatMap(({ name, lines }) => (lines > FUNCTION_LINES_MAX ? [`${path}: ${name} has ${lines} lines`] : [])));
    expect(long).toEqual([]);
    expect(product.filter((path) => (source.get(path) ?? "").split("\n").length > FILE_LINES_MAX)).toEqual([]);
  });
});

/** Top-level functions and their lengths, by the house's indentation: from a line at column 0 to the next "}" there. */
function functionLengths(text: string): readonly { readonly name: string; readonly lines: number }[] {
  const lines = text.split("\n");
  return lines.flatMap((line, start) => {
    const name = /^(?:export )?(?:default )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (name === undefined) return [];
    const length = lines.slice(start).findIndex((candidate) => candidate.startsWith("}"));
    return [{ name, lines: length + 1 }];
  });
}

/** Exported for whoever writes kernels and programs, or found by the names that emission gives them. */
const PUBLIC = [/^stdlib\/ops\/.*\/kernel\.ts: \w+Aggregate$/, /^runtime\/contract\//];

// A ratchet: take a name out together with what it names, never add one.
const UNUSED_STILL: ReadonlySet<string> = new Set([
  "compiler/plan/cost/model-work.ts: batchesOf", "compiler/plan/solve/read-cost-graph.ts: acceleratorMode",
  "compiler/plan/solve/read-cost-graph.ts: cpuMode", "runtime/channel/chunk-codec.ts: messageBytes",
]);

describe("exports", () => {
  const words = new Map<string, readonly string[]>(files.map((path) => [path, source.get(path)?.match(/[A-Za-z_$][\w$]*/g) ?? []]));
  const named = product.flatMap((path) =>
    [...(source.get(path) ?? "").matchAll(/^export (?:async )?(const|function\*?|interface|type) (\w+)/gm)].map(([, kind, name]) => ({ path, kind, name })),
  );
  const isUsedElsewhere = (path: string, name: string) => files.some((other) => other !== path && words.get(other)?.includes(name));
  const isPublic = (path: string, name: string) => PUBLIC.some((pattern) => pattern.test(`${path}: ${name}`));

  test("name nothing that nobody uses", () => {
    const unused = named.filter(({ path, name }) => words.get(path)?.filter((word) => word === name).length === 1 && !isUsedElsewhere(path, name) && !isPublic(path, name));
    expect(unused.map(({ path, name }) => `${path}: ${name}`).filter((one) => !UNUSED_STILL.has(one))).toEqual([]);
  });

  // Types stay exported beside the functions that take and give them.
  test("of the language and the standard library are for other files", () => {
    const inner = named.filter(({ path, kind, name }) => /^(language|stdlib)\//.test(path) && /^(const|function)/.test(kind) && !isUsedElsewhere(path, name) && !isPublic(path, name));
    expect(inner.map(({ path, name }) => `${path}: ${name} needs no export`)).toEqual([]);
  });
});

describe("lists", () => {
  test("the registry is fresh", () => {
    execFileSync(process.execPath, [join(root, "scripts/write-registry.mjs"), "--check"], { cwd: root });
  });

  test("every operator, source and sink has a page, and kernels have tests", () => {
    const missing = ["ops", "sources", "sinks"].flatMap((kind) =>
      readdirSync(join(root, "stdlib", kind), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .flatMap(({ name }) => {
          const inside = readdirSync(join(root, "stdlib", kind, name));
          const wanted = inside.includes("kernel.ts") && kind === "ops" ? ["descriptor.ts", "page.md", `${name.replaceAll("_", "-")}.test.ts`] : ["descriptor.ts", "page.md"];
          return wanted.filter((file) => !inside.includes(file)).map((file) => `stdlib/${kind}/${name} has no ${file}`);
        }),
    );
    expect(missing).toEqual([]);
  });

  test("every diagnostic code has its page, and every page its code", () => {
    const pages = readdirSync(join(root, "language/diagnostics/pages")).map((file) => file.replace(/\.md$/, ""));
    const codes = allCodes().map((entry) => entry.code);
    expect(codes.filter((code) => !pages.includes(code))).toEqual([]);
    expect(pages.filter((page) => !codes.includes(page))).toEqual([]);
  });
});
