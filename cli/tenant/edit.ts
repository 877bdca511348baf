/** `fleet tenant edit`: changes a tenant's file; what it would then say is checked before it is written. */
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { formatProblem, OperatorError, type Problem } from "../../domain/error.ts";
import { personalDataOf } from "../../infra/settings-file.ts";
import { type Edit, editTenant } from "../../tenants/edit.ts";
import { stackIdentity, stackRecipient } from "../../tenants/keys.ts";
import { readStack } from "../../tenants/load.ts";
import { nearest } from "../../tenants/nearest.ts";
import { finishReplacement, prepareReplacement } from "../../tenants/replace.ts";
import type { MemberEntry } from "../../tenants/schema.ts";
import { isSealed, opener } from "../../tenants/seal.ts";
import type { EditFlags } from "../commands/tenant.ts";
import type { Context } from "../context.ts";
import type { TenantEdited } from "../reports.ts";
import { needStack } from "./stack.ts";

export async function edit(this: Context, flags: EditFlags, slug: string): Promise<void> {
  const { stack } = flags;
  const root = join(this.root, "tenants");
  needStack(root, stack);
  const wanted = editOf(flags);
  if (finishReplacement(join(root, stack))) this.say(`finished what an earlier command on tenants/${stack} was killed at`);
  const options = { root, personalData: personalDataOf(this.root, stack) };
  const before = readStack(stack, options);
  const shown = `tenants/${stack}/${slug}.yaml`;
  const tenant = before.tenants.find((candidate) => candidate.slug === slug);
  if (!tenant) {
    const own = before.problems.filter(({ file }) => file === shown);
    if (own.length > 0) throw new OperatorError(own);
    const meant = nearest(
      slug,
      before.tenants.map((other) => other.slug),
    );
    throw new OperatorError(
      `${stack} has no tenant "${slug}"; ${meant ? `did you mean ${meant}?` : `see: fleet tenant list --stack ${stack}`}`,
    );
  }
  const plain = options.personalData === "plain";
  const sealing = !plain && wanted.add.some((member) => member.email !== undefined || member.googleGroup !== undefined);
  const needed = sealing || tenant.entry.access.members.some((member) => isSealed(member.email ?? member.googleGroup ?? ""));
  const identity = needed ? await identityOf(this, root, stack) : undefined;
  const path = realpathSync(join(root, stack, `${slug}.yaml`));
  const old = readFileSync(path, "utf8");
  const keys = {
    recipient: sealing ? stackRecipient(root, stack) : null,
    open: identity === undefined ? undefined : opener(identity),
  };
  const file = { shown, text: old, members: tenant.entry.access.members };
  const wrong: Problem[] = [];
  const { text, changes } = await editTenant(file, wanted, keys).catch((error: unknown) => {
    if (!(error instanceof OperatorError)) throw error;
    wrong.push(...error.problems);
    // What is wrong with the other changes is said too.
    return editTenant(file, { ...wanted, add: [], remove: [] }, keys);
  });
  const known = new Set(before.problems.map(formatProblem));
  const after = readStack(stack, { ...options, drafts: new Map([[`${slug}.yaml`, text]]) });
  const caused = after.problems.filter((problem) => problem.file === shown || !known.has(formatProblem(problem)));
  if (wrong.length + caused.length > 0)
    throw new OperatorError([
      ...wrong,
      ...caused,
      { file: shown, message: "was not changed: with the changes it would have the problems above" },
    ]);
  prepareReplacement(dirname(path), new Map([[basename(path), text]])).finish();
  if (flags.json) this.print(JSON.stringify({ file: shown, slug, changes: [...changes] } satisfies TenantEdited));
  else this.print(changes.map((change) => `${shown}: ${change}`).join("\n"));
  if (identity === undefined && sealing)
    this.say("whether somebody was a member already could not be seen without FLEET_AGE_IDENTITY; preview would say so");
}

function editOf(flags: EditFlags): Edit {
  const small = (said: string) => said.trim().toLowerCase();
  const members = (which: "add" | "remove"): MemberEntry[] => [
    ...(flags[`${which}Email`] ?? []).map((email) => ({ email: small(email) })),
    ...(flags[`${which}Domain`] ?? []).map((domain) => ({ emailDomain: small(domain) })),
    ...(flags[`${which}Github`] ?? []).map(githubOf),
    ...(flags[`${which}GoogleGroup`] ?? []).map((googleGroup) => ({ googleGroup: small(googleGroup) })),
  ];
  const { name, plan, session } = flags;
  const wanted: Edit = {
    ...(name !== undefined && { name }),
    ...(plan !== undefined && { plan }),
    ...(session !== undefined && { sessionDuration: session }),
    add: members("add"),
    remove: [...members("remove"), ...(flags.remove ?? [])],
  };
  if (Object.keys(wanted).length === 2 && wanted.add.length + wanted.remove.length === 0)
    throw new OperatorError("say what to change, like --add-email ada@acme.example; see: fleet tenant edit --help");
  return wanted;
}

function githubOf(said: string): MemberEntry {
  const [githubOrganization = "", team] = said.split("/");
  return { githubOrganization, ...(team !== undefined && { team }) };
}

/** An identity that is there but not the stack's is a mistake worth telling; none at all is the usual case. */
async function identityOf({ process }: Context, root: string, stack: string): Promise<string | undefined> {
  const given = process.env.FLEET_AGE_IDENTITY;
  try {
    return await stackIdentity(root, stack, given);
  } catch (error) {
    if (given?.trim() && error instanceof OperatorError) throw error;
    return undefined;
  }
}
