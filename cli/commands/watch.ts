import { buildCommand, buildRouteMap } from "@stricli/core";
import type { Context } from "../context.ts";
import { json, number, toggle } from "../flags.ts";
import { stacks } from "../proposals.ts";

export interface RunsFlags {
  readonly stack: string;
  readonly maxAge?: number;
  readonly json?: boolean;
}

export interface PingFlags {
  readonly failed?: boolean;
  readonly json?: boolean;
}

export interface RailwayFlags {
  readonly pin?: boolean;
  readonly json?: boolean;
}

export interface DriftFlags {
  readonly stack: string;
  readonly json?: boolean;
}

const stackFlag = {
  kind: "parsed",
  parse: String,
  brief: "its name: sandbox, test, prod",
  placeholder: "name",
  proposeCompletions: stacks,
} as const;

const runs = buildCommand<RunsFlags, [], Context>({
  loader: async () => (await import("../watch.ts")).runs,
  parameters: {
    flags: {
      stack: stackFlag,
      maxAge: number("hours since the newest finished billing run that are still fine; default 12"),
      json,
    },
  },
  docs: {
    brief: "Is a billing run or deploy missing, or did one fail? Exit code 1 when it needs a person",
    fullDescription: [
      "Looks into the ledger for the newest finished `billing run`, and at the engine's history for the last `up`. Changes nothing.",
      "",
      "Example:",
      "  fleet watch --stack prod",
    ].join("\n"),
  },
});

const ping = buildCommand<PingFlags, [], Context>({
  loader: async () => (await import("../watch.ts")).ping,
  parameters: { flags: { failed: toggle("tell of a failure instead"), json } },
  docs: {
    brief: "Tell the service behind FLEET_HEARTBEAT_URL that billing is alive",
    fullDescription: [
      "The service writes to a person when this does not come for as long as it was told to wait: so a schedule that no longer runs is noticed from outside.",
      "",
      "Example:",
      "  fleet billing run --stack prod --live && fleet watch ping",
    ].join("\n"),
  },
});

const railway = buildCommand<RailwayFlags, [], Context>({
  loader: async () => (await import("../watch/railway.ts")).railway,
  parameters: { flags: { pin: toggle("take what Railway answers as what to compare with from now on"), json } },
  docs: {
    brief: "Did Railway change what we use of its API? Exit code 3 when it did",
    fullDescription: [
      "Asks Railway (RAILWAY_API_URL) for its schema, which needs no token, and compares it with vendors/railway/pinned.graphql, as far as our operations touch it:",
      "  breaking    calls of ours fail, or their answers are refused",
      "  risky       they go through, and something else may happen or be answered",
      "  deprecated  works as before and will go",
      "  harmless    more is possible, and nothing else: exit code 0",
      "",
      "Example:",
      "  fleet watch railway",
    ].join("\n"),
  },
});

const drift = buildCommand<DriftFlags, [], Context>({
  loader: async () => (await import("../watch/drift.ts")).drift,
  parameters: { flags: { stack: stackFlag, json } },
  docs: {
    brief: "Did somebody change or delete an object by hand? Exit code 3 when so",
    fullDescription: [
      "Asks the vendors for every object of the stack's state, and names what they have otherwise, field by field: the state's value, then the vendor's. Secrets are [secret]. Changes nothing, neither there nor in the state, and needs no tenant's file.",
      "Exit code 1 where not everything could be looked at.",
      "",
      "Example:",
      "  fleet watch drift --stack prod",
    ].join("\n"),
  },
});

export const watchRoutes = buildRouteMap({
  routes: { runs, ping, drift, railway },
  defaultCommand: "runs",
  docs: { brief: "Notice missing and failed runs, changes by hand, and those of Railway's API" },
});
