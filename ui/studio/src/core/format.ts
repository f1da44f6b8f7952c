/** What only the studio's window writes; the rest is in `shared/format`. Pure. */
import { count } from "../../../shared/format";

/** `1 person`, `1,204 people`. */
export function plural(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** `40 min`, `12 h 5 min`, `3 days`: roughly how long something lasts or fits, from minutes. */
export function minutesInWords(minutes: number): string {
  const whole = Math.max(0, Math.floor(minutes));
  if (whole < 1) return "less than a minute";
  if (whole < 60) return `${whole} min`;
  const hours = Math.floor(whole / 60);
  if (hours >= 72) return hours >= 24_000 ? "over 1,000 days" : `${count(Math.floor(hours / 24))} days`;
  return hours >= 10 || whole % 60 === 0 ? `${hours} h` : `${hours} h ${whole % 60} min`;
}

/** `1 hour`, `24 hours`, `7 days`. */
export function hoursInWords(hours: number): string {
  if (hours >= 48 && hours % 24 === 0) return plural(hours / 24, "day", "days");
  return plural(hours, "hour", "hours");
}

/** A message with a capital at its start: messages are written to stand within a line. */
export function sentence(text: string): string {
  return text.charAt(0).toLocaleUpperCase("en-GB") + text.slice(1);
}

/** `+6.0 dB`, `−12.5 dB`, `0.0 dB`. */
export function decibels(db: number): string {
  const rounded = Math.round(db * 10) / 10;
  const sign = rounded > 0 ? "+" : rounded < 0 ? "−" : "";
  return `${sign}${Math.abs(rounded).toFixed(1)} dB`;
}

export type Urgency = "fine" | "warning" | "alarm";

/** Amber below 2 GB, red below 500 MB. */
export function diskUrgency(freeBytes: number): Urgency {
  return freeBytes < 500e6 ? "alarm" : freeBytes < 2e9 ? "warning" : "fine";
}

/** Amber above 1 %, red above 5 % of the frames that there should have been. */
export function droppedUrgency(dropped: number, programMs: number, fps: number): Urgency {
  const expected = (programMs / 1_000) * fps;
  const share = expected > 0 ? dropped / expected : 0;
  return share > 0.05 ? "alarm" : share > 0.01 ? "warning" : "fine";
}
