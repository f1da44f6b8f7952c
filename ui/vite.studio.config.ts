import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The studio's window. */
export default defineConfig({
  root: fileURLToPath(new URL("./studio", import.meta.url)),
  base: "./",
  plugins: [svelte()],
  build: { outDir: "../dist/studio", emptyOutDir: true, target: "es2022" },
});
