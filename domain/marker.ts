import type { StackName, TenantUid } from "./ids.ts";

/** What everything we make at a vendor carries (description, name, comment or metadata): `fleet:<stack>:<uid>`.
 *  An object with another stack's marker is never adopted. Objects of the account itself use `account` for the uid. */
export function marker(stack: StackName | string, uid: TenantUid | "account"): string {
  return `fleet:${stack}:${uid}`;
}

/** Finds a marker inside a longer text; undefined where there is none. */
export function findMarker(text: string): { readonly stack: string; readonly uid: string } | undefined {
  const match = /(?<![a-z0-9:-])fleet:([a-z0-9-]+):(tn_[a-z0-9]{10}|account)(?![a-z0-9])/.exec(text);
  return match?.[1] && match[2] ? { stack: match[1], uid: match[2] } : undefined;
}
