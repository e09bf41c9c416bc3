/**
 * Material beside the checkout (`../shared`): exported models and conformance cases that are not part of the project.
 * Tests that use it skip where it is absent; with PIPEC_REQUIRE_SHARED=1 its absence fails instead.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";

const root = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** A path below `../shared`. */
export function sharedPath(...parts: readonly string[]): string {
  return join(root, ...parts);
}

/** `describe` for tests that need the folder `below` of `../shared`. */
export function describeWithShared(title: string, below: string, tests: () => void): void {
  if (existsSync(join(root, below))) {
    describe(title, tests);
  } else if (process.env["PIPEC_REQUIRE_SHARED"] === "1") {
    describe(title, () => {
      it(`needs ../shared/${below}`, () => {
        throw new Error(`../shared/${below} is absent and PIPEC_REQUIRE_SHARED=1`);
      });
    });
  } else describe.skip(`${title} (skipped: ../shared/${below} is absent)`, tests);
}

/** Names of the folders in a folder of `../shared`, in order; none if it is absent. */
export function sharedFolders(below: string): readonly string[] {
  const folder = join(root, below);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}
