/** Where this pipec is installed, and in which form: a checkout's sources, or the built package. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PackageLayout } from "../emit/package-layout.ts";

/** The folder of pipec's package.json: the nearest above this module. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("pipec's package.json is missing");
    folder = parent;
  }
  return folder;
}

/** Built code bundles built modules; the sources, run as they are (in tests), bundle the sources. */
export function packageLayout(): PackageLayout {
  return { root: packageRoot(), built: !import.meta.url.endsWith(".ts") };
}
