/** How loud this browser's viewer wants it, kept for the next visit. */
export interface Sound {
  muted: boolean;
  /** 0 to 1. */
  volume: number;
}

const KEY = "antenne.sound";
const USUAL: Sound = { muted: false, volume: 1 };

/** Whether nothing is heard of it. */
export function isSilent({ muted, volume }: Sound): boolean {
  return muted || volume === 0;
}

/** With sound or without; what was turned down to nothing comes back whole. */
export function turned({ volume }: Sound, on: boolean): Sound {
  return { muted: !on, volume: on && volume === 0 ? 1 : volume };
}

/** As loud as that, 0 to 1; none of it is muted. */
export function atVolume(volume: number): Sound {
  return { muted: volume === 0, volume };
}

/** Whether a page may change the volume; on an iPhone only its buttons do. What was set is lost. */
export function takesVolume(video: HTMLVideoElement): boolean {
  video.volume = 0.5;
  return video.volume === 0.5;
}

/** Sounds as it was chosen. */
export function soundAs(video: HTMLVideoElement, { muted, volume }: Sound): void {
  video.volume = volume;
  video.muted = muted;
}

/** What was chosen last; sound at full volume where nothing was, or the browser keeps nothing. */
export function chosenSound(): Sound {
  try {
    return readSound(localStorage.getItem(KEY));
  } catch {
    return USUAL;
  }
}

/** What a stored text says. */
export function readSound(stored: string | null): Sound {
  try {
    const { muted, volume } = JSON.parse(stored ?? "{}") as Partial<Record<keyof Sound, unknown>>;
    const loud = typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : USUAL.volume;
    return { muted: muted === true, volume: loud };
  } catch {
    return USUAL;
  }
}

/** Remembers, where the browser lets us. */
export function keepSound(sound: Sound): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(sound));
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}
