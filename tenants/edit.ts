/** Changes of a tenant's file that people would otherwise make with ciphertext in their hands. Text in, text out. */
import { OperatorError, type Problem } from "../domain/error.ts";
import type { MemberEntry } from "./schema.ts";
import { emailPattern, isSealed, mask, seal } from "./seal.ts";
import { appendItem, removeItem, setKey } from "./yaml-text.ts";

export interface Edit {
  readonly name?: string;
  readonly plan?: string;
  readonly sessionDuration?: string;
  /** In the clear. */
  readonly add: readonly MemberEntry[];
  /** In the clear, or by the number that `fleet tenant show` gives (from 1). */
  readonly remove: readonly (MemberEntry | number)[];
}

export interface EditKeys {
  /** The stack's recipient; null where the stack keeps addresses plain. */
  readonly recipient: string | null;
  /** Opens a sealed address; undefined without the identity: then only what needs none can be done. */
  readonly open: ((sealed: string) => Promise<string>) | undefined;
}

export interface Edited {
  readonly text: string;
  /** What was done, addresses masked. */
  readonly changes: readonly string[];
}

const membersPath = ["access", "members"] as const;

/** Makes the changes; throws OperatorError with all that cannot be done. Whether the result is right, the loader says. */
export async function editTenant(
  file: { readonly shown: string; readonly text: string; readonly members: readonly MemberEntry[] },
  edit: Edit,
  { recipient, open }: EditKeys,
): Promise<Edited> {
  const problems: Problem[] = [];
  const changes: string[] = [];
  const say = (message: string) => problems.push({ file: file.shown, message });
  const opened = await Promise.all(file.members.map((member) => openMember(member, open)));
  const leaving = new Set<number>();
  for (const wanted of edit.remove) {
    const index = typeof wanted === "number" ? wanted - 1 : opened.findIndex((member) => same(member, wanted));
    const member = opened[index];
    if (member) {
      leaving.add(index);
      changes.push(`removed ${describe(member)}`);
    } else if (typeof wanted === "number") say(`there is no member ${wanted}; fleet tenant show numbers them`);
    else if (opened.some((other) => mayBe(other, wanted)))
      say(
        `${describe(wanted)} cannot be looked for among sealed addresses without FLEET_AGE_IDENTITY; set it, or write --remove <number> as fleet tenant show numbers them`,
      );
    else say(`${describe(wanted)} is no member; fleet tenant show lists them`);
  }
  for (const [index, wanted] of edit.add.entries()) {
    const address = wanted.email ?? wanted.googleGroup;
    if (address !== undefined && !emailPattern.test(address)) say(`${JSON.stringify(address)} is not an e-mail address`);
    const known = opened.some((member, place) => same(member, wanted) && !leaving.has(place));
    if (known || edit.add.findIndex((other) => same(other, wanted)) < index) say(`${describe(wanted)} is a member already`);
    else changes.push(`added ${describe(wanted)}`);
  }
  if (leaving.size === file.members.length && edit.add.length === 0) say("nobody would be left who may log in; add somebody too");
  if (problems.length > 0) throw new OperatorError(problems);
  try {
    let text = file.text;
    for (const member of edit.add) text = appendItem(text, membersPath, await sealed(member, recipient));
    // From the end, so that the numbers of the others stay what they were.
    for (const index of [...leaving].sort((a, b) => b - a)) text = removeItem(text, membersPath, index);
    for (const [path, key, value] of [
      [[], "name", edit.name],
      [[], "plan", edit.plan],
      [["access"], "sessionDuration", edit.sessionDuration],
    ] as const) {
      if (value === undefined) continue;
      text = setKey(text, path, key, value);
      changes.push(`set ${[...path, key].join(".")} to ${value}`);
    }
    return { text, changes };
  } catch (error) {
    throw new OperatorError([{ file: file.shown, message: error instanceof Error ? error.message : String(error) }]);
  }
}

async function sealed(member: MemberEntry, recipient: string | null): Promise<Readonly<Record<string, string>>> {
  const { email, googleGroup } = member;
  if (email !== undefined) return { email: recipient === null ? email : await seal(email, recipient) };
  if (googleGroup !== undefined) return { googleGroup: recipient === null ? googleGroup : await seal(googleGroup, recipient) };
  return Object.fromEntries(Object.entries(member).filter(([, value]) => value !== undefined));
}

/** What cannot be opened stays sealed, and can still be removed by its number. */
async function openMember(member: MemberEntry, open: EditKeys["open"]): Promise<MemberEntry> {
  const reveal = async (said: string) => (isSealed(said) ? ((await open?.(said).catch(() => undefined)) ?? said) : said);
  if (member.email !== undefined) return { email: await reveal(member.email) };
  if (member.googleGroup !== undefined) return { googleGroup: await reveal(member.googleGroup) };
  return member;
}

function same(left: MemberEntry, right: MemberEntry): boolean {
  return kinds.every((kind) => left[kind]?.toLowerCase() === right[kind]?.toLowerCase());
}

/** A sealed address of the same kind could be the one that is meant. */
function mayBe(member: MemberEntry, wanted: MemberEntry): boolean {
  return (["email", "googleGroup"] as const).some((kind) => wanted[kind] !== undefined && isSealed(member[kind] ?? ""));
}

function describe({ email, emailDomain, githubOrganization, team, googleGroup }: MemberEntry): string {
  if (emailDomain !== undefined) return `everybody @${emailDomain}`;
  if (githubOrganization !== undefined) return `GitHub organization ${githubOrganization}${team ? `, team ${team}` : ""}`;
  const address = email ?? googleGroup ?? "";
  return `${googleGroup === undefined ? "" : "Google group "}${isSealed(address) ? "(sealed)" : mask(address)}`;
}

const kinds = ["email", "emailDomain", "githubOrganization", "team", "googleGroup"] as const;
