import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "language/**/*.test.ts", "runtime/**/*.test.ts", "stdlib/**/*.test.ts", "compiler/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**"],
    // vmThreads breaks onnxruntime-node; forks also isolates a native crash to its own test file.
    pool: "forks",
    // For what hangs: a test that is slow on a busy machine has not failed.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    // As the product does: `runtime/contract/decline-telemetry.ts`.
    env: { ORT_DISABLE_TELEMETRY: "1" },
  },
});
