/** A stack on the real engine in a clone of its own, protected as a production one is: its files are edited, `fleet up` is run, and what lies on its volumes
 *  is read from the emulated Railway. Deleting a service deletes its volume here, as the Terraform provider's users have met it. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { root } from "../../cli/context.ts";
import { askSandbox, launchSandbox, type RunningSandbox, stopSandbox } from "../../cli/sandbox.ts";
import { copyCheckout, neutralEnvironment } from "../checkout.ts";

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
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
  volumes: z.array(z.object({ id: z.string(), projectId: z.string() })),
  volumeInstances: z.array(Volume),
  backups: z.array(z.object({ name: z.string(), expiresAt: z.string().nullable() })),
  deployments: z.array(z.object({ status: z.string(), deploymentStopped: z.boolean(), serviceId: z.string() })),
});
export type RailwayState = z.infer<typeof State>;

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

export class EditedStack {
  readonly clone: string;
  readonly #folder: string;
  #sandbox: RunningSandbox | undefined;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "fleet-edits-"));
    this.clone = join(this.#folder, "clone");
  }

  /** A clone with these tenant files (by slug) and nothing made yet. */
  static async start(files: Readonly<Record<string, string>>): Promise<EditedStack> {
    const stack = new EditedStack();
    copyCheckout(stack.clone);
    const settings = join(stack.clone, "Pulumi.sandbox.yaml");
    writeFileSync(settings, readFileSync(settings, "utf8").replace('fleet:protect: "false"', 'fleet:protect: "true"'));
    for (const slug of ["acme", "birch", "cedar"]) stack.remove(slug);
    for (const [slug, text] of Object.entries(files)) stack.write(slug, text);
    stack.#sandbox = await launchSandbox(join(stack.#folder, "sandbox"), {});
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

  write(slug: string, text: string): void {
    mkdirSync(join(this.clone, "tenants", "sandbox"), { recursive: true });
    writeFileSync(this.#file(slug), text);
  }

  remove(slug: string): void {
    rmSync(this.#file(slug), { force: true });
  }

  #file(slug: string): string {
    return join(this.clone, "tenants", "sandbox", `${slug}.yaml`);
  }

  /** One command in the clone. */
  fleet(...args: string[]): Promise<Answer> {
    const env = {
      ...neutralEnvironment(),
      FLEET_SANDBOX_DIR: join(this.#folder, "sandbox"),
      FLEET_LEDGER_DIR: join(this.#folder, "ledger"),
      NODE_COMPILE_CACHE: join(root, ".fleet", "compile-cache"),
    };
    return new Promise((resolve) => {
      const options = { cwd: this.clone, env, maxBuffer: 64 * 1024 * 1024 };
      execFile(process.execPath, ["cli/main.ts", ...args], options, (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err }),
      );
    });
  }

  /** Somebody works in the tenant's application for a while: a file comes to lie on its volume. */
  async work(slug: string): Promise<void> {
    const answer = await this.fleet("sandbox", "use", slug, "--hours", "1", "--sprint");
    if (answer.code !== 0) throw new Error(`nobody could work in ${slug}: ${answer.err}`);
    await askSandbox(this.#urls.clock, "clock", { advanceSeconds: 3 * 3600 });
  }

  async railway(): Promise<RailwayState> {
    return State.parse(await askSandbox(this.#urls.railway, "state"));
  }

  /** What somebody sees who opens the tenant's address. */
  async visit(hostname: string, path = "/"): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.#urls.edge}${path}`, { headers: { host: hostname }, redirect: "manual" });
    return { status: response.status, text: await response.text() };
  }

  async cloudflare(): Promise<unknown> {
    return askSandbox(this.#urls.cloudflare, "state");
  }

  async calls(vendor: "railway" | "cloudflare" | "openrouter"): Promise<string[]> {
    const Call = z.array(z.object({ operation: z.string() }));
    return Call.parse(await askSandbox(this.#urls[vendor], "calls")).map(({ operation }) => operation);
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
