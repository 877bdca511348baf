/** Ctrl-C and kill -9 in the middle of `up` and of `billing run`, and two demos at once. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BillingReport } from "../../billing/report/report.ts";
import { ended, family, type Ground, type HostileCase, kill, root, said } from "./hostile-machine-ground.ts";

const launcher = `${root}/fleet`;

export const killedCases: readonly HostileCase[] = [
  {
    name: "Ctrl-C and kill -9 in the middle of `up` and of `billing run`: the next run ends with the whole fleet, and nothing is left to post",
    async run(ground) {
      const here = await stand(ground);
      const { env, ask } = here;
      const stopped = await cut(ground, here, ["up", "sandbox"], ["railway", "projectCreate"], "SIGINT");
      said(stopped, 1, "stopping: what is under way at a vendor is finished first");
      await cut(ground, here, ["up", "sandbox"], ["railway", "serviceCreate"], "SIGKILL");
      said(await ground.fleet(["up", "sandbox"], { env }), 0);
      deepStrictEqual(await living(ask), { projects: 3, services: 6, volumeInstances: 3 });
      said(await ground.fleet(["billing", "setup", "--stack", "sandbox"], { env }), 0);
      const bill = ["billing", "run", "--stack", "sandbox"];
      await cut(ground, here, bill, ["railway", "*"], "SIGKILL");
      const inOrder = ["the ledger is closed first", "run the same command again"];
      said(await cut(ground, here, bill, ["railway", "*"], "SIGINT"), 1, "stopped by SIGINT", ...inOrder);
      ledgerIsClosed(env);
      await subscribe(ground, env, ask);
      // In the middle of the posts, and only the command that was called: its program must not go on without it.
      const posting = ["stripe", "POST /v1/billing/meter_events"] as const;
      said(await cut(ground, here, bill, posting, "SIGTERM"), 1, "stopped by SIGTERM", ...inOrder);
      ledgerIsClosed(env);
      said(await ground.fleet(bill, { env }), 0);
      const again = await ground.fleet([...bill, "--json"], { env });
      said(again, 0);
      const { posts, tenants } = BillingReport.parse(JSON.parse(again.stdout));
      deepStrictEqual(posts, 0);
      // 02Z and 09Z-11Z of acme's day, at Stripe as by evidence.
      deepStrictEqual(await hoursAtStripe(ask), 4);
      deepStrictEqual(
        tenants.flatMap(({ months }) => months).reduce((sum, { billableHours }) => sum + billableHours, 0),
        4,
      );
    },
  },
  {
    name: "two demos at once: neither disturbs the other, and both end well",
    full: true,
    async run(ground) {
      const answers = await Promise.all([ground.fleet(["demo", "--json"]), ground.fleet(["demo", "--json"])]);
      for (const answer of answers) said(answer, 0, '"secondPreviewChanges":0', '"secondRunPosts":0');
    },
  },
];

/** The embedded ledger's server is stopped, by the file that it takes away itself. */
function ledgerIsClosed({ FLEET_SANDBOX_DIR }: { readonly FLEET_SANDBOX_DIR: string }): void {
  ok(!existsSync(join(FLEET_SANDBOX_DIR, "ledger", "data", "postmaster.pid")), "the ledger's server was left running");
}

/** acme gives a card, and somebody is there in four hours of a day. */
async function subscribe(ground: Ground, env: NodeJS.ProcessEnv, ask: Ask): Promise<void> {
  const link = await ground.fleet(["billing", "link", "acme", "--stack", "sandbox", "--json"], { env });
  said(link, 0);
  const { session } = z.looseObject({ session: z.string() }).parse(JSON.parse(link.stdout));
  await ask("clock", "complete-setup", { session });
  said(await ground.fleet(["billing", "run", "--stack", "sandbox"], { env }), 0);
  const day = new Date(Date.parse(z.looseObject({ now: z.string() }).parse(await ask("clock", "clock")).now) + 86_400_000);
  const at = (time: string) => `${day.toISOString().slice(0, 10)}T${time}:00Z`;
  await ask("edge", "use", { tenant: "acme", from: at("02:10"), minutes: 1 });
  await ask("edge", "use", { tenant: "acme", from: at("09:00"), minutes: 150 });
  await ask("clock", "clock", { set: at("14:20") });
}

/** Of all meter events that Stripe took. */
async function hoursAtStripe(ask: Ask): Promise<number> {
  const Events = z.looseObject({
    meterEvents: z.array(z.looseObject({ status: z.string(), payload: z.record(z.string(), z.string()) })),
  });
  const { meterEvents } = Events.parse(await ask("stripe", "state"));
  return meterEvents.filter(({ status }) => status === "accepted").reduce((sum, { payload }) => sum + Number(payload.value), 0);
}

type Ask = (vendor: string, route: string, body?: unknown) => Promise<unknown>;
type Stand = Awaited<ReturnType<typeof stand>>;

/** Of 50 ms each: far longer than any command takes on a slow machine, so that one which hangs is told at all. */
const mostLooks = 6000;

async function stand(ground: Ground) {
  const folder = await ground.sandboxFolder();
  const urls = await ground.started(folder);
  const ask: Ask = async (vendor, route, body) =>
    (
      await fetch(`${urls[vendor]}/_sandbox/${route}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
    ).json();
  /** Clears the vendor's faults: the calls that are held go on. */
  const letGo = async (vendor: string): Promise<void> => {
    await fetch(`${urls[vendor]}/_sandbox/faults`, { method: "DELETE" });
  };
  return { env: { FLEET_SANDBOX_DIR: folder }, ask, letGo };
}

/** Runs a command into a call that is held for as long as it takes, while the vendors' time stands still, and ends it there. */
async function cut(
  ground: Ground,
  { env, ask, letGo }: Stand,
  words: readonly string[],
  [vendor, operation]: readonly [vendor: string, operation: string],
  signal: "SIGINT" | "SIGTERM" | "SIGKILL",
) {
  await ask(vendor, "faults", [{ operation, nth: 1, effect: "hold" }]);
  // A group of its own: what is ended with a Ctrl-C is all of it, as at a terminal.
  const options = { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"], detached: true };
  const child = ground.begin([launcher, ...words], { ...(await ground.engine()), ...env }, options);
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const answer = ended(child);
  const over = answer.then(() => true);
  const until = async (happened: () => boolean | Promise<boolean>, what: string) => {
    for (let looks = 0; !(await happened()); looks++) {
      const early = await Promise.race([over, new Promise<false>((done) => setTimeout(() => done(false), 50))]);
      ok(!early && looks < mostLooks, `${words.join(" ")} never ${what}:\n${said}`);
    }
  };
  await until(async () => z.array(z.unknown()).parse(await ask(vendor, "faults")).length === 0, `came to ${operation}`);
  if (signal === "SIGKILL") for (const pid of family(child.pid ?? 0)) kill(pid, signal);
  else if (signal === "SIGTERM") kill(child.pid ?? 0, signal);
  else kill(-(child.pid ?? 0), signal);
  // The engine finishes what is under way at a vendor: what it waits for goes on, once the stop was heard.
  if (signal !== "SIGKILL" && words[0] === "up") {
    await until(() => said.includes("stopping: "), "said that it stops");
    await letGo(vendor);
  }
  const outcome = await answer;
  // Until a person has typed the next command, the vendors' reads show what was written last.
  await ask(vendor, "clock", { advanceSeconds: 5 });
  return outcome;
}

/** Living objects of Railway by kind; projects in their time of grace are still shown. */
async function living(ask: Ask): Promise<Record<string, number>> {
  const state = z.record(z.string(), z.unknown()).parse(await ask("railway", "state"));
  const Objects = z.array(z.looseObject({ deletedAt: z.unknown(), isPendingDeletion: z.unknown() }).partial());
  const count = (noun: string) => Objects.parse(state[noun]).filter((one) => !one.deletedAt && !one.isPendingDeletion).length;
  return Object.fromEntries(["projects", "services", "volumeInstances"].map((noun) => [noun, count(noun)]));
}
