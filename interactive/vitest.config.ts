// Tests stand beside the sources. Engine, scales, state and traces are tested without a DOM; a test that needs one
// opens with `// @vitest-environment happy-dom`.
import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { NN_WORKERS: "{}", NN_VENDOR: "{}" }, // what the bundler fills in (nnfs/site/bundle.mjs)
  test: { include: ["src/**/*.test.ts"], environment: "node", pool: "threads" },
});
