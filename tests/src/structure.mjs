// Reads a file's boxes with mp4box.js, and prints what it has to say of them as one JSON object.
// Runs in ui/, whose lock file names the version.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createFile, Log, MP4BoxBuffer } = createRequire(`${process.cwd()}/`)("mp4box");
const remarks = [];
Log.setLogLevel(Log.warn);
for (const word of ["warn", "error", "debug", "info", "log"]) {
  const say = console[word];
  console[word] = (...text) => (word === "log" ? say(...text) : remarks.push(text.join(" ")));
}

const bytes = readFileSync(process.argv[2]);
const file = createFile();
let info = null;
file.onError = (module, text) => remarks.push(`${module}: ${text}`);
file.onReady = (ready) => (info = ready);
file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), 0));
file.flush();
const unknown = [];
const walk = (boxes) => {
  for (const box of boxes ?? []) {
    if (box.has_unparsed_data) unknown.push(box.type);
    walk(box.boxes);
  }
};
walk(file.boxes);
const tracks = (info?.tracks ?? []).map(({ type, codec, nb_samples, duration, timescale }) => ({
  type,
  codec,
  samples: nb_samples,
  seconds: duration / timescale,
}));
console.log(
  JSON.stringify({
    remarks,
    unknown,
    end: (file.boxes.at(-1)?.start ?? 0) + (file.boxes.at(-1)?.size ?? 0),
    boxes: file.boxes.map((box) => box.type),
    fragmented: info?.isFragmented ?? null,
    tracks,
  }),
);
