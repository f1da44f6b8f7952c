import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

/** The studio's window. */
export default defineConfig({
  root: new URL("./studio", import.meta.url).pathname,
  base: "./",
  plugins: [svelte()],
  build: { outDir: "../dist/studio", emptyOutDir: true, target: "es2022" },
});
