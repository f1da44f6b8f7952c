import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/**
 * The window in a browser, against a pretended studio: for looking at every state of it.
 * `npx vite --config studio/dev/vite.config.ts`, then `/?situation=on_air` (situations.ts lists them).
 */
export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  plugins: [svelte()],
  resolve: {
    alias: {
      "@tauri-apps/api/core": new URL("./core.ts", import.meta.url).pathname,
      "@tauri-apps/api/window": new URL("./window.ts", import.meta.url).pathname,
    },
  },
});
