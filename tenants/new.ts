/** Writes the text of a new tenant's file. Needs no vendor key: a pull request can be written on a plane. */
import { stringify } from "yaml";
import { OperatorError, type Problem } from "../domain/error.ts";
import { makeTenantUid, type TenantUid } from "../domain/ids.ts";
import { explain } from "./explain.ts";
import { TenantEntry } from "./schema.ts";
import { emailPattern, seal } from "./seal.ts";
import { slugProblem } from "./slug.ts";

export interface NewTenant {
  readonly slug: string;
  readonly name: string;
  /** The first member, in the clear. */
  readonly email: string;
  readonly plan: string;
  /** The stack's recipient; null where the stack keeps addresses plain. */
  readonly recipient: string | null;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The file's text and the uid that was made for it; throws OperatorError with everything that is wrong with the arguments. */
export async function newTenantFile(wanted: NewTenant): Promise<{ readonly uid: TenantUid; readonly text: string }> {
  const problems: Problem[] = [];
  const email = wanted.email.trim().toLowerCase();
  const badSlug = slugProblem(wanted.slug);
  if (badSlug) problems.push({ message: badSlug });
  if (!emailPattern.test(email)) problems.push({ message: `"${wanted.email}" is not an e-mail address` });
  const uid = makeTenantUid(wanted.randomBytes);
  const member = wanted.recipient === null ? email : await seal(email, wanted.recipient);
  const entry = { uid, name: wanted.name, plan: wanted.plan, access: { members: [{ email: member }] } };
  const checked = explain(TenantEntry, entry);
  if ("problems" in checked)
    problems.push(...checked.problems.filter(({ path }) => path[0] !== "access").map(({ message }) => ({ message })));
  if (problems.length) throw new OperatorError(problems);
  const body = stringify(entry, { lineWidth: 0, defaultStringType: "PLAIN" });
  return { uid, text: `# yaml-language-server: $schema=../tenant.schema.json\n${body}` };
}
