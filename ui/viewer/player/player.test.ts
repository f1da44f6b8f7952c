import { expect, test } from "vitest";
import { Backoff } from "./backoff";
import { ProgramClock } from "./clock";
import { askForRoundTrips, askForStereo } from "./sdp";

test("a frame's program time follows from the header", () => {
  const clock = ProgramClock.fromHeader("rtp=900000;program_ms=10000");
  expect(clock?.programMs(900_000)).toBe(10_000);
  expect(clock?.programMs(900_000 + 90 * 40)).toBe(10_040);
});

test("a frame a little before the reference is a little earlier", () => {
  expect(new ProgramClock(900_000, 10_000).programMs(900_000 - 9000)).toBe(9900);
  expect(new ProgramClock(10, 0).programMs(0)).toBe(0);
});

test("the clock runs on where the timestamps wrap", () => {
  const clock = new ProgramClock(2 ** 32 - 90, 47_721_858);
  expect(clock.programMs(2 ** 32 - 45)).toBe(47_721_859);
  expect(clock.programMs(90 * 999)).toBe(47_721_858 + 1 + 999);
});

test("a show of two days stays right, as the reference follows", () => {
  const clock = new ProgramClock(0, 0);
  const day = 86_400_000;
  let seen = 0;
  for (let ms = 0; ms <= 2 * day; ms += 3_600_000) seen = clock.programMs((ms * 90) % 2 ** 32);
  expect(seen).toBe(2 * day);
});

test("a header that says nothing usable is none", () => {
  for (const header of [null, "", "rtp=1", "rtp=-4;program_ms=1", "rtp=4294967296;program_ms=1", "rtp=x;program_ms=1"]) {
    expect(ProgramClock.fromHeader(header)).toBeNull();
  }
  expect(ProgramClock.fromHeader(" program_ms=5 ; rtp=1 ; more=2")?.programMs(1)).toBe(5);
});

test("waits double up to the longest and begin anew after success", () => {
  const backoff = new Backoff(500, 4000, () => 1);
  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([500, 1000, 2000, 4000, 4000]);
  backoff.reset();
  expect(backoff.next()).toBe(500);
});

test("only opus is asked for in stereo, and once", () => {
  const offer = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=1", ""].join("\r\n");
  const asked = askForStereo(offer);
  expect(asked).toContain("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n");
  expect(asked).toContain("a=fmtp:102 packetization-mode=1\r\n");
  expect(askForStereo(asked)).toBe(asked);
});

test("round trips are asked for where lost packets are, and once", () => {
  const offer = ["a=rtcp-fb:108 nack", "a=rtcp-fb:108 nack pli", "a=rtcp-fb:111 transport-cc", ""].join("\r\n");
  const asked = askForRoundTrips(offer);
  expect(asked).toBe(
    ["a=rtcp-fb:108 nack", "a=rtcp-fb:108 nack pli", "a=rtcp-fb:108 rrtr", "a=rtcp-fb:111 transport-cc", ""].join("\r\n"),
  );
  expect(askForRoundTrips(asked)).toBe(asked);
});
