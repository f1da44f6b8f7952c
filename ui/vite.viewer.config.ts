import { svelte } from "@sveltejs/vite-plugin-svelte";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/**
 * Puts a compressed twin (`.gz`) beside each text file, for the service to hand out as it is. Made
 * from the written files: the last changes to a bundle come after every plugin saw it.
 */
function compressedTwins(): Plugin {
  return {
    name: "compressed-twins",
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) return;
      for (const fileName of Object.keys(bundle)) {
        if (!/\.(html|js|css|svg)$/.test(fileName)) continue;
        const file = join(dir, fileName);
        await writeFile(`${file}.gz`, gzipSync(await readFile(file), { level: 9 }));
      }
    },
  };
}

/** The pages that the audience service embeds: the viewer's page and the replay page. */
export default defineConfig({
  root: fileURLToPath(new URL("./viewer", import.meta.url)),
  base: "/",
  plugins: [svelte(), compressedTwins()],
  build: {
    outDir: "../dist/viewer",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "assets",
    // The pages' content policy allows no data: addresses.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["viewer/index.html", "viewer/replay.html", "viewer/elsewhere.html"].map((page) => fileURLToPath(new URL(page, import.meta.url))) },
  },
});
