/** A stack on the real engine in a clone of its own, protected as a production one is: its files are edited, `fleet up` is run, and what lies on its volumes
 *  is read from the emulated Railway. Deleting a service deletes its volume here, as the Terraform provider's users have met it. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { root } from "../../cli/context.ts";
import { askSandbox, launchSandbox, type RunningSandbox, stopSandbox } from "../../cli/sandbox.ts";
import { stateFile } from "../../cli/state-file.ts";
import { copyCheckout, neutralEnvironment } from "../checkout.ts";
import { type Files, textOf } from "./edits-files.ts";

/** The code of a command that a signal ended. */
export const killed = -1;

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** For a failure's message. */
export function told({ code, out, err }: Answer): string {
  return `exit code ${code}\n${out}${err}`;
}

const Volume = z.object({
  volumeId: z.string(),
  serviceId: z.string().nullable(),
  sizeMB: z.number(),
  isPendingDeletion: z.boolean(),
  files: z.record(z.string(), z.string()).default({}),
});
/** A volume as Railway has it. */
export type Volume = z.infer<typeof Volume>;

const named = { id: z.string(), name: z.string(), deletedAt: z.string().nullable() };
const State = z.object({
  projects: z.array(z.object(named)),
  services: z.array(z.object({ ...named, projectId: z.string() })),
  serviceInstances: z.array(z.object({ serviceId: z.string(), environmentId: z.string() })),
  volumes: z.array(z.object({ id: z.string(), projectId: z.string() })),
  volumeInstances: z.array(Volume),
  backups: z.array(z.object({ name: z.string(), expiresAt: z.string().nullable() })),
  deployments: z.array(z.object({ status: z.string(), deploymentStopped: z.boolean(), serviceId: z.string() })),
});
export type RailwayState = z.infer<typeof State>;

const RecordedCall = z.object({ at: z.string(), operation: z.string(), status: z.number().nullable() });
/** One request as the sandbox saw it; `at` in its own time. */
export type RecordedCall = z.infer<typeof RecordedCall>;

/** The emulated Railway's own `state`. */
export function readRailway(state: unknown): RailwayState {
  return State.parse(state);
}

export type VendorName = "railway" | "cloudflare" | "openrouter";

/** What a tenant has at Railway; a deleted project in its time of grace is none. */
export interface Holding {
  readonly volumes: readonly Volume[];
  /** Names of its services. */
  readonly services: readonly string[];
  /** Names of the services of which something runs. */
  readonly running: readonly string[];
  /** Whether its volume is mounted on its service `app`. */
  readonly mounted: boolean;
}

type SandboxOptions = Parameters<typeof launchSandbox>[1];

const restarts = 30;
/** In a sandbox's folder; the rest is the engine's plugins and logs. */
const keptFiles = ["state.json", "pulumi-state"] as const;

export class EditedStack {
  readonly clone: string;
  readonly #folder: string;
  readonly #options: SandboxOptions;
  #sandbox: RunningSandbox | undefined;
  /** `fleet env`. */
  #set: Readonly<Record<string, string>> | undefined;

  private constructor(options: SandboxOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "fleet-edits-"));
    this.clone = join(this.#folder, "clone");
  }

  /** A clone with these tenant files (by slug) and nothing made yet. */
  static async start(files: Files, options: SandboxOptions = {}): Promise<EditedStack> {
    const stack = new EditedStack(options);
    copyCheckout(stack.clone);
    const settings = join(stack.clone, "Pulumi.sandbox.yaml");
    // Its line of the one release, and the same with another digest.
    const text = readFileSync(settings, "utf8").replace(/^( +)stable: (.+)(..)$/m, "$1stable: $2$3\n$1beta: $2bb");
    writeFileSync(settings, `${text.replace('fleet:protect: "false"', 'fleet:protect: "true"')}  fleet:personalData: plain\n`);
    stack.write(files);
    stack.#sandbox = await launchSandbox(join(stack.#folder, "sandbox"), options);
    await askSandbox(stack.#urls.railway, "settings", { serviceDeleteKeepsVolume: false });
    return stack;
  }

  get #urls(): RunningSandbox["urls"] {
    if (!this.#sandbox) throw new Error("the sandbox does not run");
    return this.#sandbox.urls;
  }

  async end(): Promise<void> {
    if (this.#sandbox) await stopSandbox(this.#sandbox);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Keeps what the vendors and the engine have now under this name; `restore` goes back there as often as wanted. `changed`: the vendors' state.json,
   *  rewritten first. */
  async save(name: string, changed: (state: string) => string = (state) => state): Promise<void> {
    await this.#paused((sandbox) => {
      const state = join(sandbox, "state.json");
      writeFileSync(state, changed(readFileSync(state, "utf8")));
      for (const kept of keptFiles) cpSync(join(sandbox, kept), join(this.#folder, name, kept), { recursive: true });
    });
  }

  async restore(name: string): Promise<void> {
    await this.#paused((sandbox) => {
      for (const kept of keptFiles) {
        rmSync(join(sandbox, kept), { recursive: true, force: true });
        cpSync(join(this.#folder, name, kept), join(sandbox, kept), { recursive: true });
      }
    });
  }

  /** At the same addresses afterwards: they stand in the environment of whoever works here. */
  async #paused(work: (sandbox: string) => void): Promise<void> {
    const folder = join(this.#folder, "sandbox");
    const ports = Object.fromEntries(Object.entries(this.#urls).map(([name, url]) => [name, Number(new URL(url).port)]));
    if (this.#sandbox) await stopSandbox(this.#sandbox);
    this.#sandbox = undefined;
    work(folder);
    // While nobody listens, the machine may lend a port to somebody's connection for a while.
    for (let tries = 1; this.#sandbox === undefined; tries++)
      this.#sandbox = await launchSandbox(folder, { ...this.#options, ports }).catch(async (error: unknown) => {
        if (tries === restarts || !String(error).includes("EADDRINUSE")) throw error;
        await new Promise((done) => setTimeout(done, 1000));
        return undefined;
      });
  }

  /** Exactly these files from now on. */
  write(files: Files): void {
    const folder = join(this.clone, "tenants", "sandbox");
    for (const name of readdirSync(folder)) if (name.endsWith(".yaml")) rmSync(join(folder, name));
    for (const [slug, entry] of files) writeFileSync(join(folder, `${slug}.yaml`), textOf(entry));
  }

  /** One command in the clone. */
  fleet(...args: string[]): Promise<Answer> {
    return this.begin(args).answer;
  }

  /** One command in the clone, and the process that runs it. */
  begin(args: readonly string[], more: NodeJS.ProcessEnv = {}): { readonly pid: number; readonly answer: Promise<Answer> } {
    const env = {
      ...neutralEnvironment(),
      ...more,
      FLEET_SANDBOX_DIR: join(this.#folder, "sandbox"),
      FLEET_LEDGER_DIR: join(this.#folder, "ledger"),
      NODE_COMPILE_CACHE: join(root, ".fleet", "compile-cache"),
    };
    const { promise: answer, resolve } = Promise.withResolvers<Answer>();
    const options = { cwd: this.clone, env, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(process.execPath, ["cli/main.ts", ...args], options, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? killed : 0, out, err }),
    );
    return { pid: child.pid ?? 0, answer };
  }

  /** Somebody works in the tenant's application for a while: a file comes to lie on its volume. */
  async work(slug: string): Promise<void> {
    const answer = await this.fleet("sandbox", "use", slug, "--hours", "1", "--sprint");
    if (answer.code !== 0) throw new Error(`nobody could work in ${slug}: ${answer.err}`);
    await askSandbox(this.#urls.clock, "clock", { advanceSeconds: 3 * 3600 });
  }

  /** Orders a fault of the vendor's next calls (sandbox/faults.ts). */
  async order(
    vendor: VendorName,
    fault: { readonly operation: string; readonly nth: number; readonly effect: string },
  ): Promise<void> {
    await askSandbox(this.#urls[vendor], "faults", [fault]);
  }

  /** Whether an ordered fault still waits for its call. */
  async waits(vendor: VendorName): Promise<boolean> {
    return z.array(z.unknown()).parse(await askSandbox(this.#urls[vendor], "faults")).length > 0;
  }

  async clearFaults(vendor: VendorName): Promise<void> {
    await fetch(`${this.#urls[vendor]}/_sandbox/faults`, { method: "DELETE" });
  }

  async stateOf(vendor: VendorName): Promise<Record<string, unknown>> {
    return z.record(z.string(), z.unknown()).parse(await askSandbox(this.#urls[vendor], "state"));
  }

  /** Where the engine keeps the stack's locks. */
  get locks(): string {
    return join(this.#folder, "sandbox", "pulumi-state", ".pulumi", "locks", "organization", "fleet", "sandbox");
  }

  /** What the engine wrote down of the stack. */
  deployment(): unknown {
    return JSON.parse(readFileSync(stateFile(join(this.#folder, "sandbox", "pulumi-state"), "sandbox"), "utf8"));
  }

  async railway(): Promise<RailwayState> {
    return readRailway(await askSandbox(this.#urls.railway, "state"));
  }

  #ask(host: string, path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const headers = { ...init.headers, "x-fleet-host": host };
    return fetch(`${this.#urls.edge}${path}`, { ...init, headers, redirect: "manual" });
  }

  /** What somebody sees who logs in at the tenant's address: the page that says no, or a cookie with which the application answers. */
  async logIn(host: string, email: string): Promise<{ readonly cookie: string } | { readonly denied: string }> {
    const login = new URL((await this.#ask(host, "/")).headers.get("location") ?? "");
    const post = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email }) };
    const posted = await this.#ask(login.host, login.pathname + login.search, post);
    if (posted.status === 403) return { denied: await posted.text() };
    const back = new URL(posted.headers.get("location") ?? "");
    const done = await this.#ask(back.host, back.pathname + back.search);
    return { cookie: (done.headers.get("set-cookie") ?? "").split(";")[0] ?? "" };
  }

  /** Status of the application's page for somebody with this cookie. */
  async open(host: string, cookie: string): Promise<number> {
    return (await this.#ask(host, "/", { headers: { cookie } })).status;
  }

  async calls(vendor: VendorName): Promise<string[]> {
    return (await this.recorded(vendor)).map(({ operation }) => operation);
  }

  /** How an emulated vendor behaves from now on. */
  async behave(settings: Readonly<Record<string, unknown>>, vendor: VendorName = "railway"): Promise<void> {
    await askSandbox(this.#urls[vendor], "settings", settings);
  }

  /** Plain `pulumi` in the stack's environment; throws what it said if it fails. */
  async pulumi(...args: string[]): Promise<void> {
    this.#set ??= z
      .object({ set: z.record(z.string(), z.string()) })
      .parse(JSON.parse((await this.fleet("env", "sandbox", "--json")).out)).set;
    const env = { ...neutralEnvironment(), ...this.#set };
    await new Promise<void>((resolve, reject) => {
      execFile("pulumi", args, { cwd: this.clone, env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) =>
        error ? reject(new Error(`pulumi ${args.join(" ")}: ${out}${err}`)) : resolve(),
      );
    });
  }

  /** What a vendor was asked, in order. */
  async recorded(vendor: VendorName): Promise<RecordedCall[]> {
    return z.array(RecordedCall).parse(await askSandbox(this.#urls[vendor], "calls"));
  }

  /** Milliseconds of the sandbox's own time. */
  async now(): Promise<number> {
    return z.object({ epochMs: z.number() }).parse(await (await fetch(`${this.#urls.clock}/now`)).json()).epochMs;
  }

  async holding(slug: string): Promise<Holding> {
    return holdingOf(await this.railway(), slug);
  }
}

/** What the tenant's living project holds; nothing where there is none. */
export function holdingOf(state: RailwayState, slug: string): Holding {
  const project = state.projects.find(({ name, deletedAt }) => name.endsWith(`-${slug}`) && deletedAt === null);
  const services = state.services.filter(({ projectId, deletedAt }) => projectId === project?.id && deletedAt === null);
  const ids = new Set(state.volumes.filter(({ projectId }) => projectId === project?.id).map(({ id }) => id));
  const volumes = state.volumeInstances.filter(({ volumeId, isPendingDeletion }) => ids.has(volumeId) && !isPendingDeletion);
  const app = services.find(({ name }) => name === "app");
  const up = (id: string) =>
    state.deployments.some(
      ({ serviceId, status, deploymentStopped }) =>
        serviceId === id && !deploymentStopped && ["SUCCESS", "SLEEPING"].includes(status),
    );
  return {
    volumes,
    services: services.map(({ name }) => name).sort(),
    running: services.flatMap(({ id, name }) => (up(id) ? [name] : [])).sort(),
    mounted: app !== undefined && volumes.some(({ serviceId }) => serviceId === app.id),
  };
}
