/** Which age keys belong to a stack. Each stack has its own: `tenants/<stack>/recipient.txt` is public, its identity is one secret (FLEET_AGE_IDENTITY).
 *  A stack whose identity is committed as `identity.txt` (the sandbox) is worthless for secrecy, so no other stack may use its keys. */
import { lstatSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { OperatorError, registerSecret } from "../domain/error.ts";
import { stackNames } from "./load.ts";
import { isRecipient, recipientOf } from "./seal.ts";

/** The one stack whose identity may lie in the repository: its vendors are emulators. */
const worthlessStack = "sandbox";

/** The recipient that a stack's addresses are sealed to; throws OperatorError when there is none, when it is a worthless one, or when the identity lies
 *  beside it. */
export function stackRecipient(root: string, stack: string): string {
  const [recipient, more] = readLines(root, stack, recipientFile);
  if (recipient === undefined)
    throw new OperatorError([
      { file: `tenants/${stack}/${recipientFile}`, message: `is missing; make it with: fleet tenant keygen --stack ${stack}` },
    ]);
  if (!isRecipient(recipient))
    throw keyError(stack, recipientFile, "is not an age recipient (age1 and 58 characters, each of them right)");
  if (more !== undefined)
    throw keyError(
      stack,
      recipientFile,
      "holds more than one line; a stack has one recipient, and only to it addresses are sealed",
    );
  if (stack !== worthlessStack && committedIdentity(root, stack) !== undefined)
    throw keyError(
      stack,
      identityFile,
      "an identity in the repository opens every address of the stack for everybody who reads it: remove the file, and rotate the key as leaked (docs/runbooks/rotate-keys-and-erase.md)",
    );
  const owner = worthlessStacks(root).find((other) => other !== stack && readLines(root, other, recipientFile)[0] === recipient);
  if (owner)
    throw keyError(
      stack,
      recipientFile,
      `is the recipient of ${owner}, whose identity everybody can read; make an own one with: fleet tenant keygen --stack ${stack}`,
    );
  return recipient;
}

/** Where a stack's recipient lies. */
export function recipientPath(root: string, stack: string): string {
  return join(root, stack, recipientFile);
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
    const owner = stackNames(root).find((other) => readLines(root, other, recipientFile)[0] === own);
    throw new OperatorError(
      `FLEET_AGE_IDENTITY is the identity of ${owner ?? "another recipient"}, not of ${stack} (tenants/${stack}/recipient.txt); set the one that belongs to ${stack}`,
    );
  }
  return identity;
}

/** The identity that lies in the repository; only the sandbox has one. */
export function committedIdentity(root: string, stack: string): string | undefined {
  return readLines(root, stack, identityFile)[0];
}

/** The stacks whose identity lies in the repository: whatever is sealed to them, everybody can read. */
export function worthlessStacks(root: string): string[] {
  return stackNames(root).filter((stack) => committedIdentity(root, stack) !== undefined);
}

const recipientFile = "recipient.txt";
const identityFile = "identity.txt";
/** A key is one line; more than comments beside it does not fit here. */
const largestKeyBytes = 16 * 1024;

function keyError(stack: string, name: string, message: string): OperatorError {
  return new OperatorError([{ file: `tenants/${stack}/${name}`, line: 1, column: 1, message }]);
}

/** The lines that are neither empty nor comments; none where there is no such file. What would block, or leads out of the folder, is not opened. */
function readLines(root: string, stack: string, name: string): readonly string[] {
  const path = join(root, stack, name);
  try {
    if (!lstatSync(path, { throwIfNoEntry: false })) return [];
    const real = realpathSync(path);
    if (real !== join(realpathSync(join(root, stack)), name)) throw new Error("is a link; write the key itself here");
    const facts = lstatSync(real);
    if (!facts.isFile()) throw new Error("is not a file");
    if (facts.size > largestKeyBytes) throw new Error(`is ${facts.size} bytes; a key is one line`);
    return readFileSync(real, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw keyError(stack, name, "code" in error ? `cannot be read (${String(error.code)})` : error.message);
  }
}
