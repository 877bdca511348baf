/** A policy's session beats the application's: where they differ, people stay logged in longer than the application says. */
import { at, type Resource, type StackRule, shown, uidOf } from "./rule.ts";

const accessType = /^cloudflare:index\/zeroTrustAccess(?:Application|Policy):/;

export const cloudflareAccessEqualSessions: StackRule = {
  name: "cloudflare-access-equal-sessions",
  description: "All of a tenant's Access applications and policies have one session duration, written out",
  check(resources) {
    const owned = resources.filter(({ type, name }) => accessType.test(type) && uidOf(name) !== undefined);
    return [...Map.groupBy(owned, ({ name }) => uidOf(name)).values()].flatMap((all) => {
      const vague = all.filter((one) => typeof session(one) !== "string");
      if (vague.length > 0)
        return vague.map((one) => ({
          urn: one.urn,
          message: `sessionDuration is ${shown(session(one))}. Write it out, the same for the application and its policy`,
        }));
      const [first, ...rest] = all;
      const other = rest.find((one) => session(one) !== session(first));
      if (!first || !other) return [];
      const [ours, theirs] = [session(other), session(first)].map(shown);
      return [
        {
          urn: other.urn,
          message: `sessionDuration is ${ours}, but ${theirs} in ${first.name}. Give both access.sessionDuration of the tenant`,
        },
      ];
    });
  },
};

function session(resource: Resource | undefined) {
  return at(resource?.props, "sessionDuration");
}
