/** Somebody who was noticed lately. The room says how many there are, not who they all are. */
export interface Acquaintance {
  key: string;
  /** Empty for anonymous ones. */
  name: string;
  /** None while only the name is known. */
  hue: number | null;
}

/** How many are remembered. */
const REMEMBERED = 12;

/** `known` with `somebody` in front: the latest first, each once, anonymous ones left out. */
export function meet(known: readonly Acquaintance[], somebody: Acquaintance): readonly Acquaintance[] {
  if (somebody.name === "") return known;
  const before = known.find(({ key }) => key === somebody.key);
  const met = { ...somebody, hue: somebody.hue ?? before?.hue ?? null };
  return [met, ...known.filter(({ key }) => key !== somebody.key)].slice(0, REMEMBERED);
}

/** `Ada joined`, `Ada and Bob joined`, `Ada, Bob and 3 others joined`; empty for nobody. */
export function joinedSentence(names: readonly string[]): string {
  const [first, second, ...rest] = names;
  if (first === undefined) return "";
  if (second === undefined) return `${first} joined`;
  if (rest.length === 0) return `${first} and ${second} joined`;
  return `${first}, ${second} and ${rest.length === 1 ? "1 other" : `${rest.length} others`} joined`;
}

/** How many faces are shown. */
const FACES = 4;

/**
 * Whose faces are shown while `named` people with a name are here: those who were noticed last, and never
 * more than are here.
 */
export function facesOf(known: readonly Acquaintance[], named: number): readonly Acquaintance[] {
  return known.slice(0, Math.max(0, Math.min(FACES, named)));
}
