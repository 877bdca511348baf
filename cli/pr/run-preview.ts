/** Makes a stack's preview on the real engine, where everything for it is at hand. */
import { stripVTControlCharacters } from "node:util";
import { OperatorError, redact } from "../../domain/error.ts";
import { type EngineEvent, pulumiEvents } from "../../engine/events.ts";
import type { Context } from "../context.ts";
import { sandboxStack, stackEnvironment } from "../environment.ts";
import { policyArguments, violationsOf } from "../policies.ts";
import { findSandbox, sandboxFolder } from "../sandbox.ts";
import { type PolicyResult, type Preview, readPreview } from "./preview.ts";

/** Every stack but the sandbox reads these from the environment. */
const needed = ["RAILWAY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "OPENROUTER_MANAGEMENT_KEY"];

/** Why a preview cannot be made here; undefined where it can. */
export async function whyNoPreview({ root, process }: Context, stack: string): Promise<string | undefined> {
  if (stack === sandboxStack)
    return (await findSandbox(sandboxFolder(root, process.env))) ? undefined : "no sandbox is running (fleet sandbox start)";
  const missing = needed.filter((name) => !process.env[name]?.trim());
  return missing.length === 0 ? undefined : `no preview without the secrets ${missing.join(", ")}`;
}

/** Runs `pulumi preview`; a preview that fails is a preview with errors. `leaving` are the slugs of the files that this branch removes: what would go with them
 *  is shown, where the program's own guard would end the preview (nothing is deleted here, and our guards refuse it all the same). */
export async function runPreview(
  context: Context,
  stack: string,
  leaving: readonly string[],
  signal: AbortSignal,
): Promise<Preview> {
  try {
    const { engine, env } = await stackEnvironment(context, stack);
    const args = ["preview", "--json", "--stack", stack, ...policyArguments];
    const allowed = [env.FLEET_ALLOW_DELETE ?? "", ...leaving].join(" ");
    const options = { cwd: context.root, env: { ...env, FLEET_ALLOW_DELETE: allowed }, signal };
    const { events, result } = await pulumiEvents(engine, args, options);
    const ruled: PolicyEvent[] = [];
    const said: string[] = [];
    for await (const event of events) take(event, ruled, said);
    const { code, stdout, stderr } = await result;
    const preview = stdout.trim().startsWith("{") ? readPreview(stdout, "the engine's preview", stack) : none;
    const policies = violationsOf(ruled).map(({ uid, policy, level, message, resources }) => ({
      ...{ uid, policy, level },
      message: `${resources.map((name) => name.replace(`${uid}-`, "")).join(", ")}: ${message}`,
    }));
    const errors = causes([...preview.errors, ...said]);
    const explained = errors.length > 0 || policies.some(({ level }) => level === "mandatory");
    // Anything but code 0 must not look like a whole preview.
    if (code !== 0 && !explained) errors.push(redact(stderr.trim()) || `pulumi preview ended with code ${code}`);
    // A program that failed is judged as far as it got: that nothing was found then says nothing.
    if (errors.length > 0 && policies.length === 0) return { ...preview, errors, policies: null };
    return { ...preview, errors, policies: policies.sort((left, right) => (order(left) < order(right) ? -1 : 1)) };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { ...none, errors: [error.message] };
  }
}

/** Each complaint once (diagnostics and events tell the same), without the engine's last word, which says only that it failed. */
function causes(said: readonly string[]): string[] {
  const texts = said.map((text) =>
    stripVTControlCharacters(text)
      .trim()
      .replace(/^error: /, ""),
  );
  return [...new Set(texts)].filter((text) => !/^preview failed\.?$/i.test(text));
}

function order({ uid, policy, message }: PolicyResult): string {
  return `${uid ?? ""} ${policy} ${message}`;
}

const none: Preview = { resources: [], errors: [], policies: null };

type PolicyEvent = Extract<EngineEvent, { kind: "policy" }>;

function take(event: EngineEvent, ruled: PolicyEvent[], said: string[]): void {
  if (event.kind === "diagnostic" && event.severity === "error") said.push(event.message);
  if (event.kind === "policy") ruled.push(event);
}
