/** What Cloudflare holds of a stack's edge: looked at in every `up`, and cleared of twins after it (infra/edge-healing.ts says what is what). */
import { compareEdge, type Healing, heldOf, type WantedObject, wantedOf } from "../infra/edge-healing.ts";
import { planFleet } from "../infra/plan.ts";
import { methodNames } from "../infra/settings.ts";
import { resolveStack } from "../tenants/resolve.ts";
import { type CloudflareObject, deleteObject, listObjects, readObject } from "../vendors/cloudflare/objects.ts";
import { type Call, connect, optionsFromEnvironment, type Send } from "../vendors/cloudflare/wire.ts";
import { clockFromEnvironment } from "../vendors/http/clock.ts";
import type { Context } from "./context.ts";
import type { StackEnvironment } from "./environment.ts";
import type { StackFiles } from "./stack-files.ts";

/** A stack's place at Cloudflare. */
export interface Edge {
  /** Only reads. Undefined where Cloudflare could not be asked; that is said, and remembered. */
  look(): Promise<readonly CloudflareObject[] | undefined>;
  compare(found: readonly CloudflareObject[], exported: string): Healing;
  /** Whether something of ours is there twice or unwanted, as far as a list alone can tell. */
  suspicious(found: readonly CloudflareObject[]): boolean;
  /** Deletes the twins that are unchanged and unused still, and says what it did and what it leaves to a person. */
  tidy(found: readonly CloudflareObject[], exported: string): Promise<void>;
  /** Whether it is really not there: a list may be late. False where that could not be asked, which is said and remembered. */
  isGone(object: Pick<CloudflareObject, "kind" | "id">): Promise<boolean>;
  /** Says what went wrong, and remembers it. */
  fail(message: string): void;
  /** Whether a comparison found something that has to be looked at after the run. */
  readonly unsettled: boolean;
  /** What went wrong with looks and deletions, in words. */
  readonly failures: readonly string[];
}

export interface EdgeOptions {
  readonly settings: Pick<StackFiles["settings"], "accountId" | "zoneId">;
  /** What the run makes (`wantedBy`); nothing for one that only deletes. */
  readonly wanted: readonly WantedObject[];
  /** Ends a look that nobody needs any more. */
  readonly signal?: AbortSignal;
}

/** Undefined without a token for Cloudflare: then nobody can look. */
export function edgeOf(
  context: Context,
  { env, stack }: Pick<StackEnvironment, "env" | "stack">,
  options: EdgeOptions,
): Edge | undefined {
  if (!env.CLOUDFLARE_API_TOKEN) return undefined;
  const send = connect(optionsFromEnvironment(env, clockFromEnvironment(env)));
  return new StackEdge(context, send, stack, options);
}

/** What the files ask for, of the kinds that are looked for. */
export function wantedBy({ settings, entries }: StackFiles): WantedObject[] {
  const tenants = resolveStack(entries, { ...settings, loginMethods: methodNames(settings.loginMethods) });
  // Names hang on no address, so that none is opened.
  const plan = planFleet(
    settings,
    tenants.map((tenant) => ({ ...tenant, opened: true as const })),
  );
  return wantedOf([...plan.account, ...plan.tenants.flatMap(({ resources }) => resources)], settings.stack);
}

class StackEdge implements Edge {
  readonly #context: Context;
  readonly #send: Send;
  readonly #call: Call;
  readonly #place: { readonly stack: string; readonly accountId: string; readonly zoneId: string };
  readonly #wanted: readonly WantedObject[];
  readonly #failures: string[] = [];
  #unsettled = false;

  constructor(context: Context, send: Send, stack: string, { settings, wanted, signal }: EdgeOptions) {
    const { accountId, zoneId } = settings;
    this.#context = context;
    this.#send = send;
    this.#call = { log: (message) => context.say(message), ...(signal && { signal }) };
    this.#place = { stack, accountId, zoneId };
    this.#wanted = wanted;
  }

  get failures(): readonly string[] {
    return this.#failures;
  }

  get unsettled(): boolean {
    return this.#unsettled;
  }

  fail(message: string): void {
    this.#failures.push(message);
    this.#context.say(message);
  }

  async look() {
    try {
      return await listObjects(this.#send, { ...this.#place, comment: `fleet:${this.#place.stack}:` }, this.#call);
    } catch (error) {
      if (this.#call.signal?.aborted) return undefined;
      this.fail(
        `what Cloudflare holds could not be looked at: ${messageOf(error)}\nwhat an earlier run may have left there stays: run this again; if Cloudflare refuses, its token has to read Access, tunnels and DNS (SECURITY.md)`,
      );
      return undefined;
    }
  }

  compare(found: readonly CloudflareObject[], exported: string): Healing {
    const healing = compareEdge({ ...this.#place, found, held: heldOf(exported, this.#place), wanted: this.#wanted });
    const { twins, spare, left, gone, drifted } = healing;
    this.#unsettled = [twins, spare, left, gone, drifted].some(({ length }) => length > 0);
    return healing;
  }

  suspicious(found: readonly CloudflareObject[]): boolean {
    // With nothing held, a second one of anything wanted is spare, and what nobody wants is left.
    const { spare, left } = compareEdge({ ...this.#place, found, held: [], wanted: this.#wanted });
    return spare.length > 0 || left.length > 0;
  }

  async tidy(found: readonly CloudflareObject[], exported: string): Promise<void> {
    const { twins, left } = this.compare(found, exported);
    const kept: CloudflareObject[] = [];
    for (const twin of twins) {
      // What one that stays uses is in use.
      if (kept.some(({ document }) => document.includes(twin.id)) || !(await this.#remove(twin))) kept.push(twin);
    }
    for (const { object, why } of left)
      this.#context.say(`left at Cloudflare: ${describe(object)}: ${why} (docs/runbooks/two-of-a-kind.md)`);
  }

  async isGone(object: Pick<CloudflareObject, "kind" | "id">): Promise<boolean> {
    try {
      return (await readObject(this.#send, this.#place, object, this.#call)) === undefined;
    } catch (error) {
      this.fail(`whether the ${kindWords[object.kind]} ${object.id} is deleted could not be asked: ${messageOf(error)}`);
      return false;
    }
  }

  /** Whether it is gone now. */
  async #remove(twin: CloudflareObject): Promise<boolean> {
    const told = describe(twin);
    try {
      const now = await readObject(this.#send, this.#place, twin, this.#call);
      const same = now?.name === twin.name && now.comment === twin.comment && now.domain === twin.domain;
      if (now && (!same || now.running || now.appCount > 0)) {
        this.#context.say(`left at Cloudflare: ${told}: it is there twice, but changes or is in use just now`);
        return false;
      }
      if (now) await deleteObject(this.#send, this.#place, twin, this.#call);
      this.#context.say(`a lost answer had made it twice at Cloudflare: deleted ${told}`);
      return true;
    } catch (error) {
      this.fail(`${told} is there twice, and could not be deleted: ${messageOf(error)}`);
      return false;
    }
  }
}

const kindWords: Record<CloudflareObject["kind"], string> = {
  dnsRecord: "record",
  group: "Access group",
  application: "Access application",
  policy: "Access policy",
  identityProvider: "identity provider",
  tunnel: "tunnel",
};

function describe({ kind, name, comment, id }: Pick<CloudflareObject, "kind" | "name" | "comment" | "id">): string {
  return `${kindWords[kind]} "${name}"${comment ? ` of ${comment}` : ""} (${id})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
