import fc from "fast-check";
import { expect, test } from "vitest";
import { fold, moneyChange, plain } from "./markup.ts";

/** What a browser shows of a text with numeric entities. */
const decoded = (text: string) => text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

test.each([
  ["</details><script>alert(1)</script>"],
  ["![image](https://evil.example/x.png)"],
  ["[link](javascript:alert(1))"],
  ["`code` **bold** _it_ ~~no~~ | a | b |"],
  ["<!-- fleet-pr-report --> <img src=x onerror=y>"],
  ["- [ ] task\n# heading\n> quote\n1. list"],
])("%j is shown as it is and structures nothing", (text) => {
  const written = plain(text);
  expect(written).not.toMatch(/[<>[\]`*_~|!\\\n{}^]/);
  expect(written.replaceAll(/&#\d+;/g, "")).not.toMatch(/[&#@]/);
  expect(decoded(written).replaceAll("\u200b", "")).toBe(text.replaceAll("\n", " "));
});

test("nobody is notified and nothing is linked: mentions, issues, pull requests and addresses of pages are broken up", () => {
  const written = decoded(
    plain("@octocat @acme/team owner/repo#12 #7 GH-9 https://evil.example www.evil.example ada@acme.example"),
  );
  expect(written).not.toMatch(/@\w|#\d|GH-\d|:\/\/|www\./);
});

test("a text cannot begin a list or a number of its own", () => {
  for (const text of ["- x", "+ x", "1. x", "12) x"]) expect(plain(text)).not.toMatch(/^(?:[-+]|\d+[.)])/);
});

test("no text whatever brings a character of structure, a line of its own or a control character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = plain(text);
      expect(written).not.toMatch(/[<>[\]`*_~|!\\{}^"]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(written.replaceAll(/&#\d+;/g, "")).not.toMatch(/[&#@$]/);
    }),
  );
});

test("amounts say both ends and the difference, and only once what stays", () => {
  expect(moneyChange({ before: 500, after: 1_000 })).toBe("$5.00 → $10.00 (+$5.00)");
  expect(moneyChange({ before: 500, after: 0 })).toBe("$5.00 → $0.00 (-$5.00)");
  expect(moneyChange({ before: 42, after: 42 })).toBe("$0.42");
  expect(fold("a", "b")).toBe("<details><summary>a</summary>\n\nb\n\n</details>");
});
