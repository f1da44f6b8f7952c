import { describe, expect, it } from "vitest";
import { listOf, listText, networkSummary, uploadOf, uploadText } from "./network";
import { NOTHING } from "./nothing";

describe("a list in one field", () => {
  it("is separated by commas, semicolons, spaces and lines, however many", () => {
    expect(listOf("live.example.org, studio.example.org")).toEqual(["live.example.org", "studio.example.org"]);
    expect(listOf(" a;b\tc\n\nd ,  e,")).toEqual(["a", "b", "c", "d", "e"]);
    expect(listOf("10.0.0.1 fe80::1")).toEqual(["10.0.0.1", "fe80::1"]);
  });

  it("is empty where nothing but separators stands", () => {
    expect(["", "   ", ", ,,", ";\n;"].map(listOf)).toEqual([[], [], [], []]);
  });

  it("holds each word once, as it was written", () => {
    expect(listOf("b a b A")).toEqual(["b", "a", "A"]);
  });

  it("keeps what is no name for the studio to refuse", () => {
    expect(listOf("http://x/?a=1 <script> __proto__")).toEqual(["http://x/?a=1", "<script>", "__proto__"]);
  });

  it("reads as it was shown", () => {
    const names = ["live.example.org", "xn--bcher-kva.example"];
    expect(listOf(listText(names))).toEqual(names);
    expect(listText([])).toBe("");
  });
});

describe("the upload", () => {
  const kbps = (text: string): number | null => {
    const upload = uploadOf(text);
    if ("wrong" in upload) throw new Error(upload.wrong);
    return upload.kbps;
  };

  it("is in Mb/s, and stored in kb/s", () => {
    expect(["20", "2.5", "2,5", "0,1", " 1000 ", "007", "100000"].map(kbps)).toEqual([20_000, 2_500, 2_500, 100, 1_000_000, 7_000, 100_000_000]);
  });

  it("is no limit where nothing is written", () => {
    expect(["", "  ", "\t"].map(kbps)).toEqual([null, null, null]);
  });

  it("is rounded to whole kb/s", () => {
    expect(["1.2344", "1.2345", "0.0999999"].map(kbps)).toEqual([1_234, 1_235, 100]);
  });

  it("is refused where it is no number of Mb/s", () => {
    const numbers = ["NaN", "1e9", "-1", "+5", "−5", "Infinity", "0x10", "2,5,1", "1.2.3", ".5", "5.", "20 Mb/s", "1 000", "٢٠", "null"];
    for (const text of numbers) expect(uploadOf(text), text).toEqual({ wrong: expect.stringContaining("write a number") });
  });

  it("is refused outside of what the studio takes", () => {
    for (const text of ["0", "0.0", "0.09", "100000.1", "9".repeat(400)]) expect(uploadOf(text), text.slice(0, 9)).toEqual({ wrong: expect.stringContaining("0.1 to 100000") });
  });

  it("does not guess whether a comma parts thousands", () => {
    for (const text of ["1,000", "100,000", "1,000,000"]) expect(uploadOf(text), text).toEqual({ wrong: expect.stringContaining("without a comma") });
    expect(kbps("0,125")).toBe(125);
  });

  it("reads as it was shown", () => {
    for (const stored of [null, 100, 1_234, 2_500, 20_000, 1_000_000, 100_000_000]) expect(kbps(uploadText(stored))).toBe(stored);
  });
});

describe("what is set of the network, in one line", () => {
  const summary = (change: Partial<typeof NOTHING.setup>): string => networkSummary({ ...NOTHING.setup, ...change });

  it("is empty where nothing is", () => expect(summary({})).toBe(""));

  it("names what there is one of, and counts the others", () => {
    expect(summary({ host_names: ["live.example.org"] })).toBe("live.example.org");
    expect(summary({ host_names: ["a", "b"], trusted_proxies: ["10.0.0.1"], upload_kbps: 2_500 })).toBe("2 names · 1 proxy · 2.5 Mb/s");
    expect(summary({ trusted_proxies: ["10.0.0.1", "10.0.0.2"] })).toBe("2 proxies");
  });
});
