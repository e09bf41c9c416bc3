/**
 * Builds dist/: the command line as one bundle in pieces (a command loads only what it needs), and the modules that
 * emitted programs import, with their types. Run by `npm run build`, and by `prepare` after an install.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

async function buildCli() {
  await build({
    entryPoints: { cli: join(root, "compiler", "cli", "cli.ts") },
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: "cli/[name]-[hash]",
    format: "esm",
    platform: "node",
    target: "node20",
    // The parser generator comes as many small modules; in one piece it loads in a twentieth of the time.
    external: Object.keys(dependencies).filter((name) => name !== "chevrotain"),
    legalComments: "none",
    logLevel: "warning",
  });
  chmodSync(join(dist, "cli.js"), 0o755);
}

/** JavaScript and declarations of the run-time modules, laid out as the sources are. */
function buildLibrary() {
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const bin = join(dirname(tsc), "bin", "tsc");
  execFileSync(process.execPath, [bin, "-p", join(root, "tsconfig.build.json")], { cwd: root, stdio: "inherit" });
}

/** `npx pipec` inside the checkout finds the command as it would an installed one. */
function linkCommand() {
  const folder = join(root, "node_modules", ".bin");
  const link = join(folder, "pipec");
  if (process.platform === "win32" || !existsSync(join(root, "node_modules"))) return;
  mkdirSync(folder, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(join("..", "..", "dist", "cli.js"), link);
}

rmSync(dist, { recursive: true, force: true });
await buildCli();
linkCommand();
buildLibrary();
