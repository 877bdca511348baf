/** What a lost answer or a killed run leaves at Cloudflare, on the real engine: one or two more runs of `up`, and each thing is there once. */
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { entryOf } from "./suites/edits-files.ts";
import { EditedStack } from "./suites/edits-stack.ts";

const keeper = ["keeper", entryOf("tn_keeper0000", "keeper")] as const;
const account = "/client/v4/accounts/:id";
const post = {
  tunnel: `POST ${account}/cfd_tunnel`,
  application: `POST ${account}/access/apps`,
  policy: `POST ${account}/access/policies`,
  identityProvider: `POST ${account}/access/identity_providers`,
  record: "POST /client/v4/zones/:id/dns_records",
} as const;

const Living = z.array(z.looseObject({ name: z.string(), deleted_at: z.string().nullish() }));

async function edge(stack: EditedStack): Promise<string[]> {
  const state = await stack.stateOf("cloudflare");
  return ["tunnels", "apps", "policies", "identityProviders", "dnsRecords"]
    .flatMap((kind) => Living.parse(state[kind]).flatMap(({ name, deleted_at }) => (deleted_at ? [] : [`${kind} ${name}`])))
    .toSorted();
}

test.for(Object.entries(post))(
  "an answer lost when the %s was made leaves nothing behind",
  { timeout: 300_000 },
  async ([kind, operation]) => {
    const stack = await EditedStack.start(new Map([keeper]));
    onTestFinished(() => stack.end());
    await stack.order("cloudflare", { operation, nth: 1, effect: "dropAnswer" });
    const first = await stack.fleet("up", "sandbox");
    process.stderr.write(`${kind}: ${first.code}\n${first.out}${first.err}\n`);
    expect(first.code, first.err).toBe(0);
    const made = await edge(stack);
    expect(new Set(made).size).toBe(made.length);
    expect((await stack.fleet("preview", "sandbox")).code).toBe(0);
  },
);
