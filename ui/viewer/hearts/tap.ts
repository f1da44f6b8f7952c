/** What a pointer event says, as far as a tap needs it. */
export interface Touch {
  pointerId: number;
  clientX: number;
  clientY: number;
  /** 0: a finger, a pen's tip, or the first button of a mouse. */
  button: number;
  timeStamp: number;
}

/** A finger that rolls moves a little; what goes further draws or scrolls. */
const STAYS_WITHIN = 10;
/** Whoever stays longer holds on to something. */
const LASTS_MS = 600;

/**
 * Tells a tap from everything else that fingers do: one pointer that comes down and goes up where it was,
 * soon, and alone. A pinch has two, a scroll moves or is taken away by the browser (`pointercancel`).
 */
export class TapWatcher {
  readonly #down = new Map<number, Touch>();
  #spoilt = false;

  down(touch: Touch): void {
    this.#down.set(touch.pointerId, touch);
    if (this.#down.size > 1 || touch.button !== 0) this.#spoilt = true;
  }

  move({ pointerId, clientX, clientY }: Touch): void {
    const began = this.#down.get(pointerId);
    if (began && Math.hypot(clientX - began.clientX, clientY - began.clientY) > STAYS_WITHIN) this.#spoilt = true;
  }

  /** Whether that was a tap. */
  up(touch: Touch): boolean {
    this.move(touch);
    const began = this.#down.get(touch.pointerId);
    const tap = began !== undefined && !this.#spoilt && touch.timeStamp - began.timeStamp <= LASTS_MS;
    this.#gone(touch.pointerId);
    return tap;
  }

  /** The browser made something else of it. */
  cancel({ pointerId }: Pick<Touch, "pointerId">): void {
    this.#spoilt = true;
    this.#gone(pointerId);
  }

  /** What began together is judged together: the last finger of a pinch is no tap either. */
  #gone(pointerId: number): void {
    this.#down.delete(pointerId);
    if (this.#down.size === 0) this.#spoilt = false;
  }
}
