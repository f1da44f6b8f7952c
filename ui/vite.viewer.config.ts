import { svelte } from "@sveltejs/vite-plugin-svelte";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Puts a compressed twin (`.gz`) beside each text file, for the service to hand out as it is. */
function compressedTwins(): Plugin {
  return {
    name: "compressed-twins",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        if (!/\.(html|js|css|svg)$/.test(fileName)) continue;
        const source = gzipSync(file.type === "chunk" ? file.code : file.source, { level: 9 });
        this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source });
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
    rolldownOptions: { input: ["viewer/index.html", "viewer/replay.html"].map((page) => fileURLToPath(new URL(page, import.meta.url))) },
  },
});
