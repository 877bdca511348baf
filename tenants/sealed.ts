/** Whether sealed addresses can do what they are there for: be opened by their stack, and by nobody else. Looks as far as the identities at hand allow. */
import { OperatorError, type Problem } from "../domain/error.ts";
import { committedIdentity, stackRecipient, worthlessStacks } from "./keys.ts";
import type { TenantFile } from "./load.ts";
import { emailPattern, isSealed, recipientOf, unseal } from "./seal.ts";

/** Everything that is wrong with the sealed addresses of a stack. `given` is FLEET_AGE_IDENTITY, of whatever stack; without it only the identities that
 *  lie in the repository are tried. Needs no key. */
export async function sealedProblems(
  root: string,
  stack: string,
  tenants: readonly TenantFile[],
  given: string | undefined,
): Promise<readonly Problem[]> {
  const addresses = tenants.flatMap(sealedAddresses);
  if (addresses.length === 0) return [];
  let recipient: string;
  try {
    recipient = stackRecipient(root, stack);
  } catch (error) {
    if (error instanceof OperatorError) return error.problems;
    throw error;
  }
  const candidates = [given?.trim(), committedIdentity(root, stack)].filter((identity) => identity !== undefined);
  const own = await firstAsync(candidates, async (identity) => (await recipientOf(identity).catch(() => "")) === recipient);
  const readable = worthlessStacks(root).filter((other) => other !== stack);
  const problems: Problem[] = [];
  for (const { file, path, sealed, at } of addresses) {
    const say = (message: string) => problems.push({ file, ...at, message: `${path}: ${message}` });
    const stranger = await firstAsync(readable, (other) => opens(sealed, committedIdentity(root, other) ?? ""));
    if (stranger !== undefined)
      say(`is sealed to ${stranger}, whose identity everybody can read; seal it to this stack with fleet tenant new`);
    else if (own !== undefined) {
      const address = await unseal(sealed, own).catch((error: Error) => error);
      if (address instanceof Error) say(address.message);
      else if (!emailPattern.test(address)) say("does not hold an e-mail address; seal it again");
    }
  }
  return problems;
}

function sealedAddresses({ file, entry, place }: TenantFile) {
  return entry.access.members.flatMap((member, index) =>
    (["email", "googleGroup"] as const).flatMap((kind) => {
      const sealed = member[kind];
      const path = ["access", "members", index, kind];
      return sealed !== undefined && isSealed(sealed) ? [{ file, path: path.join("."), sealed, at: place(path) }] : [];
    }),
  );
}

function opens(sealed: string, identity: string): Promise<boolean> {
  return unseal(sealed, identity).then(
    () => true,
    () => false,
  );
}

async function firstAsync<Item>(items: readonly Item[], matches: (item: Item) => Promise<boolean>): Promise<Item | undefined> {
  for (const item of items) if (await matches(item)) return item;
  return undefined;
}
