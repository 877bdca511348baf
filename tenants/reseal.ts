/** Rotation of a stack's key: its current files, sealed to another recipient. Everything is computed and checked before anything is written. */
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { OperatorError, type Problem, RefusedError } from "../domain/error.ts";
import { committedIdentity, recipientPath, stackIdentity, stackRecipient } from "./keys.ts";
import { loadStack, readStack, stackNames } from "./load.ts";
import { isRecipient, isSealed, opener, seal } from "./seal.ts";
import { sealedProblems } from "./sealed.ts";
import { replaceSealed } from "./yaml-text.ts";

export interface Resealed {
  /** New texts by the file's name, recipient.txt among them. */
  readonly texts: ReadonlyMap<string, string>;
  /** The tenants' files, as problems name them. */
  readonly files: readonly string[];
  /** How many addresses were sealed again. */
  readonly addresses: number;
}

export interface ResealOptions {
  /** The folder `tenants/`. */
  readonly root: string;
  readonly stack: string;
  readonly personalData: "sealed" | "plain";
  /** FLEET_AGE_IDENTITY as it is set: the old identity. */
  readonly given: string | undefined;
  /** The new recipient. */
  readonly recipient: string;
}

/** The stack's files sealed to the new recipient, with every comment and space kept; throws OperatorError with all that stands against it. Writes nothing. */
export async function reseal({ root, stack, personalData, given, recipient }: ResealOptions): Promise<Resealed> {
  checkRecipient(root, stack, recipient);
  if (committedIdentity(root, stack) !== undefined)
    throw new RefusedError(`the identity of ${stack} is committed and worthless by design; there is nothing to rotate`);
  const tenants = loadStack(stack, { root, personalData });
  const identity = await stackIdentity(root, stack, given);
  const wrong = await sealedProblems(root, stack, tenants, identity);
  if (wrong.length > 0) throw new OperatorError(wrong);
  const open = opener(identity);
  const folder = realpathSync(join(root, stack));
  const texts = new Map<string, string>();
  const names = new Map<string, string>();
  const files: string[] = [];
  const problems: Problem[] = [];
  let addresses = 0;
  for (const { file } of tenants) {
    // A link inside the folder stays one: what it leads to is written.
    const real = realpathSync(join(root, stack, basename(file)));
    const text = readFileSync(real, "utf8");
    if (dirname(real) !== folder) problems.push({ file, message: "is a link to another folder; write the entry itself here" });
    const again = await replaceSealed(text, async (sealed) => {
      addresses++;
      return seal(await open(sealed), recipient);
    }).catch((error: Error) => problems.push({ file, message: error.message }));
    if (typeof again !== "string" || again === text) continue;
    texts.set(basename(real), again);
    names.set(basename(file), again);
    files.push(file);
  }
  if (problems.length > 0) throw new OperatorError(problems);
  const drafts = readStack(stack, { root, personalData, drafts: names });
  if (drafts.problems.length > 0) throw new OperatorError(drafts.problems);
  const old = stackRecipient(root, stack);
  const written = readFileSync(recipientPath(root, stack), "utf8");
  texts.set(basename(recipientPath(root, stack)), written.replace(old, recipient));
  return { texts, files, addresses };
}

/** Whether a file still holds texts that reseal leaves alone: those in comments. They stay sealed to the old recipient. */
export function sealedInComments(text: string): number {
  return [...text.matchAll(/#.*?(age:[A-Za-z0-9+/=]+)/g)].filter(([, sealed = ""]) => isSealed(sealed)).length;
}

function checkRecipient(root: string, stack: string, recipient: string): void {
  // What was given is not repeated: it could be an identity.
  if (!isRecipient(recipient))
    throw new OperatorError("--recipient is not an age recipient (age1 and 58 characters, each of them right)");
  if (stackRecipient(root, stack) === recipient) throw new OperatorError(`--recipient is the recipient of ${stack} already`);
  const owner = stackNames(root).find((other) => other !== stack && recipientIn(root, other) === recipient);
  if (owner) throw new OperatorError(`--recipient is the recipient of ${owner}; each stack has its own`);
}

function recipientIn(root: string, stack: string): string | undefined {
  try {
    return stackRecipient(root, stack);
  } catch {
    return undefined;
  }
}
