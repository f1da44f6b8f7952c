import { expect, it } from "vitest";
import type { Update } from "../../../bindings/Update";
import { readBeat } from "./bridge";

const clock: Update = { kind: "clock", now_ms: 1_795_238_400_000 };

it("reads updates alone", () => {
  expect(readBeat([clock])).toEqual({ updates: [clock], jpeg: null });
});

it("reads updates in front of a frame, whatever alphabet they are in", () => {
  const numbered: Update = { kind: "event", numbered: { number: 7, event: { type: "hearts", value: 3 } as never } };
  const text = new TextEncoder().encode(JSON.stringify([clock, numbered, "é 心 ❤️"]));
  const message = new Uint8Array([...[0, 8, 16, 24].map((shift) => (text.length >> shift) & 0xff), ...text, 0xff, 0xd8, 0xff]);
  const beat = readBeat(message.buffer);
  expect(beat.updates).toEqual([clock, numbered, "é 心 ❤️"]);
  expect([...(beat.jpeg ?? [])]).toEqual([0xff, 0xd8, 0xff]);
});

it("reads a frame without updates", () => {
  const beat = readBeat(new Uint8Array([2, 0, 0, 0, 0x5b, 0x5d, 0xff, 0xd8]).buffer);
  expect(beat.updates).toEqual([]);
  expect(beat.jpeg?.length).toBe(2);
});
