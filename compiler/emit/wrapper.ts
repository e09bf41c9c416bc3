/**
 * What stands around the bundle: `require` without knowing whether the file is CommonJS or an ES module.
 *
 * The file's own path is `__filename` where there is one, else the script that was started (an ES module knows its
 * address only through syntax that CommonJS cannot parse); a worker is told by `workerData`. Native packages are looked
 * up from the program's folder, then from where pipec itself is installed.
 */
export const banner = `(() => {
const pipecModule = process.getBuiltinModule("node:module");
const pipecFile = typeof __filename === "string" ? __filename : process.argv[1];
const pipecUrl = process.getBuiltinModule("node:url").pathToFileURL(pipecFile).href;
const require = ((own) => (id) => {
  try {
    return own(id);
  } catch (error) {
    let beside;
    try {
      beside = pipecModule.createRequire(own.resolve("pipec/package.json"));
    } catch {
      if (error?.code !== "MODULE_NOT_FOUND") throw error;
      process.stderr.write(\`this program needs the package \${id}, which comes with pipec: run \\\`npm install pipec\\\` in its folder or above\\n\`);
      process.exit(5);
    }
    return beside(id);
  }
})(pipecModule.createRequire(pipecFile));`;

export const footer = "})();";
