import { expect, test } from "vitest";
import { Fallback } from "./fallback";
import { codecsOf, programZero } from "./hls";
import { carrierWords } from "./words";

test("five seconds without a picture are enough, wherever they begin", () => {
  const fallback = new Fallback(0);
  expect(fallback.isDue(4999, null)).toBe(false);
  expect(fallback.isDue(5000, null)).toBe(true);
  fallback.content(5000);
  expect(fallback.isDue(9999, null)).toBe(false);
  expect(fallback.isDue(10_000, null)).toBe(true);
});

test("three losses in a minute are enough, over more than a minute they are not", () => {
  const fallback = new Fallback(0);
  for (const at of [1000, 31_000, 60_900]) {
    fallback.content(at);
    expect(fallback.isDue(at, null)).toBe(false);
    fallback.lost(at);
  }
  expect(fallback.isDue(60_900, null)).toBe(true);
  const steadier = new Fallback(0);
  for (const at of [1000, 31_000, 61_100, 91_200]) {
    steadier.lost(at);
    steadier.content(at);
    expect(steadier.isDue(at, null)).toBe(false);
  }
});

test("what a browser or a network cannot do is known at once, a refusal of the host's is obeyed", () => {
  const fallback = new Fallback(0);
  for (const kind of ["no_webrtc", "no_h264", "no_path"] as const) expect(fallback.isDue(1, { kind })).toBe(true);
  expect(fallback.isDue(60_000, { kind: "refused", words: "", again: true })).toBe(false);
});

test("where HLS has nothing either it is left alone for a while", () => {
  const fallback = new Fallback(0);
  fallback.failed(1000);
  expect(fallback.isDue(10_999, { kind: "no_webrtc" })).toBe(false);
  expect(fallback.isDue(11_000, { kind: "no_webrtc" })).toBe(true);
  fallback.begin(11_000);
  expect(fallback.isDue(15_999, null)).toBe(false);
});

test("the playlist says when program zero was, and what it is made of", () => {
  const playlist = [
    "#EXTM3U",
    '#EXT-X-SESSION-DATA:DATA-ID="antenne.program-zero",VALUE="2026-11-28T09:00:00.125Z"',
    '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=640x360',
    "hls/x/live.m3u8",
  ].join("\n");
  expect(programZero(playlist)).toBe(1_795_856_400_125);
  expect(codecsOf(playlist)).toBe("avc1.42c01f,mp4a.40.2");
  for (const nothing of ["", "#EXTM3U", playlist.replace("2026-11", "soon")]) expect(programZero(nothing)).toBeNull();
  expect(codecsOf("#EXTM3U")).toBeNull();
});

test("the details say the way and how late it is, where that is known", () => {
  expect(carrierWords("hls", 1234)).toBe("Picture by HLS, 1.2 s behind");
  expect(carrierWords("webrtc", null)).toBe("Picture by WebRTC");
});
