/** `fleet watch railway`: did Railway change what we use of its API? */
import { exitCode, OperatorError } from "../../domain/error.ts";
import { clockFromEnvironment } from "../../vendors/http/clock.ts";
import { schemaChanges, severities } from "../../vendors/railway/drift.ts";
import { defaultApiUrl } from "../../vendors/railway/graphql.ts";
import { liveSchema } from "../../vendors/railway/introspection.ts";
import { operations } from "../../vendors/railway/operations.ts";
import { refusals } from "../../vendors/railway/pin.ts";
import { readPin, writePin } from "../../vendors/railway/pinned.ts";
import type { RailwayFlags } from "../commands/watch.ts";
import type { Context } from "../context.ts";
import type { SchemaReport } from "./report.ts";

export async function railway(this: Context, flags: RailwayFlags): Promise<void> {
  const { env } = this.process;
  const address = env.RAILWAY_API_URL?.trim() || defaultApiUrl;
  if (!URL.canParse(address)) throw new OperatorError(`RAILWAY_API_URL is no address: ${address}`);
  const live = await liveSchema({ apiUrl: address, clock: clockFromEnvironment(env), log: this.say });
  const changes = schemaChanges(await readPin(), live, operations);
  const refused = operations.flatMap((operation) => refusals(live, operation));
  if (flags.pin && refused.length > 0) {
    const message = "Railway would refuse these operations; change them first (vendors/railway), then pin its schema:";
    throw new OperatorError([message, ...refused].join("\n"), exitCode.failed);
  }
  if (flags.pin) await writePin(live);
  const ok = changes.every(({ severity }) => severity === "harmless");
  const report: SchemaReport = {
    schemaVersion: 1,
    address,
    ok,
    operations: operations.length,
    changes: changes.map((change) => ({ ...change, operations: [...change.operations] })),
    pinned: flags.pin === true,
  };
  this.print(flags.json ? JSON.stringify(report) : textOf(report));
  if (flags.pin) this.say("pinned: commit vendors/railway/pinned.graphql");
  else if (!ok) this.say("what to do: docs/runbooks/railway-api-changed.md");
  this.process.exitCode = ok || flags.pin ? exitCode.done : exitCode.pending;
}

function textOf({ address, changes, operations: count }: SchemaReport): string {
  const width = Math.max(...severities.map(({ length }) => length));
  const lines = changes.map(
    ({ severity, what, operations: names }) => `${severity.padEnd(width)}  ${what} (${names.join(", ")})`,
  );
  const counts = severities
    .map((severity) => [changes.filter((change) => change.severity === severity).length, severity] as const)
    .filter(([found]) => found > 0)
    .map(([found, severity]) => `${found} ${severity}`);
  return [...lines, `${address}, as far as our ${count} operations use it: ${counts.join(", ") || "unchanged"}`].join("\n");
}
