import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The pages that the audience service embeds: the viewer's page and the replay page. */
export default defineConfig({
  root: fileURLToPath(new URL("./viewer", import.meta.url)),
  base: "/",
  plugins: [svelte()],
  build: {
    outDir: "../dist/viewer",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "assets",
    // The pages' content policy allows no data: addresses.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["viewer/index.html", "viewer/replay.html"].map((page) => fileURLToPath(new URL(page, import.meta.url))) },
  },
});
