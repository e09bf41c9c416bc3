/**
 * Writes stdlib/registry.ts: one list each of the operators, sources and sinks found under stdlib/. Run it after
 * adding a folder (`npm run registry`); test/tidy.test.ts fails while the file is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const KINDS = [
  { folder: "ops", list: "operators", type: "OperatorDescriptor", suffix: "" },
  { folder: "sources", list: "sources", type: "SourceDescriptor", suffix: "Source" },
  { folder: "sinks", list: "sinks", type: "SinkDescriptor", suffix: "Sink" },
];

const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

export function registryText() {
  const kinds = KINDS.map((kind) => {
    const names = readdirSync(join(root, "stdlib", kind.folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    return { ...kind, entries: names.map((name) => ({ name, symbol: camelCase(name) + kind.suffix })) };
  });
  const imports = kinds.flatMap(({ folder, entries }) =>
    entries.map(({ name, symbol }) => `import { descriptor as ${symbol} } from "./${folder}/${name}/descriptor.ts";`),
  );
  const lists = kinds.map(
    ({ list, type, entries }) => `export const ${list}: readonly ${type}[] = [\n${entries.map(({ symbol }) => `  ${symbol},\n`).join("")}];\n`,
  );
  return [
    "/** Everything the standard library offers. Written by scripts/write-registry.mjs; do not edit. */",
    'import type { OperatorDescriptor, SinkDescriptor, SourceDescriptor } from "../language/catalog/catalog.ts";',
    ...imports,
    "",
    lists.join("\n"),
  ].join("\n");
}

const target = join(root, "stdlib", "registry.ts");
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    if (readFileSync(target, "utf8") !== registryText()) {
      console.error("stdlib/registry.ts is stale: run `npm run registry`");
      process.exitCode = 1;
    }
  } else {
    writeFileSync(target, registryText());
  }
}
