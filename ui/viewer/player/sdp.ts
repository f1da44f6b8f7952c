/**
 * `offer` with `stereo=1` on every Opus format: without it a browser announces, and decodes, mono
 * (RFC 7587 §6.1).
 */
export function askForStereo(offer: string): string {
  const opus = new Set([...offer.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)].map((match) => match[1]));
  return offer.replace(/^(a=fmtp:(\d+) )(.*?)(\r?)$/gm, (line, head: string, format: string, parameters: string, end: string) =>
    !opus.has(format) || /(^|;)\s*stereo=/.test(parameters) ? line : `${head}${parameters};stereo=1${end}`,
  );
}

/**
 * `offer` with the wish to measure round trips (`rrtr`, RFC 3611 §4.4) on every format of video. Without it a
 * browser takes 100 ms for one, asks too late for what was lost, and waits too little for it.
 */
export function askForRoundTrips(offer: string): string {
  if (/^a=rtcp-fb:\S+ rrtr\r?$/m.test(offer)) return offer;
  return offer.replace(/^a=rtcp-fb:(\S+) nack pli(\r?\n)/gm, "$&a=rtcp-fb:$1 rrtr$2");
}
