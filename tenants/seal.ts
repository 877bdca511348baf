/** Members' addresses are sealed with age to the stack's recipient, so that the repository's history holds no personal data (DESIGN 3.5).
 *  Anyone can seal; only who holds the identity can open. */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";

/** One address, without spaces, quotes and control characters. */
export const emailPattern = /^[^\s@"'<>(),;:\\\p{C}]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/u;
/** `age:` and the base64 of an age file (which begins with `age-encryption.org/v1`). */
export const sealedPattern = /^age:YWdlLWVuY3J5cHRpb24ub3JnL3Yx[A-Za-z0-9+/]{100,4000}={0,2}$/;
const recipientPattern = /^age1[02-9ac-hj-np-z]{58}$/;

export function isSealed(text: string): boolean {
  return sealedPattern.test(text);
}

/** Whether a text is an X25519 recipient, the public half of an identity: its checksum too, since what is sealed to a mistyped one nobody opens. */
export function isRecipient(text: string): boolean {
  try {
    if (!recipientPattern.test(text)) return false;
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

/** Seals a text to a recipient (`age1…`). Two seals of the same text differ. */
export async function seal(text: string, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return `age:${Buffer.from(await encrypter.encrypt(text)).toString("base64")}`;
}

/** Opens a sealed text; throws an Error that says why not, without the identity and without the sealed text. */
export async function unseal(sealed: string, identity: string): Promise<string> {
  return opener(identity)(sealed);
}

/** Like unseal, for many texts: what belongs to the identity is computed once, which is half of the work. */
export function opener(identity: string): (sealed: string) => Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return async (sealed) => {
    if (!isSealed(sealed)) throw new Error("is not a sealed address (age:…)");
    try {
      return await decrypter.decrypt(Buffer.from(sealed.slice("age:".length), "base64"), "text");
    } catch (error) {
      const foreign = error instanceof Error && error.message.includes("no identity matched");
      throw new Error(
        foreign
          ? "is sealed to another recipient than the one FLEET_AGE_IDENTITY opens; seal it again with this stack's recipient.txt"
          : "is damaged: the sealed text was cut or changed; seal it again",
        { cause: error },
      );
    }
  };
}

/** How many recipients can open a sealed text: the stanzas (`-> `) of its age header. */
export function recipientCount(sealed: string): number {
  const [header = ""] = Buffer.from(sealed.slice("age:".length), "base64").toString("latin1").split("\n--- ");
  return header.split("\n-> ").length - 1;
}

export interface KeyPair {
  /** `AGE-SECRET-KEY-1…`: goes to the CI secret FLEET_AGE_IDENTITY and nowhere else. */
  readonly identity: string;
  /** `age1…`: goes to tenants/<stack>/recipient.txt. */
  readonly recipient: string;
}

/** A new identity with its recipient. */
export async function keygen(): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The recipient of an identity; throws on a text that is no identity, without repeating it. */
export async function recipientOf(identity: string): Promise<string> {
  try {
    return await identityToRecipient(identity.trim());
  } catch (error) {
    throw new Error("is not an age identity (AGE-SECRET-KEY-1…)", { cause: error });
  }
}

/** `ada@acme.example` → `a…@acme.example`: enough for a reviewer to see who is let in, too little to collect. */
export function mask(address: string): string {
  const at = address.lastIndexOf("@");
  if (at < 1) return "…";
  const [first] = address;
  return `${first}…${address.slice(at)}`;
}
