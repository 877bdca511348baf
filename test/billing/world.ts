/** A small world for billing: the Stripe emulator behind real HTTP, a real ledger, and vendors that answer from a hand-written day. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeploymentRecord, LoginRecord, ModelUse, Vendors } from "../../billing/collect/ports.ts";
import { type Context, problemList } from "../../billing/context.ts";
import { acquireLease } from "../../billing/ledger/lease.ts";
import { type Ledger, openLedger } from "../../billing/ledger/open.ts";
import type { BillingReport } from "../../billing/report/report.ts";
import { loadRule } from "../../billing/rules/rule.ts";
import { runBilling, type Stage, stages } from "../../billing/run.ts";
import type { Clock } from "../../domain/clock.ts";
import { hourMs, minuteMs } from "../../domain/hour.ts";
import { add, usd } from "../../domain/money.ts";
import type { FleetOutput, TenantOutput } from "../../infra/outputs.ts";
import { startTestServer, type TestServer } from "../../sandbox/stripe/test-server.ts";
import { loadPlans } from "../../tenants/load.ts";
import { createStripeClient } from "../../vendors/stripe/client.ts";

/** What happened to one tenant; times are ISO. */
export interface Day {
  /** Spans in which the app's memory is measured at 0.4 GB, a sample a minute. */
  readonly awake: [from: string, to: string][];
  readonly logins: string[];
  readonly model: string[];
  readonly deployments: DeploymentRecord[];
  /** Spans in which neither the app nor the tunnel runs: nothing is measured. */
  readonly stopped?: [from: string, to: string][];
}

export interface BillingWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly ledger: Ledger;
  readonly outputs: FleetOutput;
  readonly days: Map<string, Day>;
  /** Vendors that fail from now on. */
  readonly down: Set<"railway" | "access" | "model">;
  context(): Promise<Context & { release(): Promise<void> }>;
  run(only?: readonly Stage[]): Promise<{ report: BillingReport; problems: number }>;
}

const at = (iso: string) => Date.parse(iso);

export function tenantOutput(slug: string, exempt: string | null = null): TenantOutput {
  return {
    slug,
    name: slug,
    state: "active",
    plan: "standard-2026-01",
    url: `https://${slug}.example.test`,
    customer: null,
    exempt,
    adopt: null,
    railway: {
      projectId: `p-${slug}`,
      environmentId: `e-${slug}`,
      appServiceId: `app-${slug}`,
      tunnelServiceId: `tun-${slug}`,
      volumeId: `v-${slug}`,
    },
    cloudflare: { accountId: "acc", accessApplicationId: `access-${slug}`, audience: "aud", tunnelId: `t-${slug}` },
    openrouter: { keyHash: `k-${slug}` },
  };
}

/** One that came up at `up`. */
export function deployment(createdAt: string, up: string): DeploymentRecord {
  return { id: createdAt, status: "SUCCESS", createdAt, updatedAt: up, statusUpdatedAt: up, deploymentStopped: false };
}

export async function billingWorld(
  start: string,
  tenants: Record<string, TenantOutput>,
  settings: Record<string, unknown> = {},
): Promise<BillingWorld> {
  const server = await startTestServer(start, settings);
  const dir = await mkdtemp(join(tmpdir(), "fleet-billing-"));
  const ledger = await openLedger({ dir, stack: "test", say: () => undefined });
  const days = new Map<string, Day>();
  const down: BillingWorld["down"] = new Set();
  const outputs: FleetOutput = { schemaVersion: 1, stack: "test", zone: "example.test", tenants };
  // Only a request's deadline has a signal: it must not pass while the answer is on its way.
  const clock: Clock = {
    now: async () => server.now() * 1000,
    sleep: async (ms, signal) => {
      if (signal) await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      server.wait(ms / 1000);
    },
  };
  let runs = 0;
  const world: BillingWorld = {
    server,
    ledger,
    outputs,
    days,
    down,
    async context() {
      const run = `r${++runs}`;
      const lease = await acquireLease(ledger, { holder: run, say: () => undefined });
      const stripe = createStripeClient({ secretKey: "sk_test_sandbox", apiBase: server.url, clock, live: false });
      return {
        clock,
        ledger,
        lease,
        stack: "test",
        outputs,
        plans: loadPlans(join(import.meta.dirname, "..", "..", "tenants")),
        rule: loadRule(),
        comparedRule: loadRule("seed-literal"),
        vendors: () => vendorsOf(world, clock),
        stripe: () => stripe,
        run,
        say: () => undefined,
        problems: problemList(() => undefined, String),
        release: () => lease.release(),
      };
    },
    async run(only = stages) {
      const context = await world.context();
      try {
        const report = await runBilling(context, new Set(only));
        return { report, problems: context.problems.count };
      } finally {
        await context.release();
      }
    },
    async [Symbol.asyncDispose]() {
      await ledger.close();
      await server[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return world;
}

function vendorsOf(world: BillingWorld, clock: Clock): Vendors {
  const up = (vendor: "railway" | "access" | "model") => {
    if (world.down.has(vendor)) throw new Error(`${vendor} is down`);
  };
  const dayOfService = (serviceId: string) => world.days.get(serviceId.replace(/^(app|tun)-/, ""));
  return {
    railway: {
      async metrics({ serviceId, fromMs, toMs }) {
        up("railway");
        const until = Math.min(toMs, await clock.now());
        const spans = serviceId.startsWith("tun-")
          ? [[fromMs, until]]
          : (dayOfService(serviceId)?.awake ?? []).map(([from, to]) => [at(from), at(to)]);
        const stopped = (dayOfService(serviceId)?.stopped ?? []).map(([from, to]) => [at(from), at(to)]);
        const runs = (time: number) => !stopped.some(([from = 0, to = 0]) => time >= from && time < to);
        const samples: [number, number][] = [];
        for (const [from = 0, to = 0] of spans)
          for (let time = from; time < to; time += minuteMs)
            if (time >= fromMs && time < until && runs(time)) samples.push([time / 1000, 0.4]);
        return [{ samples }];
      },
      async deployments({ serviceId }) {
        up("railway");
        const now = await clock.now();
        return (dayOfService(serviceId)?.deployments ?? []).filter((one) => at(one.createdAt) <= now);
      },
    },
    access: {
      async accessRequests({ sinceMs, untilMs }) {
        up("access");
        const rows = [...world.days].flatMap(([slug, day]) =>
          day.logins.map(
            (login): LoginRecord => ({
              atMs: at(login),
              applicationId: `access-${slug}`,
              allowed: true,
              action: "login",
              email: "ada@acme.example",
            }),
          ),
        );
        return rows.filter((row) => row.atMs >= sinceMs && row.atMs <= untilMs);
      },
    },
    model: {
      async analytics({ fromMs, toMs, granularity }) {
        up("model");
        const rows = Object.entries(world.outputs.tenants).flatMap(([uid, { slug }]) =>
          (world.days.get(slug)?.model ?? []).map(
            (minute): ModelUse => ({ atMs: at(minute), keyName: `fleet:test:${uid}`, requestCount: 3, usage: usd("0.0123") }),
          ),
        );
        const now = await clock.now();
        const known = rows.filter((row) => row.atMs >= fromMs && row.atMs < Math.min(toMs, now));
        return {
          rows: granularity === "minute" ? known : byHour(known),
          complete: true,
          cachedAtMs: null,
        };
      },
    },
  };
}

function byHour(rows: readonly ModelUse[]): ModelUse[] {
  const groups = Map.groupBy(rows, (row) => `${row.keyName} ${Math.floor(row.atMs / hourMs)}`);
  return [...groups.values()].flatMap(([first, ...rest]) =>
    first === undefined
      ? []
      : {
          ...first,
          atMs: Math.floor(first.atMs / hourMs) * hourMs,
          requestCount: [first, ...rest].reduce((sum, row) => sum + row.requestCount, 0),
          usage: add(first.usage, ...rest.map((row) => row.usage)),
        },
  );
}
