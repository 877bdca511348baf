/** Program: probes the official site, then runs the Automation API's installer. Argument: one JSON object (below). Prints `reachable` once the
 *  probe was answered; exits 0 when `root`/bin is filled, 75 when the site cannot be reached, 1 when the installer fails. */
import { createRequire } from "node:module";
import { z } from "zod";
import { unreachableCode } from "./download.ts";

const Order = z.object({ root: z.string(), version: z.string(), probeUrl: z.string(), probeMs: z.number() });

const order = Order.parse(JSON.parse(process.argv[2] ?? "{}"));
const reached = await probe(order.probeUrl, order.probeMs);
if (reached !== undefined) {
  process.stderr.write(`${reached}\n`);
  process.exit(unreachableCode);
}
process.stdout.write("reachable\n");
const { PulumiCommand } = await import("@pulumi/pulumi/automation/index.js");
// The installer's own copy of semver: it is not a dependency of ours, and another copy's objects are not its own.
const semver: typeof import("semver") = createRequire(import.meta.resolve("@pulumi/pulumi/automation/index.js"))("semver");
await PulumiCommand.install({ root: order.root, version: new semver.SemVer(order.version), skipVersionCheck: false });

async function probe(url: string, milliseconds: number): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(milliseconds) });
    return answer.ok ? undefined : `it answered HTTP ${answer.status}`;
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${milliseconds / 1000} s`;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    if (cause instanceof Error) return "code" in cause ? String(cause.code) : cause.message;
    return String(cause);
  }
}
