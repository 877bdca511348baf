import { nearest } from "../tenants/nearest.ts";

/** Says that a word is none of those there are, all of them, and the one that was probably meant: `there is no stack "prdo"; did you mean "prod"? There
 *  are: …` */
export function unknown(what: string, word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  const all = known.length === 0 ? "none" : known.join(", ");
  return meant === undefined
    ? `there is no ${what} "${word}"; there are: ${all}`
    : `there is no ${what} "${word}"; did you mean "${meant}"? There are: ${all}`;
}
