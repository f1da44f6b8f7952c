import { defineConfig } from "vitest/config";

/** Style sheets are read as they are (`?raw`) instead of being emptied. */
export default defineConfig({ test: { css: true } });
