const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** A place in a recording: `0:07`, `12:44`, `1:02:03`. Rounded down; negative is `0:00`. */
export function position(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** How long something has been going, of fixed width: `00:12:44`. */
export function elapsed(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND));
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** A length in words: `2 h 5 min`, `12 min`, `40 s`. */
export function lengthInWords(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  const minutes = Math.round((ms % HOUR) / MINUTE);
  const hours = Math.floor(ms / HOUR) + (minutes === 60 ? 1 : 0);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
}

/** What is left until something happens: `23:59:07` below a day, `3 d 04 h` above. */
export function countdown(ms: number): string {
  const left = Math.max(0, ms);
  if (left < 24 * HOUR) return elapsed(Math.ceil(left / SECOND) * SECOND);
  return `${Math.floor(left / (24 * HOUR))} d ${two(Math.floor((left % (24 * HOUR)) / HOUR))} h`;
}

/** A count of people or hearts as it is read: `999`, `1,234`, `12.3k`, `1.2M`. */
export function count(value: number): string {
  if (value < 10_000) return value.toLocaleString("en-US");
  const [scaled, unit] = value < 999_950 ? [value / 1000, "k"] : [value / 1_000_000, "M"];
  return `${scaled.toFixed(scaled < 99.95 ? 1 : 0).replace(/\.0$/, "")}${unit}`;
}

/** A size on disk: `812 MB`, `1.4 GB`. */
export function bytes(value: number): string {
  if (value < 1_000_000) return `${Math.max(value > 0 ? 1 : 0, Math.round(value / 1000))} kB`;
  if (value < 1_000_000_000) return `${Math.round(value / 1_000_000)} MB`;
  return `${(value / 1_000_000_000).toFixed(1)} GB`;
}

/** A date and time as its reader writes them. */
export function dateAndTime(unixMs: number): string {
  return new Date(unixMs).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A date as its reader writes it. */
export function date(unixMs: number): string {
  return new Date(unixMs).toLocaleDateString(undefined, { dateStyle: "medium" });
}

/** A time of day as its reader writes it. */
export function clock(unixMs: number): string {
  return new Date(unixMs).toLocaleTimeString(undefined, { timeStyle: "short" });
}

/** Up to two letters that stand for a name; grapheme clusters, so that emoji and accents stay whole. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked.map((word) => firstGrapheme(word ?? "").toLocaleUpperCase()).join("");
}

function firstGrapheme(word: string): string {
  // Older browsers take the first code point; an emoji of several then loses its companions.
  if (!("Segmenter" in Intl)) return String.fromCodePoint(word.codePointAt(0) ?? 0x20).trim();
  const segments = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(word);
  return segments[Symbol.iterator]().next().value?.segment ?? "";
}
