import { HerdCases } from "./herd-cases.ts";
import type { Suite, SuiteCase, SuiteOptions } from "./suite.ts";

const tenants = { everyday: 3, full: 20 };

/** Many tenants at once, at Railway's own limits. */
export const suite = {
  name: "herd",
  about: "tenants added at once wait for Railway's cooldown and for nothing else, and ask little of the vendors",
  async *cases({ full }: SuiteOptions): AsyncGenerator<SuiteCase> {
    const count = full ? tenants.full : tenants.everyday;
    const herd = new HerdCases(count);
    try {
      yield { name: "one tenant alone: the time that each of the others may take", run: () => herd.alone() };
      yield { name: `${count} tenants at once: made by one up, in the cooldown's time`, run: () => herd.together() };
      yield {
        name: `${count} tenants at once: what lies behind a made project does not wait for the others'`,
        run: () => herd.unstarved(),
      };
      yield { name: "calls per tenant on create", run: () => herd.created() };
      yield { name: "calls per tenant on refresh", run: () => herd.refreshed() };
      yield { name: "an up that changes nothing changes nothing at any vendor", run: () => herd.unchanged() };
    } finally {
      await herd.end();
    }
  },
} satisfies Suite;
