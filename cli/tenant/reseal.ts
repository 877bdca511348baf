/** `fleet tenant reseal`: rotates a stack's key over its current files, all or nothing. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { personalDataOf } from "../../infra/settings-file.ts";
import { finishReplacement, prepareReplacement } from "../../tenants/replace.ts";
import { reseal, sealedInComments } from "../../tenants/reseal.ts";
import { keygen } from "../../tenants/seal.ts";
import type { ResealFlags } from "../commands/tenant.ts";
import type { Context } from "../context.ts";
import type { TenantsResealed } from "../reports.ts";
import { needStack } from "./stack.ts";

export async function resealStack(this: Context, { stack, recipient: given, json }: ResealFlags): Promise<void> {
  const tenants = join(this.root, "tenants");
  const folder = join(tenants, stack);
  needStack(tenants, stack);
  if (finishReplacement(folder)) this.say(`finished what an earlier command on tenants/${stack} was killed at`);
  const made = given === undefined ? await keygen() : undefined;
  const recipient = made?.recipient ?? given ?? "";
  const options = { root: tenants, stack, personalData: personalDataOf(this.root, stack), recipient };
  const { texts, files, addresses } = await reseal({ ...options, given: this.process.env.FLEET_AGE_IDENTITY });
  const replacement = prepareReplacement(folder, texts);
  // Shown before the first file is moved: killed in between, nobody has files that nobody can open.
  if (made) this.say("The new identity goes to stdout, once, and is kept nowhere.");
  const report: TenantsResealed = { stack, recipient, identity: made?.identity ?? null, files: [...files], addresses };
  if (json) this.print(JSON.stringify(report));
  else if (made) this.print(made.identity);
  replacement.finish();
  this.say(
    `sealed ${counted(addresses, "address", "addresses")} in ${counted(files.length, "file", "files")} of tenants/${stack} to ${recipient}`,
  );
  const left = files.filter((file) => sealedInComments(readFileSync(join(this.root, file), "utf8")) > 0);
  if (left.length > 0) this.say(`left as they are, in comments: sealed addresses in ${left.join(", ")}`);
  this.say("Next:");
  this.say(`  1. store the new identity in the secret store, beside the old one`);
  this.say(`  2. commit tenants/${stack} and open one pull request with nothing else in it`);
  this.say("  3. as it is merged, make the new identity FLEET_AGE_IDENTITY");
  this.say(`  4. once fleet preview ${stack} runs with it, destroy the old identity, every copy of it`);
  this.say("docs/runbooks/rotate-keys-and-erase.md says what that reaches, and what not");
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
