import { describe, expect, it } from "vitest";
import { decibels, diskUrgency, droppedUrgency, hoursInWords, minutesInWords, plural, sentence } from "./format";

describe("the words of the window", () => {
  it("says how much time is left", () => {
    expect([0, 1, 59, 60, 84, 600, 4_320, 11_300, 99e9].map(minutesInWords)).toEqual([
      "less than a minute",
      "1 min",
      "59 min",
      "1 h",
      "1 h 24 min",
      "10 h",
      "3 days",
      "7 days",
      "over 1,000 days",
    ]);
    expect([1, 24, 25, 48, 168].map(hoursInWords)).toEqual(["1 hour", "24 hours", "25 hours", "2 days", "7 days"]);
  });

  it("counts people", () => {
    expect([0, 1, 4_312].map((n) => plural(n, "person", "people"))).toEqual(["0 people", "1 person", "4,312 people"]);
  });

  it("begins a message with a capital", () => {
    expect(["the show has begun already", "RTMP", ""].map(sentence)).toEqual(["The show has begun already", "RTMP", ""]);
  });

  it("writes a gain with its sign", () => {
    expect([6, -12.54, 0, -0.01].map(decibels)).toEqual(["+6.0 dB", "−12.5 dB", "0.0 dB", "0.0 dB"]);
  });

  it("warns about the disk below 2 GB and alarms below 500 MB", () => {
    expect([2e9, 1.99e9, 500e6, 499e6].map(diskUrgency)).toEqual(["fine", "warning", "warning", "alarm"]);
  });

  it("warns above 1 % of lost frames and alarms above 5 %", () => {
    const of1000 = (lost: number): string => droppedUrgency(lost, 100_000, 10);
    expect([10, 11, 50, 51].map(of1000)).toEqual(["fine", "warning", "warning", "alarm"]);
    expect(droppedUrgency(3, 0, 0)).toBe("fine");
  });
});
