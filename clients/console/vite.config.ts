import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const SERVER = process.env.LOCALDIAL_HTTP ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The messages that the TypeScript client is generated with. They import the runtime, which is installed here.
    alias: { "#gen": here("../typescript/src/gen") },
    dedupe: ["@bufbuild/protobuf"],
  },
  build: {
    outDir: here("../../server/localdial_server/web/console"),
    emptyOutDir: true,
    // The server forbids data: URLs, so every file is one of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` shows the page from its source, over a server that runs beside it.
    // The server refuses pages of other origins.
    proxy: { "^/localdial\\.v1\\.": { target: SERVER, changeOrigin: true, headers: { origin: SERVER } } },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["test/support/setup.ts"],
    include: ["test/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    // Many tests at once on a busy machine take their time.
    testTimeout: 30_000,
  },
});
