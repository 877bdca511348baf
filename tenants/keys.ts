/** Which age keys belong to a stack. Each stack has its own: `tenants/<stack>/recipient.txt` is public, its identity is one secret (FLEET_AGE_IDENTITY).
 *  A stack whose identity is committed as `identity.txt` (the sandbox) is worthless for secrecy, so no other stack may use its keys. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OperatorError, registerSecret } from "../domain/error.ts";
import { stackNames } from "./load.ts";
import { recipientOf, recipientPattern } from "./seal.ts";

/** The recipient that a stack's addresses are sealed to; throws OperatorError when there is none or when it is a worthless one. */
export function stackRecipient(root: string, stack: string): string {
  const shown = `tenants/${stack}/recipient.txt`;
  const recipient = readLine(recipientPath(root, stack));
  if (recipient === undefined)
    throw new OperatorError([{ file: shown, message: `is missing; make it with: fleet tenant keygen --stack ${stack}` }]);
  if (!recipientPattern.test(recipient))
    throw new OperatorError([{ file: shown, line: 1, column: 1, message: "is not an age recipient (age1 and 58 characters)" }]);
  const owner = worthlessStacks(root).find(
    (other) => other !== stack && readLine(join(root, other, "recipient.txt")) === recipient,
  );
  if (owner)
    throw new OperatorError([
      {
        file: shown,
        line: 1,
        column: 1,
        message: `is the recipient of ${owner}, whose identity everybody can read; make an own one with: fleet tenant keygen --stack ${stack}`,
      },
    ]);
  return recipient;
}

/** Where a stack's recipient lies. */
export function recipientPath(root: string, stack: string): string {
  return join(root, stack, "recipient.txt");
}

/** The identity that opens a stack's addresses, from FLEET_AGE_IDENTITY, or the committed one of the sandbox; throws OperatorError when it is missing or another stack's. */
export async function stackIdentity(root: string, stack: string, given: string | undefined): Promise<string> {
  const recipient = stackRecipient(root, stack);
  const identity = given?.trim() || committedIdentity(root, stack);
  if (!identity)
    throw new OperatorError(
      `FLEET_AGE_IDENTITY is not set: it opens the members' addresses of ${stack}. Take it from the secret store (fleet tenant keygen made it), or check the files alone with: fleet tenant check`,
    );
  registerSecret(identity);
  const own = await recipientOf(identity).catch((error: Error) => {
    throw new OperatorError(`FLEET_AGE_IDENTITY ${error.message}`);
  });
  if (own !== recipient) {
    const owner = stackNames(root).find((other) => readLine(join(root, other, "recipient.txt")) === own);
    throw new OperatorError(
      `FLEET_AGE_IDENTITY is the identity of ${owner ?? "another recipient"}, not of ${stack} (tenants/${stack}/recipient.txt); set the one that belongs to ${stack}`,
    );
  }
  return identity;
}

/** The identity that lies in the repository; only the sandbox has one. */
export function committedIdentity(root: string, stack: string): string | undefined {
  return readLine(join(root, stack, "identity.txt"));
}

/** The stacks whose identity lies in the repository: whatever is sealed to them, everybody can read. */
export function worthlessStacks(root: string): string[] {
  return stackNames(root).filter((stack) => committedIdentity(root, stack) !== undefined);
}

/** The first line that is neither empty nor a comment. */
function readLine(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !line.startsWith("#"));
}
