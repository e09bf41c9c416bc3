/**
 * What stands around the bundle: `require` without knowing whether the file is CommonJS or an ES module.
 *
 * The file's own path is `__filename` where there is one, else the script that was started (an ES module knows its
 * address only through syntax that CommonJS cannot parse); a worker is told by `workerData`. Native packages are looked
 * up from the program's folder, then from where pipec itself is installed; all of them before the program begins.
 */

const PACKAGES = "pipecNativePackages";

export const banner = `(() => {
const pipecModule = process.getBuiltinModule("node:module");
const pipecFile = typeof __filename === "string" ? __filename : process.argv[1];
const pipecUrl = process.getBuiltinModule("node:url").pathToFileURL(pipecFile).href;
let pipecHasBegun = false;
const require = ((own, packages) => {
  const near = (id) => {
    try {
      own.resolve(id);
      return own;
    } catch {
      const beside = pipecModule.createRequire(own.resolve("pipec/package.json"));
      beside.resolve(id);
      return beside;
    }
  };
  const isMain = process.getBuiltinModule("node:worker_threads").isMainThread;
  const end = (words) => {
    process.stderr.write(words + "\\n");
    process.exit(5);
  };
  const nameOf = (id) => id.split("/").slice(0, id.startsWith("@") ? 2 : 1).join("/");
  for (const id of isMain ? packages : []) {
    try {
      near(id);
    } catch {
      end(\`this program needs the package \${nameOf(id)}, which comes with pipec: run \\\`npm install pipec\\\` in its folder or above\`);
    }
  }
  return (id) => {
    if (!packages.includes(id)) return own(id);
    try {
      return near(id)(id);
    } catch (error) {
      if (pipecHasBegun || !isMain) throw error;
      return end(\`this program cannot load the package \${nameOf(id)}: \${error?.message ?? error}\`);
    }
  };
})(pipecModule.createRequire(pipecFile), ${PACKAGES});`;

/** A package that a later `import()` cannot load is for the engine to tell of. */
export const footer = "pipecHasBegun = true;\n})();";

/** The bundle that begins with the banner, with what it asks for of native packages, each as it names it. No line moves. */
export function namePackages(code: string, packages: readonly string[]): string {
  return code.replace(PACKAGES, JSON.stringify(packages));
}
