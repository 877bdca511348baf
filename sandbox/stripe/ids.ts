import { createHash } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** How long the random part of each kind of id is at Stripe; objects of newer kinds begin with a 1. */
const shapes: Readonly<Record<string, { readonly length: number; readonly lead?: string }>> = {
  cus_: { length: 14 },
  prod_: { length: 14 },
  si_: { length: 14 },
  req_: { length: 14 },
  cs_test_: { length: 58, lead: "a1" },
  mtr_test_: { length: 30, lead: "61" },
  mtrusg_test_: { length: 30, lead: "61" },
};

/** `length` letters and digits that the seed decides. */
export function lettersFrom(seed: string, length: number): string {
  let letters = "";
  for (let round = 0; letters.length < length; round++) {
    for (const byte of createHash("sha256").update(`${seed}:${round}`).digest()) {
      if (byte < 248 && letters.length < length) letters += alphabet[byte % 62];
    }
  }
  return letters;
}

/** The id of the n-th object of this emulator, in Stripe's shape: the same history gives the same ids. */
export function makeId(prefix: string, sequence: number): string {
  const shape = shapes[prefix] ?? { length: 23, lead: "1" };
  const lead = shape.lead ?? "";
  return prefix + lead + lettersFrom(`${prefix}${sequence}`, shape.length - lead.length);
}
