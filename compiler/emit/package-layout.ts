/**
 * Where pipec's own modules are: TypeScript sources in a checkout, JavaScript under `dist/` in an installed package.
 * The rim finds the folder and passes it in.
 */
import { join } from "node:path";

export interface PackageLayout {
  /** The folder of pipec's package.json. */
  readonly root: string;
  /** Whether to take the built modules (`dist/`) or the sources. */
  readonly built: boolean;
}

/** The file behind `pipec/runtime`, `pipec/ops/resize`, …; undefined for a name the package does not offer. */
export function moduleFile(layout: PackageLayout, specifier: string): string | undefined {
  const folder = layout.built ? join(layout.root, "dist", "lib") : layout.root;
  const ending = layout.built ? ".js" : ".ts";
  if (specifier === "pipec/runtime") return join(folder, "runtime", `index${ending}`);
  if (specifier === "pipec/testing") return join(folder, "runtime", `testing${ending}`);
  if (specifier === "pipec/measuring") return join(folder, "runtime", `measuring${ending}`);
  const match = /^pipec\/(ops|sources|sinks)\/([a-z0-9_]+)$/.exec(specifier);
  return match === null ? undefined : join(folder, "stdlib", match[1] ?? "", match[2] ?? "", `kernel${ending}`);
}
