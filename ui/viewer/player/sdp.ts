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
