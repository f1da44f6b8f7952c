// Runs before the page's own scripts: notes when its first video picture was decoded, and when the
// offer for it went out, in milliseconds since navigation.
if (window === window.top && !window.firstPicture) {
  window.firstPicture = {};
  const send = window.fetch;
  window.fetch = (address, options) => {
    if (String(address?.url ?? address).endsWith("/whep") && window.firstPicture.offered === undefined) {
      window.firstPicture.offered = performance.now();
    }
    return send.call(window, address, options);
  };
  const watched = new WeakSet();
  const watch = () => {
    for (const video of document.querySelectorAll("video")) {
      if (watched.has(video)) continue;
      watched.add(video);
      video.requestVideoFrameCallback((now) => (window.firstPicture.at ??= now));
    }
  };
  new MutationObserver(watch).observe(document, { childList: true, subtree: true });
}
