/** PURE. What the comment is made of: texts that stay plain text in Markdown, in HTML and under the filters that the platform runs afterwards; folds; amounts. */
import { formatMoney, usdFromCents } from "../../domain/money.ts";

/** ASCII punctuation that means nothing inside a line. */
const harmless = new Set([...` ,;:.?-/()+%='"`]);
const invisible = "&#8203;";

/** Every character that could be structure becomes a numeric entity: Markdown takes none of them for structure, HTML neither. Mentions, issue references and
 *  links are found later, in the finished text, so an invisible character breaks them. */
export function plain(text: string): string {
  const written = [...text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")].map((character) => {
    if (character === "@" || character === "#") return `&#${character.charCodeAt(0)};${invisible}`;
    return /[\p{L}\p{N}\p{M}]/u.test(character) || harmless.has(character) || character > "\u007f"
      ? character
      : `&#${character.codePointAt(0)};`;
  });
  return (
    written
      .join("")
      .replaceAll("://", `:${invisible}//`)
      .replaceAll(/\bwww\./gi, (found) => `${found.slice(0, -1)}${invisible}.`)
      .replaceAll(/\bGH-(?=\d)/gi, (found) => `${found}${invisible}`)
      .trim()
      // At the beginning of a line these would open a list in the list.
      .replace(/^([-+]|\d+(?=[.)]))/, (found) => `${found}${invisible}`)
      .replace(/^([-+])/, (sign) => `&#${sign.charCodeAt(0)};`)
  );
}

/** Something that a reader opens by a tap. */
export function fold(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** `$10.00 → $15.00 (+$5.00)` */
export function moneyChange({ before, after }: { readonly before: number; readonly after: number }): string {
  const difference = after - before;
  return difference === 0
    ? money(after)
    : `${money(before)} → ${money(after)} (${difference > 0 ? "+" : ""}${money(difference)})`;
}

function money(cents: number): string {
  return formatMoney(usdFromCents(cents));
}
