import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { keygen, seal } from "./seal.ts";
import { appendItem, removeItem, replaceSealed, setKey } from "./yaml-text.ts";

const members = ["access", "members"];
const text = `# top
uid: tn_aaaaaaaaaa   # aligned
name:   "A"

access: # who
  # above
  members:
    # Ada
    - email: ada@a.example   # her
    - githubOrganization: a
      team: b

  # between
  sessionDuration: 24h # a day
# end
`;

test("an added member stands below the last one, and nothing else moves", () => {
  expect(appendItem(text, members, { emailDomain: "b.example" })).toBe(
    text.replace("      team: b\n", "      team: b\n    - emailDomain: b.example\n"),
  );
  const team = appendItem(text, members, { githubOrganization: "c", team: "d" });
  expect(team).toBe(text.replace("team: b\n", "team: b\n    - githubOrganization: c\n      team: d\n"));
});

test("a removed member takes its own lines along, and no other", () => {
  expect(removeItem(text, members, 0)).toBe(text.replace("    - email: ada@a.example   # her\n", ""));
  expect(removeItem(text, members, 1)).toBe(text.replace("    - githubOrganization: a\n      team: b\n", ""));
});

test("a value is set in its place, and a key that was not there stands last in its block", () => {
  expect(setKey(text, [], "name", "B: C")).toBe(text.replace('"A"', '"B: C"'));
  expect(setKey(text, ["access"], "sessionDuration", "8h")).toBe(text.replace("24h", "8h"));
  expect(setKey(text, [], "plan", "p")).toBe(text.replace("# a day\n", "# a day\nplan: p\n"));
  expect(setKey("a:\n  b: |\n    c\nd: 1", ["a"], "e", 2)).toBe("a:\n  b: |\n    c\n  e: 2\nd: 1");
});

test("lists and blocks on one line are changed on that line", () => {
  const flat = "access: { members: [{ email: a }, { email: b }] } # x\n";
  expect(appendItem(flat, members, { email: "c" })).toBe(flat.replace("b }", "b }, { email: c }"));
  expect(removeItem(flat, members, 0)).toBe(flat.replace("{ email: a }, ", ""));
  expect(removeItem(flat, members, 1)).toBe(flat.replace(", { email: b }", ""));
  expect(setKey(flat, ["access"], "sessionDuration", "8h")).toBe(flat.replace("] }", "], sessionDuration: 8h }"));
});

test("Windows' line ends, a last line without its end, a byte order mark and a list at its key's own margin are kept", () => {
  const windows = "access:\r\n  members:\r\n  - email: a\r\nname: b";
  expect(appendItem(windows, members, { email: "c" })).toBe(windows.replace("a\r\n", "a\r\n  - email: c\r\n"));
  expect(setKey(windows, [], "plan", "p")).toBe(`${windows}\r\nplan: p`);
  expect(setKey(`\ufeff${windows}`, [], "plan", "p")).toBe(`\ufeff${windows}\r\nplan: p`);
});

test("a layout that would become another entry is refused, not guessed at", () => {
  expect(() => appendItem("access:\n  members: &a [{ email: a }]\nb: *a", members, { email: "c" })).toThrow();
  expect(() => appendItem("access:\n  members:\n    - # a-b\n      email: a", members, { email: "c" })).toThrow("by hand");
  expect(() => setKey("name: [a]", [], "name", "b")).toThrow("name is laid out");
});

test("whatever the margins, comments and quotes, a changed file says what it said before and the change", () => {
  const margin = fc.integer({ min: 0, max: 4 });
  const comment = fc.constantFrom("", " # it's - a: [comment", "\n# below", "\n\n");
  const name = fc.stringMatching(/^[A-Za-z0-9 '":#&*!|>%@,{}[\]-]{1,20}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, comment), { minLength: 2, maxLength: 5 }), margin, name, (items, spaces, added) => {
      const before = `access:\n  members:\n${items.map(([said, note]) => `  ${" ".repeat(spaces)}- email: ${JSON.stringify(said)}${note}\n`).join("")}name: x\n`;
      const said = items.map(([email]) => ({ email }));
      expect(parse(appendItem(before, members, { email: added })).access.members).toEqual([...said, { email: added }]);
      expect(parse(removeItem(before, members, 1)).access.members).toEqual(said.filter((_, index) => index !== 1));
      expect(parse(setKey(before, [], "name", added))).toEqual({ access: { members: said }, name: added });
    }),
  );
});

test("every sealed text is replaced in its place, in quotes or without, and comments are left alone", async () => {
  const [old, other] = await Promise.all(
    ["a@a.example", "b@b.example"].map(async (said) => seal(said, (await keygen()).recipient)),
  );
  const before = `a: ${old}   # ${other}\nb: ["${other}", '${old}']\n`;
  const after = await replaceSealed(before, async (sealed) => (sealed === old ? "OLD" : "OTHER"));
  expect(after).toBe(`a: OLD   # ${other}\nb: ["OTHER", 'OLD']\n`);
});
