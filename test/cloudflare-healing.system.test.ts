/** What a lost answer or a killed run leaves at Cloudflare, on the real engine: at most two more runs of plain `up`, and each thing is there once. Every day
 *  `stack.system.test.ts` loses an answer of each kind in one run; here each is alone, in all the ways, with `fleet test --full`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { readStackFiles } from "../cli/stack-files.ts";
import { entryOf, type Files } from "./suites/edits-files.ts";
import { type Answer, EditedStack } from "./suites/edits-stack.ts";
import { family, kill } from "./suites/hostile-machine-ground.ts";

const account = "/client/v4/accounts/:id";
const creates = [
  ["a tunnel", `POST ${account}/cfd_tunnel`],
  ["an Access application", `POST ${account}/access/apps`],
  ["an Access policy", `POST ${account}/access/policies`],
  ["a DNS record", "POST /client/v4/zones/:id/dns_records"],
] as const;
const ways = ["dropAnswer", "afterWork:504", "hold", "holdAnswer", "dropAnswer, holdAnswer"] as const;

const kinds = ["tunnels", "apps", "policies", "dnsRecords", "identityProviders"] as const;
const Living = z.array(z.looseObject({ id: z.string(), name: z.string(), deleted_at: z.string().nullish() }));

const full = process.env.FLEET_TEST_FULL === "1";
if (!full) process.stderr.write("SKIPPED: what goes wrong at Cloudflare, each alone; fleet test --full runs it\n");
describe.runIf(full)("what goes wrong at Cloudflare", () => {
  let stack: EditedStack;
  const files = new Map([["keeper", entryOf("tn_keeper0000", "keeper")]]);
  beforeAll(async () => {
    stack = await EditedStack.start(files);
    expect((await stack.fleet("up", "sandbox")).code).toBe(0);
  }, 300_000);
  afterAll(() => stack.end());

  /** One more tenant than before, whose objects have no others like them. */
  const another = (): string => {
    // Two letters each, of which none is taken for another: a slug may not look like another one's.
    const letters = "acehkt";
    const slug = `tenant-${letters.charAt(files.size / letters.length)}${letters.charAt(files.size % letters.length)}`;
    files.set(slug, entryOf(`tn_heal${String(files.size).padStart(6, "0")}`, slug));
    stack.write(files satisfies Files);
    return slug;
  };
  /** What a person does at Cloudflare's dashboard; the result. */
  const person = async (method: string, of: "accounts" | "zones", path: string, body?: unknown) => {
    const { set } = z
      .object({ set: z.record(z.string(), z.string()) })
      .parse(JSON.parse((await stack.fleet("env", "sandbox", "--json")).out));
    const { accountId, zoneId } = readStackFiles(stack.clone, "sandbox").settings;
    const url = `${set.CLOUDFLARE_BASE_URL}/${of}/${of === "zones" ? zoneId : accountId}/${path}`;
    const headers = { authorization: `Bearer ${set.CLOUDFLARE_API_TOKEN}`, "content-type": "application/json" };
    const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return z.object({ result: z.looseObject({ id: z.string() }) }).parse(await answer.json()).result;
  };
  const living = async () => {
    const state = await stack.stateOf("cloudflare");
    return kinds.flatMap((kind) =>
      Living.parse(state[kind])
        .filter((one) => !one.deleted_at)
        .map(({ name }) => `${kind} ${name}`),
    );
  };
  /** `up`, killed once its faults have come where they say so. */
  const up = async (killed: boolean): Promise<Answer> => {
    const { pid, answer } = stack.begin(["up", "sandbox"]);
    let over = false;
    void answer.then(() => {
      over = true;
    });
    while (!over && (await stack.waits("cloudflare"))) await Promise.race([answer, new Promise((done) => setTimeout(done, 50))]);
    if (killed && !over) for (const one of family(pid)) kill(one, "SIGKILL");
    return answer;
  };
  const healed = async (first: Answer) => {
    let last = first;
    for (let run = 0; run < 2 && last.code !== 0; run++) last = await stack.fleet("up", "sandbox");
    expect(last.code, `${first.err}\n${last.err}`).toBe(0);
    const all = await living();
    expect(all).toHaveLength(new Set(all).size);
    // Tunnel, application, policy and record of each, and three ways to log in.
    expect(all).toHaveLength(4 * files.size + 3);
    const preview = await stack.fleet("preview", "sandbox");
    expect(preview.code, preview.out).toBe(0);
  };

  test.for(creates.flatMap(([what, operation]) => ways.map((way) => [what, operation, way] as const)))(
    "%s is there once after %s met %s",
    { timeout: 300_000 },
    async ([, operation, way]) => {
      another();
      for (const [index, effect] of way.split(", ").entries())
        await stack.order("cloudflare", { operation, nth: index + 1, effect });
      await healed(await up(way.includes("hold")));
    },
  );

  test("a lock that a person took away after a kill leaves no twin either", { timeout: 300_000 }, async () => {
    another();
    await stack.order("cloudflare", { operation: creates[1][1], nth: 1, effect: "holdAnswer" });
    await up(true);
    await stack.pulumi("cancel", "--yes", "--stack", "sandbox");
    await healed(await stack.fleet("up", "sandbox"));
  });

  test("a twin that an application was pointed to by hand goes once the application is back", { timeout: 300_000 }, async () => {
    const slug = another();
    expect((await stack.fleet("up", "sandbox")).code).toBe(0);
    const named = (list: unknown) => Living.parse(list).find(({ name }) => name.startsWith(`${slug} `)) ?? expect.unreachable();
    const policy = named((await stack.stateOf("cloudflare")).policies);
    const app = named((await stack.stateOf("cloudflare")).apps);
    const { id: _, ...copy } = policy;
    const twin = await person("POST", "accounts", "access/policies", copy);
    await person("PUT", "accounts", `access/apps/${app.id}`, { ...app, policies: [{ id: twin.id, precedence: 1 }] });
    await healed(await stack.fleet("up", "sandbox"));
    expect(named((await stack.stateOf("cloudflare")).policies).id).toBe(policy.id);
    expect(named((await stack.stateOf("cloudflare")).apps)).toMatchObject({ id: app.id, policies: [{ id: policy.id }] });
  });

  test("a tunnel that a person deleted is made anew, with the token that runs it and the record that leads to it", {
    timeout: 300_000,
  }, async () => {
    const slug = another();
    expect((await stack.fleet("up", "sandbox")).code).toBe(0);
    const tunnel = async () =>
      Living.parse((await stack.stateOf("cloudflare")).tunnels).find(
        ({ name, deleted_at: deleted }) => name.startsWith(`${slug} `) && !deleted,
      ) ?? expect.unreachable();
    const { id } = await tunnel();
    await stack.behave({ deleteConnectedTunnel: "allow" }, "cloudflare");
    await person("DELETE", "accounts", `cfd_tunnel/${id}`);
    await healed(await stack.fleet("up", "sandbox"));
    const made = await tunnel();
    expect(made.id).not.toBe(id);
    const records = z.array(z.looseObject({ name: z.string(), content: z.string() }));
    const record = records.parse((await stack.stateOf("cloudflare")).dnsRecords).find(({ name }) => name.startsWith(`${slug}.`));
    expect(record?.content).toBe(`${made.id}.cfargotunnel.com`);
    // A cloudflared runs it, so that its token is the new one's.
    expect(await person("GET", "accounts", `cfd_tunnel/${made.id}`)).toMatchObject({ status: "healthy" });
  });

  test("a person's record of that name is neither taken nor deleted, and up says whose it is not", {
    timeout: 300_000,
  }, async () => {
    const slug = another();
    const { zone } = readStackFiles(stack.clone, "sandbox").settings;
    const own = { type: "CNAME", name: `${slug}.${zone}`, content: "elsewhere.example", proxied: true, ttl: 1, comment: "Ada's" };
    const { id } = await person("POST", "zones", "dns_records", own);
    const refused = await stack.fleet("up", "sandbox");
    expect(refused.code).toBe(4);
    expect(refused.err).toContain("carries no marker of this stack");
    // Without a look nobody knows: it might be ours, and nobody is told to remove it.
    await stack.order("cloudflare", { operation: `GET ${account}/access/policies`, nth: 1, effect: "status:403" });
    const blind = await stack.fleet("up", "sandbox");
    expect(blind.err).toContain("could not be looked at");
    expect(blind.err).not.toContain("carries no marker");
    expect(await person("GET", "zones", `dns_records/${id}`)).toMatchObject({ content: "elsewhere.example" });
    await person("DELETE", "zones", `dns_records/${id}`);
    await healed(await stack.fleet("up", "sandbox"));
  });
});
