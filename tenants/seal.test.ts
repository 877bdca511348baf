import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Encrypter } from "age-encryption";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stackIdentity, stackRecipient } from "./keys.ts";
import { emailPattern, isSealed, keygen, mask, opener, recipientCount, seal, unseal } from "./seal.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fleet-keys-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const write = (stack: string, name: string, text: string) => {
  mkdirSync(join(root, stack), { recursive: true });
  writeFileSync(join(root, stack, name), text);
};

test("what is sealed to a recipient opens with its identity and no other", async () => {
  const [ours, theirs] = [await keygen(), await keygen()];
  const sealed = await seal("ada@acme.example", ours.recipient);
  expect(isSealed(sealed)).toBe(true);
  // A whole address: three letters alone come about by chance in one seal of some hundreds.
  expect(sealed + Buffer.from(sealed.slice("age:".length), "base64").toString("latin1")).not.toContain("ada@acme");
  expect(await unseal(sealed, ours.identity)).toBe("ada@acme.example");
  await expect(unseal(sealed, theirs.identity)).rejects.toThrow("is sealed to another recipient");
});

test("whether somebody else can open a text too is seen without his identity", async () => {
  const [ours, theirs] = [await keygen(), await keygen()];
  const both = new Encrypter();
  for (const { recipient } of [ours, theirs]) both.addRecipient(recipient);
  const sealed = `age:${Buffer.from(await both.encrypt("ada@acme.example")).toString("base64")}`;
  expect([recipientCount(sealed), recipientCount(await seal("ada@acme.example", ours.recipient))]).toEqual([2, 1]);
  const open = opener(ours.identity);
  expect([await open(sealed), await open(sealed)]).toEqual(["ada@acme.example", "ada@acme.example"]);
});

test("a sealed text that was changed is refused, and the message repeats nothing of it", async () => {
  const { identity, recipient } = await keygen();
  const sealed = await seal("ada@acme.example", recipient);
  const flipped = sealed.slice(0, -6) + (sealed.at(-6) === "A" ? "B" : "A") + sealed.slice(-5);
  await expect(unseal(flipped, identity)).rejects.toThrow(/^is damaged/);
  await expect(unseal("age:nonsense", identity)).rejects.toThrow("is not a sealed address");
});

test("a masked address shows one character and the domain", () => {
  expect(mask("ada@acme.example")).toBe("a…@acme.example");
  fc.assert(
    fc.property(fc.emailAddress(), (address) => {
      const [name = "", domain] = address.split("@");
      expect(mask(address)).toBe(`${name[0]}…@${domain}`);
    }),
  );
});

test("an address holds no space, quote or second line", () => {
  for (const bad of ["a b@x.example", "a@x", "a@x.example\nb@x.example", '"a"@x.example', "@x.example", "a@-x.example"])
    expect(emailPattern.test(bad), bad).toBe(false);
  expect(emailPattern.test("ada.l+fleet@mail.acme.example")).toBe(true);
});

test("the sandbox's keys are refused by every other stack", async () => {
  const [sandbox, prod] = [await keygen(), await keygen()];
  write("sandbox", "identity.txt", `# worthless\n${sandbox.identity}\n`);
  write("sandbox", "recipient.txt", `${sandbox.recipient}\n`);
  write("prod", "recipient.txt", `${prod.recipient}\n`);
  write("test", "recipient.txt", `${sandbox.recipient}\n`);
  expect(stackRecipient(root, "sandbox")).toBe(sandbox.recipient);
  expect(await stackIdentity(root, "sandbox", undefined)).toBe(sandbox.identity);
  expect(await stackIdentity(root, "prod", prod.identity)).toBe(prod.identity);
  expect(() => stackRecipient(root, "test")).toThrow(
    "tenants/test/recipient.txt:1:1 is the recipient of sandbox, whose identity everybody can read",
  );
  await expect(stackIdentity(root, "prod", sandbox.identity)).rejects.toThrow(
    "FLEET_AGE_IDENTITY is the identity of sandbox, not of prod",
  );
});

test("a missing or wrong key says what to do and never repeats the key", async () => {
  const { recipient } = await keygen();
  write("prod", "recipient.txt", recipient);
  write("test", "recipient.txt", "age1nonsense");
  mkdirSync(join(root, "canary"));
  await expect(stackIdentity(root, "prod", undefined)).rejects.toThrow("FLEET_AGE_IDENTITY is not set");
  await expect(stackIdentity(root, "prod", "AGE-SECRET-KEY-1WRONG")).rejects.toThrow(
    /^FLEET_AGE_IDENTITY is not an age identity \(AGE-SECRET-KEY-1…\)$/,
  );
  expect(() => stackRecipient(root, "test")).toThrow("is not an age recipient");
  expect(() => stackRecipient(root, "canary")).toThrow("fleet tenant keygen --stack canary");
});

test("a key file that is none is told with its place, and nothing that would block or leads out of the folder is opened", async () => {
  const { recipient, identity } = await keygen();
  const at = (message: string) => `tenants/prod/recipient.txt:1:1 ${message}`;
  const wrong: readonly (readonly [make: (path: string) => void, message: string])[] = [
    [(path) => mkdirSync(path), "is not a file"],
    [(path) => execFileSync("mkfifo", [path]), "is not a file"],
    [(path) => symlinkSync("/dev/zero", path), "is a link"],
    [(path) => symlinkSync("nothing", path), "cannot be read"],
    [(path) => writeFileSync(path, `# ${"x".repeat(20_000)}\n${recipient}`), "is 20065 bytes; a key is one line"],
    [(path) => writeFileSync(path, `${recipient}\n${recipient}\n`), "holds more than one line"],
    [(path) => writeFileSync(path, recipient.slice(0, -1) + (recipient.endsWith("q") ? "p" : "q")), "is not an age recipient"],
  ];
  mkdirSync(join(root, "prod"), { recursive: true });
  const path = join(root, "prod/recipient.txt");
  for (const [make, message] of wrong) {
    rmSync(path, { recursive: true, force: true });
    make(path);
    expect(() => stackRecipient(root, "prod")).toThrow(at(message));
  }
  rmSync(path);
  write("prod", "recipient.txt", recipient);
  write("prod", "identity.txt", identity);
  expect(() => stackRecipient(root, "prod")).toThrow("tenants/prod/identity.txt:1:1 an identity in the repository opens");
  await expect(stackIdentity(root, "prod", identity)).rejects.not.toThrow(identity);
});
