import { expect, test } from "vitest";
import { asksForH264, judge } from "./obstacle";
import { chosenSound, readSound } from "./preference";

const said = (code: string, message: string): string => JSON.stringify({ code, message });

test("a refusal that will not change is not asked again, and says what the server said", () => {
  for (const status of [400, 401, 403, 404, 405, 406, 410, 413, 415, 421]) {
    expect(judge(status, null, said("nope", "Not like this."))).toEqual({ retryMs: null, obstacle: { kind: "refused", words: "Not like this.", again: false } });
    // Not even where it says when: the same offer would meet the same answer.
    expect(judge(status, "1", "").retryMs).toBeNull();
  }
});

test("an offer without H.264 is told from other bad offers", () => {
  expect(judge(400, null, said("offer_without_h264", "…"))).toEqual({ retryMs: null, obstacle: { kind: "no_h264" } });
  expect(judge(400, null, said("offer_malformed", "…")).obstacle?.kind).toBe("refused");
});

test("who is too many waits as long as the server asks, and reads why", () => {
  expect(judge(429, "30", said("address_full", "Too many."))).toEqual({ retryMs: 30_000, obstacle: { kind: "refused", words: "Too many.", again: true } });
  expect(judge(503, "5", said("full", "Full.")).retryMs).toBe(5000);
  expect(judge(503, "999999", said("full", "Full.")).retryMs).toBe(120_000);
});

test("a fault of the server is tried again without a word, also with a header that says nothing", () => {
  for (const header of [null, "", "soon", "-4", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT"]) {
    expect(judge(500, header, "<html>")).toEqual({ retryMs: 0, obstacle: null });
  }
  expect(judge(502, null, "")).toEqual({ retryMs: 0, obstacle: null });
});

test("a show that is not on air yet is asked again, one that is over is not; the room has the words", () => {
  expect(judge(409, "1", said("not_on_air", "…"))).toEqual({ retryMs: 1000, obstacle: null });
  expect(judge(409, null, said("not_on_air", "…"))).toEqual({ retryMs: null, obstacle: null });
});

test("an answer that is none of ours still has words", () => {
  for (const body of ["", "<html>", "null", "[]", '{"message":7}']) {
    const { obstacle } = judge(404, null, body);
    expect(obstacle?.kind === "refused" && obstacle.words).toContain("404");
  }
});

test("an offer says whether its browser has H.264", () => {
  expect(asksForH264("m=video 9 UDP/TLS/RTP/SAVPF 96 102\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:102 H264/90000\r\n")).toBe(true);
  expect(asksForH264("a=rtpmap:96 VP8/90000\r\na=rtpmap:120 H265/90000\r\na=fmtp:96 x=H264/90000\r\n")).toBe(false);
});

test("the chosen sound is read back, and nonsense is the usual", () => {
  expect(readSound('{"muted":true,"volume":0.4}')).toEqual({ muted: true, volume: 0.4 });
  for (const stored of [null, "", "{", "7", '{"volume":"loud"}', '{"volume":-1}', '{"volume":9}', '{"muted":"yes"}']) {
    expect(readSound(stored)).toEqual({ muted: false, volume: 1 });
  }
  // Where there is no storage at all.
  expect(chosenSound()).toEqual({ muted: false, volume: 1 });
});
