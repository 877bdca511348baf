/** `fleet demo`: the main job against the sandbox. It only drives: the hours come from played traffic through the collectors, the money from billing. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { z } from "zod";
import { BillingReport } from "../billing/report/report.ts";
import { assert, exitCode, OperatorError } from "../domain/error.ts";
import { type FleetOutput, parseFleetOutput } from "../infra/outputs.ts";
import type { Emulator } from "../sandbox/emulator.ts";
import { sandboxClock } from "../vendors/http/clock.ts";
import { railwayClient } from "../vendors/railway/client.ts";
import type { DemoFlags } from "./commands/demo.ts";
import type { Context } from "./context.ts";
import { closedMonth, DemoReport, summary, tenantLine, type VendorCalls, whatToTry } from "./demo/report.ts";
import { type StackEnvironment, sandboxStack, stackEnvironment } from "./environment.ts";
import { askSandbox, findSandbox, launchSandbox, type RunningSandbox, stopSandbox } from "./sandbox.ts";
import { operate } from "./stack.ts";
import { readStackFiles, slugsOf } from "./stack-files.ts";

const begin = "2026-11-30T00:00:00Z";

/** A day and a half of use. What bills an hour and what does not is to be seen in acme's; test/demo.system.test.ts counts the hours by hand. */
const uses: readonly { tenant: string; from: string; minutes: number; sprint?: boolean; everyMinutes?: number }[] = [
  { tenant: "acme", from: "2026-11-30T02:10:00Z", minutes: 1 },
  { tenant: "acme", from: "2026-11-30T09:00:00Z", minutes: 150, sprint: true },
  // The instance stays awake past 15:00; nobody is there any more.
  { tenant: "acme", from: "2026-11-30T14:50:00Z", minutes: 8 },
  { tenant: "acme", from: "2026-11-30T23:50:00Z", minutes: 8 },
  { tenant: "acme", from: "2026-12-01T08:00:00Z", minutes: 90, sprint: true },
  { tenant: "birch", from: "2026-11-30T08:05:00Z", minutes: 40 },
  { tenant: "birch", from: "2026-11-30T12:30:00Z", minutes: 60, everyMinutes: 2 },
  { tenant: "birch", from: "2026-12-01T03:15:00Z", minutes: 30 },
  { tenant: "cedar", from: "2026-11-30T10:00:00Z", minutes: 45 },
];
const redeployAt = "2026-11-30T18:20:00Z";

export async function demo(this: Context, flags: DemoFlags): Promise<void> {
  const started = performance.now();
  const { FLEET_SANDBOX_DIR } = this.process.env;
  const parent = FLEET_SANDBOX_DIR ? resolve(FLEET_SANDBOX_DIR) : join(this.root, ".fleet");
  mkdirSync(parent, { recursive: true });
  await sweepAbandoned(parent);
  const folder = mkdtempSync(join(parent, "demo-"));
  writeFileSync(join(folder, ownerFile), String(process.pid));
  const context: Context = { ...this, process: { ...this.process, env: { ...this.process.env, FLEET_SANDBOX_DIR: folder } } };
  const abort = new AbortController();
  const interrupt = () => abort.abort(new OperatorError("stopped; the demo's sandbox is gone", exitCode.failed));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt).once("SIGHUP", interrupt);
  let sandbox: RunningSandbox | undefined;
  let kept = false;
  this.progress.begin("demo", "starting the emulated vendors");
  try {
    sandbox = await launchSandbox(folder, { clock: { start: begin, realTime: false }, seed: 1 });
    const play = await Play.begin(context, sandbox, abort.signal, started);
    const report = await play.run(flags);
    this.print(flags.json ? JSON.stringify(report) : summary(report, play.why));
    kept = flags.keep === true;
    if (kept) {
      rmSync(join(folder, ownerFile));
      this.say(whatToTry(relative(this.root, folder)));
    }
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt).off("SIGHUP", interrupt);
    if (!kept) {
      if (sandbox) await stopSandbox(sandbox);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** Holds the demo's process id; not in a sandbox that was meant to stay. */
const ownerFile = "owner";

/** Ends the sandboxes of demos that were killed before they could do it. */
async function sweepAbandoned(parent: string): Promise<void> {
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith("demo-"))) {
    const folder = join(parent, name);
    try {
      process.kill(Number(readFileSync(join(folder, ownerFile), "utf8")), 0);
      continue;
    } catch (error) {
      // No owner's file: kept on purpose, or another demo that has just made its folder. Another user's process: not ours to end.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") continue;
    }
    const sandbox = await findSandbox(folder);
    if (sandbox) await stopSandbox(sandbox);
    rmSync(folder, { recursive: true, force: true });
  }
}

class Play {
  why = "";
  readonly #context: Context;
  readonly #sandbox: RunningSandbox;
  readonly #stack: StackEnvironment;
  readonly #signal: AbortSignal;
  readonly #started: number;

  private constructor(context: Context, sandbox: RunningSandbox, stack: StackEnvironment, signal: AbortSignal, started: number) {
    this.#context = context;
    this.#sandbox = sandbox;
    this.#stack = stack;
    this.#signal = signal;
    this.#started = started;
  }

  static async begin(context: Context, sandbox: RunningSandbox, signal: AbortSignal, started: number): Promise<Play> {
    return new Play(context, sandbox, await stackEnvironment(context, sandboxStack), signal, started);
  }

  async run(flags: DemoFlags): Promise<DemoReport> {
    this.#step("bringing the sample fleet up with the real Pulumi engine");
    await this.#pulumi(["up", "--yes", "--skip-preview"]);
    this.#step("looking again: nothing may be left to change");
    const secondPreviewChanges = (await this.#pulumi(["preview"])).count;
    const outputs = await this.#outputs();

    this.#step("the tenants give a card, billing subscribes them");
    await this.#billing("setup");
    for (const { slug, exempt } of Object.values(outputs.tenants)) {
      if (exempt !== null) continue;
      const link = z.object({ session: z.string() }).parse(await this.#billing("link", slug));
      await askSandbox(this.#sandbox.urls.clock, "complete-setup", { session: link.session });
    }
    await this.#run();

    this.#step("playing a day and a half of use across the end of the month");
    for (const use of uses) await askSandbox(this.#sandbox.urls.edge, "use", use);
    await this.#until("2026-11-30T12:20:00Z");
    await this.#run();
    await this.#until(redeployAt);
    await this.#redeploy(outputs);
    this.#step("the month ends; billing closes it");
    await this.#until("2026-12-01T00:20:00Z");
    const closing = await this.#run();
    await this.#until("2026-12-01T12:05:00Z");
    const last = await this.#run();
    this.#step("running billing again: nothing may be posted");
    const secondRunPosts = (await this.#run()).posts;
    this.why = await this.#text("why", "acme", "2026-11-30T15Z");

    const finalized = [...closing.invoicesFinalized, ...last.invoicesFinalized];
    const report = {
      schemaVersion: 1,
      tenants: last.tenants.map((tenant) => {
        const url = outputs.tenants[tenant.uid]?.url;
        const invoice = finalized.find(({ uid, month }) => uid === tenant.uid && month === closedMonth);
        return tenantLine(tenant, url, invoice);
      }),
      secondPreviewChanges,
      secondRunPosts,
      vendorCalls: await this.#calls(),
      seconds: Math.round((performance.now() - this.#started) / 100) / 10,
    };
    const problems = last.tenants.flatMap(({ slug, problems: own }) => own.map((problem) => `${slug}: ${problem}`));
    if (problems.length > 0 && !flags.json) this.#context.say(problems.join("\n"));
    return DemoReport.parse(report);
  }

  #step(text: string): void {
    this.#signal.throwIfAborted();
    this.#context.progress.step(text);
  }

  async #until(time: string): Promise<void> {
    this.#signal.throwIfAborted();
    await askSandbox(this.#sandbox.urls.clock, "clock", { set: time });
  }

  async #pulumi(args: readonly string[]) {
    const { code, changes, stderr } = await operate(
      this.#context,
      this.#stack,
      args,
      slugsOf(readStackFiles(this.#context.root, sandboxStack)),
    );
    this.#signal.throwIfAborted();
    if (code !== 0) throw new OperatorError(`pulumi ${args[0]} failed:\n${changes.errors.join("\n") || stderr}`, exitCode.failed);
    return changes;
  }

  async #outputs(): Promise<FleetOutput> {
    const text = await this.#spawn(this.#stack.engine.pulumi, ["stack", "output", "fleet", "--json", "--stack", sandboxStack]);
    return parseFleetOutput(JSON.parse(text));
  }

  async #run(): Promise<BillingReport> {
    return BillingReport.parse(await this.#billing("run"));
  }

  async #billing(...words: string[]): Promise<unknown> {
    return JSON.parse(await this.#text(...words, "--json"));
  }

  #text(...words: string[]): Promise<string> {
    const main = join(this.#context.root, "billing", "main.ts");
    return this.#spawn(process.execPath, [main, ...words, "--stack", sandboxStack]);
  }

  /** A process of its own, as a schedule would start it; its messages go on to the user. */
  #spawn(command: string, args: readonly string[]): Promise<string> {
    this.#signal.throwIfAborted();
    const child = spawn(command, args, {
      cwd: this.#context.root,
      env: this.#stack.env,
      signal: this.#signal,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stderr.on("data", (chunk: Buffer) => this.#context.progress.around(() => process.stderr.write(chunk)));
    return new Promise((resolve, reject) => {
      let text = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      child.once("error", (error) => reject(this.#signal.aborted ? this.#signal.reason : error));
      child.once("close", (code) => {
        if (code === 0) resolve(text);
        else
          reject(
            new OperatorError(
              `${relative(this.#context.root, args[0] ?? command)} ${args[1] ?? ""} ended with code ${code}`,
              exitCode.failed,
            ),
          );
      });
    });
  }

  /** As an operator does from Railway's dashboard: our deployment wakes the instance, and must not bill an hour. */
  async #redeploy(outputs: FleetOutput): Promise<void> {
    const acme = Object.values(outputs.tenants).find(({ slug }) => slug === "acme");
    assert(acme, "the sample fleet has acme");
    const { env, urls } = this.#sandbox;
    const clock = sandboxClock(urls.clock);
    const railway = railwayClient({ token: env.RAILWAY_API_TOKEN ?? "", apiUrl: env.RAILWAY_API_URL ?? "", clock });
    await railway.deploy({ serviceId: acme.railway.appServiceId, environmentId: acme.railway.environmentId });
  }

  async #calls(): Promise<z.infer<typeof VendorCalls>> {
    const of = async (vendor: Emulator["vendor"]) =>
      z.array(z.unknown()).parse(await askSandbox(this.#sandbox.urls[vendor], "calls")).length;
    return {
      railway: await of("railway"),
      cloudflare: await of("cloudflare"),
      stripe: await of("stripe"),
      openrouter: await of("openrouter"),
    };
  }
}
