#!/usr/bin/env node
/** The `pipec` command. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { declineTelemetry } from "../../runtime/contract/decline-telemetry.ts";
import { processIo } from "./io.ts";
import { runCli } from "./main.ts";
import { packageRoot } from "./package-root.ts";

declineTelemetry();
process.on("SIGINT", () => process.exit(130));
// Whoever reads our output may stop reading (`| head`): that is no fault.
for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);

const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { readonly version: string };
process.exitCode = await runCli(process.argv.slice(2), processIo(), version);

function ignoreClosedPipe(error: Error): void {
  if (!("code" in error && error.code === "EPIPE")) throw error;
}
