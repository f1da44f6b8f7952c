// Runs in the page: reads the clock strip of every presented picture and hears the beeps.
if (!window.antenneFollowed) {
  const followed = { pictures: [], beeps: [], loudest: 0 };
  window.antenneFollowed = followed;
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const cells = 52;

  const readStrip = (video) => {
    const width = video.videoWidth;
    const row = Math.floor(video.videoHeight / 48);
    if (!width || !row) return null;
    canvas.width = width;
    canvas.height = 1;
    context.drawImage(video, 0, row, width, 1, 0, 0, width, 1);
    const pixels = context.getImageData(0, 0, width, 1).data;
    let value = 0n;
    for (let cell = 0; cell < cells; cell++) {
      const bright = pixels[4 * Math.floor(((2 * cell + 1) * width) / (2 * cells)) + 1];
      if (bright > 90 && bright < 165) return null;
      const bit = bright >= 165 ? 1n : 0n;
      if (cell === 0 || cell === cells - 1) {
        if (bit === 0n) return null;
      } else if (cell === 1 || cell === cells - 2) {
        if (bit === 1n) return null;
      } else value = (value << 1n) | bit;
    }
    return Number(value);
  };

  const hear = (video) => {
    const audio = new AudioContext();
    const source = video.srcObject ? audio.createMediaStreamSource(video.srcObject) : audio.createMediaElementSource(video);
    const size = 256;
    const tap = audio.createScriptProcessor(size, 2, 1);
    const factor = 2 * Math.cos((2 * Math.PI * 1000) / audio.sampleRate);
    let peak = 0;
    let last = 0;
    let lastBeep = 0;
    // A busy page hears of its sound late, but never early: the sound's own clock is placed by the
    // promptest of the last second's calls.
    const offsets = [];
    const since = (playbackTime) => {
      offsets.push(performance.timeOrigin + performance.now() - playbackTime * 1000);
      if (offsets.length > audio.sampleRate / size) offsets.shift();
      return playbackTime * 1000 + Math.min(...offsets);
    };
    tap.onaudioprocess = (event) => {
      const samples = event.inputBuffer.getChannelData(0);
      let [s1, s2] = [0, 0];
      for (const sample of samples) {
        followed.loudest = Math.max(followed.loudest, Math.abs(sample));
        [s1, s2] = [sample + factor * s1 - s2, s1];
      }
      const tone = Math.sqrt(Math.max(0, s1 * s1 + s2 * s2 - factor * s1 * s2)) / size;
      peak = Math.max(peak * 0.9999, tone);
      const now = since(event.playbackTime);
      if (tone > peak / 2 && last <= peak / 2 && peak > 0.005 && now - lastBeep > 300) {
        lastBeep = now;
        followed.beeps.push(now - (1000 * size) / audio.sampleRate / 2);
      }
      last = tone;
    };
    source.connect(tap);
    const silent = audio.createGain();
    silent.gain.value = 0;
    tap.connect(silent).connect(audio.destination);
    void audio.resume();
  };

  const follow = () => {
    const videos = [...document.querySelectorAll("video")].filter((video) => video.videoWidth > 0);
    const video = videos.sort((a, b) => b.videoWidth - a.videoWidth)[0];
    if (!video) return void setTimeout(follow, 50);
    const onPicture = (_now, metadata) => {
      followed.pictures.push({
        strip: readStrip(video),
        shown: performance.timeOrigin + metadata.expectedDisplayTime,
        rtp: metadata.rtpTimestamp ?? null,
      });
      video.requestVideoFrameCallback(onPicture);
    };
    video.requestVideoFrameCallback(onPicture);
    hear(video);
  };
  follow();
}
return true;
