/** A herd on the real engine, measured by the sandbox's own time and by the calls that it recorded. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSchema } from "graphql";
import { root } from "../../cli/context.ts";
import { entryOf, type Files } from "./edits-files.ts";
import { EditedStack, type RecordedCall, told } from "./edits-stack.ts";

const cooldownSeconds = 30;
const servicesOfOne = 2;
/** Of the time that the waits take by themselves. */
const share = 1.05;
const mostCallsOnCreate = 22;
const mostCallsOnRefresh = 8;
/** Whether something is there or up yet. */
const polls = new Set(["deployment", "volumeInstances", "environmentPatch"]);
const vendors = ["railway", "cloudflare", "openrouter"] as const;
/** What is random in them would be longer for some tenants than for the one alone. */
const evenLags = {
  volumeLagMs: { min: 5_000, max: 5_000 },
  deploymentMs: { min: 30_000, max: 30_000 },
  patchMs: { min: 2_000, max: 2_000 },
};
/** No two look alike. */
const slugs =
  "acme birch cedar dogwood elm fir ginkgo hazel ivy juniper kapok larch maple neem oak pine quince rowan spruce teak".split(" ");

export class HerdCases {
  readonly #count: number;
  #alone = Number.NaN;
  #stack: EditedStack | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  async end(): Promise<void> {
    await this.#stack?.end();
  }

  async alone(): Promise<void> {
    const stack = await start(1);
    try {
      this.#alone = await secondsOfUp(stack);
    } finally {
      await stack.end();
    }
    tell(`one tenant alone: ${this.#alone} s`);
  }

  async together(): Promise<void> {
    this.#stack = await start(this.#count);
    const took = await secondsOfUp(this.#stack);
    const most = share * ((this.#count - 1) * cooldownSeconds + this.#alone);
    tell(`${this.#count} tenants at once: ${took} s, at most ${most.toFixed(1)} s`);
    ok(took <= most, `${took} s, and the cooldown explains ${most.toFixed(1)} s`);
  }

  /** Most projects have their services before the next one may be made. */
  async unstarved(): Promise<void> {
    const calls = await this.#made().recorded("railway");
    const at = (operation: string) => calls.filter((call) => call.operation === operation).map((call) => Date.parse(call.at));
    const [projects, services] = [at("projectCreate"), at("serviceCreate")];
    ok(projects.length >= this.#count, `only ${projects.length} projects were made`);
    ok(services.length >= this.#count * servicesOfOne, `only ${services.length} services were made`);
    const last = Math.max(...projects);
    const early = services.filter((time) => time < last).length;
    tell(`services made before the last project: ${early} of ${services.length}`);
    ok(early >= services.length / 2, `only ${early} of ${services.length} services were made before the last project`);
  }

  async created(): Promise<void> {
    const calls = await this.#calls();
    const each = this.#each(calls.railway.filter((operation) => operation !== "apiToken"));
    const all = each + this.#each(calls.openrouter) + this.#each(calls.cloudflare.filter(isTenants));
    tell(`calls per tenant on create, polls not counted: ${each} at Railway, ${all} at all vendors`);
    ok(all <= mostCallsOnCreate, `${all} calls per tenant at all vendors, at most ${mostCallsOnCreate}`);
  }

  async refreshed(): Promise<void> {
    const before = await this.#calls();
    await this.#made().pulumi("refresh", "--yes", "--skip-preview", "--non-interactive");
    const after = await this.#calls();
    const each = this.#each(after.railway.slice(before.railway.length), new Set());
    tell(`calls per tenant on refresh: ${each} at Railway`);
    ok(each <= mostCallsOnRefresh, `${each} calls per tenant at Railway, at most ${mostCallsOnRefresh}`);
  }

  async unchanged(): Promise<void> {
    const before = await this.#calls();
    await secondsOfUp(this.#made());
    const after = await this.#calls();
    const isChange = changes();
    for (const vendor of vendors) {
      ok(
        before[vendor].some((operation) => isChange(vendor, operation)),
        `bug: nothing was made at ${vendor}`,
      );
      const changing = after[vendor].slice(before[vendor].length).filter((operation) => isChange(vendor, operation));
      deepStrictEqual(changing, [], `changed at ${vendor} by an up without a change`);
    }
  }

  #made(): EditedStack {
    if (!this.#stack) throw new Error("the herd was not made");
    return this.#stack;
  }

  #each(operations: readonly string[], free: ReadonlySet<string> = polls): number {
    return Math.round((operations.filter((operation) => !free.has(operation)).length / this.#count) * 100) / 100;
  }

  async #calls(): Promise<Record<(typeof vendors)[number], string[]>> {
    const operations = (calls: readonly RecordedCall[]) => calls.map(({ operation }) => operation);
    const stack = this.#made();
    return {
      railway: operations(await stack.recorded("railway")),
      cloudflare: operations(await stack.recorded("cloudflare")),
      openrouter: operations(await stack.recorded("openrouter")),
    };
  }
}

/** What a Cloudflare account has once is no tenant's, and the lists that `up` looks at are a run's. */
function isTenants(operation: string): boolean {
  return !/identity_providers|\/settings\/|^GET .*\/(?:apps|groups|policies|cfd_tunnel|dns_records)$/.test(operation);
}

/** Tells what makes, changes or deletes something: at Railway a mutation. */
function changes(): (vendor: (typeof vendors)[number], operation: string) => boolean {
  const schema = buildSchema(readFileSync(join(root, "sandbox", "railway", "schema.graphql"), "utf8"));
  const mutations = new Set(Object.keys(schema.getMutationType()?.getFields() ?? {}));
  return (vendor, operation) => (vendor === "railway" ? mutations.has(operation) : !operation.startsWith("GET "));
}

async function start(count: number): Promise<EditedStack> {
  const files: Files = new Map(
    slugs.slice(0, count).map((slug, index) => [slug, entryOf(`tn_herd${String(index).padStart(6, "0")}`, slug)]),
  );
  const stack = await EditedStack.start(files, { clock: { waitsForClients: true } });
  await stack.behave(evenLags);
  return stack;
}

/** Of the sandbox's time, for an up that must succeed by itself. */
async function secondsOfUp(stack: EditedStack): Promise<number> {
  const began = await stack.now();
  const answer = await stack.fleet("up", "sandbox");
  strictEqual(answer.code, 0, told(answer));
  return ((await stack.now()) - began) / 1000;
}

function tell(figure: string): void {
  process.stderr.write(`herd: ${figure}\n`);
}
