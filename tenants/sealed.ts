/** Whether sealed addresses can do what they are there for: be opened by their stack, and by nobody else. Looks as far as the identities at hand allow. */
import { existsSync } from "node:fs";
import { OperatorError, type Problem } from "../domain/error.ts";
import { committedIdentity, recipientPath, stackRecipient, worthlessStacks } from "./keys.ts";
import type { TenantFile } from "./load.ts";
import { emailPattern, isSealed, opener, recipientCount, recipientOf } from "./seal.ts";

/** Everything that is wrong with the sealed addresses of a stack. `given` is FLEET_AGE_IDENTITY, of whatever stack; without it only the identities that
 *  lie in the repository are tried. Needs no key. */
export async function sealedProblems(
  root: string,
  stack: string,
  tenants: readonly TenantFile[],
  given: string | undefined,
): Promise<readonly Problem[]> {
  const addresses = tenants.flatMap(sealedAddresses);
  if (addresses.length === 0 && !existsSync(recipientPath(root, stack))) return [];
  let recipient: string;
  try {
    recipient = stackRecipient(root, stack);
  } catch (error) {
    if (error instanceof OperatorError) return error.problems;
    throw error;
  }
  const candidates = [given?.trim(), committedIdentity(root, stack)].filter((identity) => identity !== undefined);
  const own = await firstAsync(candidates, async (identity) => (await recipientOf(identity).catch(() => "")) === recipient);
  const strangers = worthlessStacks(root)
    .filter((other) => other !== stack)
    .map((other) => ({ other, open: openerOrNone(committedIdentity(root, other)) }));
  const open = own === undefined ? undefined : opener(own);
  const opened: (string | undefined)[] = [];
  const problemsOf = async (place: number, { file, path, sealed, at }: SealedAddress): Promise<Problem[]> => {
    const say = (message: string) => [{ file, ...at, message: `${path}: ${message}` }];
    const address = await open?.(sealed).catch((error: Error) => error);
    // What one recipient alone can open, and this stack opens, no other opens.
    const alone = typeof address === "string" && recipientCount(sealed) === 1;
    const stranger = alone ? undefined : await firstAsync(strangers, (candidate) => opens(sealed, candidate.open));
    if (stranger !== undefined)
      return say(
        `is sealed to ${stranger.other}, whose identity everybody can read; seal it to this stack with fleet tenant edit`,
      );
    if (address instanceof Error) return say(address.message);
    if (address === undefined) return [];
    if (!emailPattern.test(address)) return say("does not hold an e-mail address; seal it again");
    opened[place] = address.toLowerCase();
    return [];
  };
  const found: Problem[][] = [];
  const queue = addresses.entries();
  const work = async () => {
    for (const [index, address] of queue) found[index] = await problemsOf(index, address);
  };
  // A few at once: the cryptography runs beside JavaScript; all at once would cost more memory than it saves time.
  await Promise.all(Array.from({ length: 8 }, work));
  return [...found.flat(), ...repeated(addresses, opened)];
}

/** Two seals of one address differ, so that only who opens them sees that they are one person. */
function repeated(addresses: readonly SealedAddress[], opened: readonly (string | undefined)[]): Problem[] {
  const first = new Map<string, string>();
  return addresses.flatMap(({ file, path, kind, member, at }, place) => {
    const address = opened[place];
    if (address === undefined) return [];
    const person = JSON.stringify([file, kind, address]);
    const other = first.get(person);
    if (other === undefined) first.set(person, member);
    return other === undefined ? [] : [{ file, ...at, message: `${path}: is the same member as ${other}; remove one` }];
  });
}

/** A committed identity that is none opens nothing. */
function openerOrNone(identity: string | undefined): Opener | undefined {
  try {
    return identity === undefined ? undefined : opener(identity);
  } catch {
    return undefined;
  }
}

type Opener = ReturnType<typeof opener>;

type SealedAddress = ReturnType<typeof sealedAddresses>[number];

function sealedAddresses({ file, entry, place }: TenantFile) {
  return entry.access.members.flatMap((member, index) =>
    (["email", "googleGroup"] as const).flatMap((kind) => {
      const sealed = member[kind];
      const path = ["access", "members", index, kind];
      return sealed !== undefined && isSealed(sealed)
        ? [{ file, path: path.join("."), kind, member: path.slice(0, 3).join("."), sealed, at: place(path) }]
        : [];
    }),
  );
}

async function opens(sealed: string, open: Opener | undefined): Promise<boolean> {
  if (open === undefined) return false;
  return open(sealed).then(
    () => true,
    () => false,
  );
}

async function firstAsync<Item>(items: readonly Item[], matches: (item: Item) => Promise<boolean>): Promise<Item | undefined> {
  for (const item of items) if (await matches(item)) return item;
  return undefined;
}
