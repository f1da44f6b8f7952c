import { expect, test } from "vitest";
import { HEARTS_IN_A_MESSAGE, HEARTS_INTERVAL_MS } from "../../bindings/limits";
import { HeartBatch } from "./batch";
import { admit, heartThat, MOST_AT_ONCE, type RisingHeart } from "./field";
import { LOST_AFTER_MS, OwnTaps } from "./own";

test("the first tap goes out at once and the following ones wait for the window", () => {
  const batch = new HeartBatch();
  batch.tap();
  expect(batch.take(1000)).toBe(1);
  batch.tap();
  batch.tap();
  expect(batch.take(1100)).toBe(0);
  expect(batch.dueAt(1100)).toBe(1000 + HEARTS_INTERVAL_MS);
  expect(batch.take(1250)).toBe(2);
  expect(batch.dueAt(1250)).toBeNull();
});

test("after a pause a tap goes out at once again", () => {
  const batch = new HeartBatch();
  batch.tap();
  batch.take(0);
  batch.tap();
  expect(batch.dueAt(9000)).toBe(9000);
  expect(batch.take(9000)).toBe(1);
});

test("a storm of taps stays within four messages a second of at most fifty", () => {
  const batch = new HeartBatch();
  const sent: number[] = [];
  for (let now = 0; now < 1000; now += 2) {
    batch.tap();
    const count = batch.take(now);
    if (count > 0) sent.push(count);
  }
  expect(sent.length).toBe(4);
  expect(Math.max(...sent)).toBeLessThanOrEqual(HEARTS_IN_A_MESSAGE);
});

test("refused taps wait for as long as the room asked", () => {
  const batch = new HeartBatch();
  batch.tap();
  batch.take(0);
  batch.refused(1, 20, 3000);
  expect(batch.pending).toBe(1);
  expect(batch.take(2900)).toBe(0);
  expect(batch.take(3020)).toBe(1);
});

test("one's own taps are taken out of the broadcast once", () => {
  const own = new OwnTaps();
  own.sent(1, 0);
  own.sent(4, 250);
  expect(own.others(3, 300)).toBe(0);
  expect(own.outstanding(300)).toBe(2);
  expect(own.others(5, 500)).toBe(3);
  expect(own.others(2, 600)).toBe(2);
});

test("a tap that never comes back does not swallow somebody else's heart for ever", () => {
  const own = new OwnTaps();
  own.sent(10, 0);
  expect(own.others(4, LOST_AFTER_MS)).toBe(4);
});

test("a refused message's taps are no longer expected", () => {
  const own = new OwnTaps();
  own.sent(1, 0);
  own.sent(7, 250);
  expect(own.refused()).toBe(7);
  expect(own.outstanding(300)).toBe(1);
});

test("never more than thirty hearts rise, and one's own always does", () => {
  let hearts: readonly RisingHeart[] = [heartThat({ id: 0, hue: 10, own: true })];
  for (let id = 1; id < 50; id += 1) hearts = admit(hearts, heartThat({ id, hue: 1, own: false }));
  expect(hearts.length).toBe(MOST_AT_ONCE);
  hearts = admit(hearts, heartThat({ id: 99, hue: 10, own: true }));
  expect(hearts.length).toBe(MOST_AT_ONCE);
  expect(hearts.filter(({ own }) => own).map(({ id }) => id)).toEqual([0, 99]);
});

test("a heart takes two to three seconds", () => {
  expect(heartThat({ id: 1, hue: 1, own: false }, () => 0).duration).toBe(2000);
  expect(heartThat({ id: 1, hue: 1, own: false }, () => 0.999).duration).toBeLessThan(3000);
});
