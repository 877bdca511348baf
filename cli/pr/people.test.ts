import { expect, test } from "vitest";
import type { Member } from "../../tenants/resolve.ts";
import { keygen, seal } from "../../tenants/seal.ts";
import { comparePeople, describePeople, opener, personsOf } from "./people.ts";

const keys = await keygen();
const person = async (address: string): Promise<Member> => ({ kind: "email", address: await seal(address, keys.recipient) });
const compare = async (before: readonly Member[], after: readonly Member[], identity?: string) => {
  const open = opener(identity);
  return comparePeople(await personsOf(before, open), await personsOf(after, open));
};

test("with the identity added and removed people are named, masked, and one who was sealed anew is the same", async () => {
  const [ada, adaAgain, bob, eve] = await Promise.all(
    ["ada@a.example", "Ada@a.example", "bob@a.example", "eve@a.example"].map(person),
  );
  if (!ada || !adaAgain || !bob || !eve) throw new Error("no members");
  const people = await compare([ada, bob], [adaAgain, eve], keys.identity);
  expect(people).toEqual({
    ...{ total: 2, sealed: 0, addedSealed: 0, removedSealed: 0 },
    ...{ admitted: ["a…@a.example", "e…@a.example"], added: ["e…@a.example"], removed: ["b…@a.example"] },
  });
  expect(describePeople(people)).toBe("+ e…@a.example, − b…@a.example");
  expect(describePeople(await compare([ada], [adaAgain], keys.identity))).toBeUndefined();
});

test("without the identity sealed addresses are only counted, and nothing else of them is shown", async () => {
  const [ada, bob, eve] = await Promise.all(["ada@a.example", "bob@a.example", "eve@a.example"].map(person));
  if (!ada || !bob || !eve) throw new Error("no members");
  const people = await compare([ada, bob], [ada, bob, eve, { kind: "emailDomain", domain: "a.example" }]);
  expect(people).toMatchObject({ total: 4, sealed: 3, addedSealed: 1, removedSealed: 0, added: ["everybody @a.example"] });
  expect(describePeople(people)).toBe("+ everybody @a.example, + 1 sealed address");
  expect(JSON.stringify(people)).not.toMatch(/age:|ada|bob|eve[^r]/);
});

test("an address that another identity sealed counts as sealed instead of failing the report", async () => {
  const people = await compare([], [await person("ada@a.example")], (await keygen()).identity);
  expect(people).toMatchObject({ total: 1, sealed: 1, addedSealed: 1, admitted: [] });
});

test("a plain address is masked and compared without regard to capitals", async () => {
  const plain = (address: string): Member => ({ kind: "email", address });
  expect(await compare([plain("Ada@A.example")], [plain("ada@a.example")])).toMatchObject({ added: [], removed: [] });
  expect((await compare([], [plain("ada@a.example")])).added).toEqual(["a…@a.example"]);
});
