/**
 * How long to wait before the next attempt: doubles from `first` to `most`, a fifth of it left to
 * chance, so that a thousand viewers do not come back in the same instant.
 */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly first: number,
    private readonly most: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** The next wait, in milliseconds. */
  next(): number {
    const wait = Math.min(this.most, this.first * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    return Math.round(wait * (0.8 + 0.2 * this.random()));
  }

  /** It worked: start from the shortest wait again. */
  reset(): void {
    this.#attempt = 0;
  }
}
