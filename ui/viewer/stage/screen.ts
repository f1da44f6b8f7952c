/** What an iPhone has instead of the standards: only its own player fills the screen. */
interface ApplesVideo {
  webkitEnterFullscreen?: () => void;
  webkitSupportsPresentationMode?: (mode: string) => boolean;
  webkitSetPresentationMode?: (mode: string) => void;
  webkitPresentationMode?: string;
}

/** Whether something of ours fills the screen. */
export function fills(): boolean {
  return document.fullscreenElement !== null && document.fullscreenElement !== undefined;
}

/** Whether the picture can fill the screen here. */
export function canFill(video: HTMLVideoElement): boolean {
  return document.fullscreenEnabled === true || "webkitEnterFullscreen" in video;
}

/** The picture, with what lies on it, fills the screen, or does not any more. */
export async function fill(stage: HTMLElement, video: HTMLVideoElement): Promise<void> {
  try {
    if (fills()) await document.exitFullscreen();
    else if (document.fullscreenEnabled === true) await stage.requestFullscreen();
    else (video as ApplesVideo).webkitEnterFullscreen?.();
  } catch {
    // The browser may say no, which it shows by doing nothing.
  }
}

/** Whether the picture can float above other windows. */
export function canFloat(video: HTMLVideoElement): boolean {
  return document.pictureInPictureEnabled === true || (video as ApplesVideo).webkitSupportsPresentationMode?.("picture-in-picture") === true;
}

/** The picture floats above other windows, or comes back. */
export async function float(video: HTMLVideoElement): Promise<void> {
  const apple = video as ApplesVideo;
  try {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (document.pictureInPictureEnabled === true) await video.requestPictureInPicture();
    else apple.webkitSetPresentationMode?.(apple.webkitPresentationMode === "picture-in-picture" ? "inline" : "picture-in-picture");
  } catch {
    // As above; before the first frame there is nothing to float.
  }
}
