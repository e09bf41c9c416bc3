/**
 * The builds of onnxruntime that npm has send its makers, of each session, hashes of the model, its name, and how often
 * it ran, and keep a file of that in the user's folder, unless the environment forbids it before the first session (its
 * Privacy.md says so). What a job runs is nobody's business but its owner's.
 */

/** For this process and those it starts. Whoever has set the variable is heard. */
export function declineTelemetry(): void {
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
}
