import packages from "@fontsource-variable/inter/wght.css?raw";
import { expect, test } from "vitest";
import ours from "./inter.css?raw";

/** Which file is asked for which characters, in their order. */
function parts(css: string): [file: string, range: string][] {
  return [...css.matchAll(/url\(["']?([^"')]+)["']?\)[^;]*;\s*unicode-range:\s*([^;]+);/g)].map(([, url = "", range = ""]) => [
    url.replace(/^.*\//, ""),
    range.replace(/\s+/g, ""),
  ]);
}

test("the parts of Inter are the package's, with the Latin one made smaller", () => {
  const [theirs, own] = [parts(packages), parts(ours)];
  expect(theirs).toHaveLength(7);
  expect(own).toEqual(theirs.map(([file, range]) => [file === "inter-latin-wght-normal.woff2" ? "inter-latin.woff2" : file, range]));
});
