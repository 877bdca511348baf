/** What of an entry can be held against its plan and the other files, also where the rest of it is wrong: otherwise people would meet their mistakes one
 *  after the other. */
import { type MemberEntry, TenantEntry } from "./schema.ts";

export interface Draft {
  readonly uid?: string;
  readonly plan?: string;
  readonly customer?: string;
  /** Those that are right by themselves, with their place in the list. */
  readonly members: readonly { readonly index: number; readonly member: MemberEntry }[];
}

/** Takes from any value what is right in it; never throws. */
export function draftOf(value: unknown): Draft {
  const { uid, plan, access, billing } = TenantEntry.shape;
  const entry = keysOf(value);
  const members: unknown = keysOf(entry.access).members;
  return {
    uid: uid.safeParse(entry.uid).data,
    plan: plan.safeParse(entry.plan).data,
    customer: billing.unwrap().shape.customer.safeParse(keysOf(entry.billing).customer).data,
    members: (Array.isArray(members) ? members : []).flatMap((said, index) => {
      const member = access.shape.members.element.safeParse(said).data;
      return member ? [{ index, member }] : [];
    }),
  };
}

function keysOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
