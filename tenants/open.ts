/** Opens the sealed addresses of tenants: only preview, up and reports do that, and show them masked. */
import { OperatorError, type Problem } from "../domain/error.ts";
import type { Member, Tenant } from "./resolve.ts";
import { emailPattern, isSealed, mask, unseal } from "./seal.ts";

/** A tenant whose addresses are readable, in small letters. Never to be logged or stored as it is. */
export interface OpenTenant extends Tenant {
  readonly opened: true;
}

/** Opens all addresses. `identity` is asked for once, and only if something is sealed. Throws OperatorError with all that cannot be opened. */
export async function openMembers(tenants: readonly Tenant[], identity: () => Promise<string>): Promise<readonly OpenTenant[]> {
  const sealed = tenants.some(({ access }) => access.members.some((member) => "address" in member && isSealed(member.address)));
  const key = sealed ? await identity() : "";
  const problems: Problem[] = [];
  const opened = await Promise.all(
    tenants.map(async (tenant): Promise<OpenTenant> => {
      const members = await Promise.all(tenant.access.members.map((member, index) => open(tenant, member, index, key, problems)));
      const twice = members.filter((member, index) => members.findIndex((other) => same(other, member)) < index);
      for (const member of twice)
        if ("address" in member)
          problems.push({ file: tenant.file, message: `access.members: ${mask(member.address)} is a member twice; remove one` });
      return { ...tenant, access: { ...tenant.access, members }, opened: true };
    }),
  );
  if (problems.length) throw new OperatorError(problems);
  return opened;
}

/** A member as a reviewer may see it. */
export function describeMember(member: Member): string {
  switch (member.kind) {
    case "email":
      return mask(member.address);
    case "emailDomain":
      return `everybody @${member.domain}`;
    case "githubOrganization":
      return `GitHub organization ${member.organization}${member.team ? `, team ${member.team}` : ""}`;
    case "googleGroup":
      return `Google group ${mask(member.address)}`;
    default:
      return member satisfies never;
  }
}

async function open(tenant: Tenant, member: Member, index: number, identity: string, problems: Problem[]): Promise<Member> {
  if (!("address" in member)) return member;
  try {
    const address = (isSealed(member.address) ? await unseal(member.address, identity) : member.address).toLowerCase();
    // Whoever holds the recipient can seal anything; the text goes into an Access rule only if it is an address.
    if (!emailPattern.test(address)) throw new Error("does not hold an e-mail address; seal it again");
    return { ...member, address };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push({ file: tenant.file, message: `access.members.${index}.${member.kind}: ${reason}` });
    return member;
  }
}

function same(left: Member, right: Member): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
