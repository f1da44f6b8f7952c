/** What the details say of the way that the picture takes. */
export function carrierWords(carrier: "webrtc" | "hls", latencyMs: number | null): string {
  const late = latencyMs === null ? "" : `, ${(Math.max(0, latencyMs) / 1000).toFixed(1)} s behind`;
  return carrier === "webrtc" ? `Picture by WebRTC${late}` : `Picture by HLS${late}`;
}
