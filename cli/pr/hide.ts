/** PURE. What a comment on a pull request may show: everybody on the internet may read it, and it is kept for ever. */
import { redact } from "../../domain/error.ts";
import { mask } from "../../tenants/seal.ts";

/** Longest text of one field; longer ones are cut. */
export const longestText = 400;

/** Every text in a value without addresses (masked), sealed texts, secrets and control characters (also those that turn the direction of writing). */
export function hide(value: unknown): unknown {
  if (typeof value === "string") return hideText(value);
  if (Array.isArray(value)) return value.map(hide);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
}

export function hideText(whole: string): string {
  // Searching takes time with the square of a text's length; half an address at the cut goes too.
  const text = whole.length <= 10 * longestText ? whole : whole.slice(0, 10 * longestText).replace(/\S*$/, "…");
  const plain = redact(text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " "))
    .replaceAll(/age:[A-Za-z0-9+/=]{20,}/g, "age:…")
    // An image's digest is no address. A masked address has … before its @ and stays as it is.
    .replaceAll(/[^\s"'`<>(),;:[\]{}…@]+@(?!sha256:)[^\s"'`<>(),;@]+/gu, mask)
    .trim();
  const characters = [...plain];
  return characters.length > longestText ? `${characters.slice(0, longestText).join("")}…` : plain;
}
