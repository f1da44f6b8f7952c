import type { ShowPage } from "../../bindings/ShowPage";

/** How long until the show is looked at again, for those who have no place in its room. */
const AGAIN_MS = 5000;
const ANSWER_MS = 8000;

/** The show as it is seen from outside its room: whether it is on air, and its last replay. */
export class Outside {
  /** None before the first answer, or where there is none. */
  page: ShowPage | null = $state.raw(null);

  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  constructor(private readonly address: string) {}

  /** Asks once. What was known stays where nobody answers. */
  async look(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const response = await fetch(this.address, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      const page = response.ok ? ((await response.json()) as ShowPage) : null;
      if (asked === this.#asked) this.page = page ?? this.page;
    } catch {
      // Nobody answers; the room says so already.
    }
  }

  /** Asks now, and again and again until the returned function is called. */
  watch(): () => void {
    let over = false;
    const again = async (): Promise<void> => {
      await this.look();
      if (!over) this.#timer = setTimeout(() => void again(), AGAIN_MS);
    };
    void again();
    return () => {
      over = true;
      clearTimeout(this.#timer);
    };
  }
}
