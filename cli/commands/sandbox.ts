import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, number, text, toggle } from "../flags.ts";
import { among, slugs } from "../proposals.ts";

/** The emulated ones. */
export const vendors = ["railway", "cloudflare", "stripe", "openrouter"] as const;

export interface StartFlags {
  readonly start?: string;
  readonly realTime?: boolean;
  readonly port?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

export interface UseFlags {
  readonly from?: string;
  readonly hours?: number;
  readonly minutes?: number;
  readonly everyMinutes?: number;
  readonly sprint?: boolean;
  readonly path?: string;
  readonly json?: boolean;
}

const start = buildCommand<StartFlags, [], Context>({
  loader: async () => (await import("../sandbox.ts")).start,
  parameters: {
    flags: {
      start: text("where a fresh sandbox's clock stands; default 2026-11-01T00:00:00Z", "ISO"),
      realTime: toggle("time passes as on the wall instead of standing still"),
      port: number("the first of six ports on 127.0.0.1; default: free ones"),
      seed: number("brings back the same ids and chances"),
      json,
    },
  },
  docs: {
    brief: "Start the emulated vendors in the background",
    fullDescription: 'Then: eval "$(./fleet env sandbox)"\n\nExample:\n  fleet sandbox start --start 2026-11-30T00:00:00Z',
  },
});

const stop = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("../sandbox.ts")).stop,
  parameters: { flags: { json } },
  docs: { brief: "Stop the sandbox; its state stays under .fleet/", fullDescription: "Example:\n  fleet sandbox stop" },
});

const status = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("../sandbox.ts")).status,
  parameters: { flags: { json } },
  docs: {
    brief: "Is it running, where, what time is it there, what does it hold",
    fullDescription: "Example:\n  fleet sandbox status",
  },
});

const use = buildCommand<UseFlags, [string], Context>({
  loader: async () => (await import("../sandbox.ts")).use,
  parameters: {
    flags: {
      from: text("when use begins, ISO; in the future it waits for the clock; default: now", "ISO"),
      hours: number("how long"),
      minutes: number("how long"),
      everyMinutes: number("a request each so many minutes; default 1"),
      sprint: toggle("a sprint runs meanwhile: model calls each minute"),
      path: text("path of the requests; default /", "/path"),
      json,
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "slug or hostname", parse: String, placeholder: "tenant", proposeCompletions: slugs }],
    },
  },
  docs: {
    brief: "Play a person's use of a tenant",
    fullDescription: "Example:\n  fleet sandbox use acme --from 2026-11-30T10:00:00Z --hours 3 --sprint",
  },
});

const clock = buildCommand<{ set?: string; advanceSeconds?: number; json?: boolean }, [], Context>({
  loader: async () => (await import("../sandbox.ts")).clock,
  parameters: { flags: { set: text("move to this time", "ISO"), advanceSeconds: number("move on by so many seconds"), json } },
  docs: {
    brief: "Read or move the sandbox's clock",
    fullDescription: "Examples:\n  fleet sandbox clock\n  fleet sandbox clock --advance-seconds 3600",
  },
});

const fault = buildCommand<
  { nth?: number; probability?: number; clear?: boolean; json?: boolean },
  [string, string?, string?],
  Context
>({
  loader: async () => (await import("../sandbox.ts")).fault,
  parameters: {
    flags: {
      nth: number("at the nth such call from now; default 1"),
      probability: number("at each such call with this chance (0 to 1)"),
      clear: toggle("take back all faults of this vendor"),
      json,
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "railway, cloudflare, stripe or openrouter",
          parse: String,
          placeholder: "vendor",
          proposeCompletions: among(vendors),
        },
        { brief: "the operation as the recorded calls name it, or *", parse: String, placeholder: "operation", optional: true },
        {
          brief:
            "status:<code>, afterWork:<code>, delay:<ms>, dropAnswer, hold, holdAnswer, graphqlError:<message> or echo (refuses, and repeats what it was sent)",
          parse: String,
          placeholder: "effect",
          optional: true,
          proposeCompletions: among(["dropAnswer", "echo", "status:500", "afterWork:504", "delay:1000"]),
        },
      ],
    },
  },
  docs: { brief: "Order a vendor's fault", fullDescription: "Example:\n  fleet sandbox fault railway projectCreate dropAnswer" },
});

const reset = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("../sandbox.ts")).reset,
  parameters: { flags: { json } },
  docs: {
    brief: "Empty all vendors (and the sandbox's Pulumi state with them)",
    fullDescription: "Example:\n  fleet sandbox reset",
  },
});

export const sandboxRoutes = buildRouteMap({
  routes: { start, stop, status, use, clock, fault, reset },
  docs: { brief: "The vendors, offline: emulators on loopback with one clock" },
});
