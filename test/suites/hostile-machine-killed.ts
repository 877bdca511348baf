/** Ctrl-C and kill -9 in the middle of `up` and of `billing run`, and two demos at once. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { z } from "zod";
import { ended, family, type Ground, type HostileCase, kill, root, said } from "./hostile-machine-ground.ts";

const launcher = `${root}/fleet`;

export const killedCases: readonly HostileCase[] = [
  {
    name: "Ctrl-C and kill -9 in the middle of `up` and of `billing run`: the next run ends with the whole fleet, and nothing is left to post",
    async run(ground) {
      const { env, ask } = await stand(ground);
      const stopped = await cut(ground, env, ask, ["up", "sandbox"], "railway", "projectCreate", "SIGINT");
      said(stopped, 1, "stopping: what is under way at a vendor is finished first");
      await cut(ground, env, ask, ["up", "sandbox"], "railway", "serviceCreate", "SIGKILL");
      said(await ground.fleet(["up", "sandbox"], { env }), 0);
      deepStrictEqual(await living(ask), { projects: 3, services: 6, volumeInstances: 3 });
      said(await ground.fleet(["billing", "setup", "--stack", "sandbox"], { env }), 0);
      await cut(ground, env, ask, ["billing", "run", "--stack", "sandbox"], "railway", "*", "SIGKILL");
      await cut(ground, env, ask, ["billing", "run", "--stack", "sandbox"], "railway", "*", "SIGINT");
      said(await ground.fleet(["billing", "run", "--stack", "sandbox"], { env }), 0);
      const again = await ground.fleet(["billing", "run", "--stack", "sandbox", "--json"], { env });
      said(again, 0);
      deepStrictEqual(z.looseObject({ posts: z.number() }).parse(JSON.parse(again.stdout)).posts, 0);
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

type Ask = (vendor: string, route: string, body?: unknown) => Promise<unknown>;

async function stand(ground: Ground) {
  const folder = await ground.sandboxFolder();
  const urls = await ground.started(folder);
  const ask: Ask = async (vendor, route, body) =>
    (
      await fetch(`${urls[vendor]}/_sandbox/${route}`, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) })
    ).json();
  return { env: { FLEET_SANDBOX_DIR: folder }, ask };
}

/** Runs a command into a call that hangs, and ends it there. */
async function cut(
  ground: Ground,
  env: NodeJS.ProcessEnv,
  ask: Ask,
  words: readonly string[],
  vendor: string,
  operation: string,
  signal: "SIGINT" | "SIGKILL",
) {
  await ask(vendor, "faults", [{ operation, nth: 1, effect: "delay:60000" }]);
  // A group of its own: what is ended with a Ctrl-C is all of it, as at a terminal.
  const options = { stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"], detached: true };
  const child = ground.begin([launcher, ...words], { ...(await ground.engine()), ...env }, options);
  const answer = ended(child);
  const over = answer.then(() => true);
  for (let looks = 0; ; looks++) {
    if (z.array(z.unknown()).parse(await ask(vendor, "faults")).length === 0) break;
    const early = await Promise.race([over, new Promise<false>((done) => setTimeout(() => done(false), 50))]);
    ok(!early && looks < 1200, `${words.join(" ")} never came to ${operation}`);
  }
  if (signal === "SIGKILL") for (const pid of family(child.pid ?? 0)) kill(pid, signal);
  else {
    kill(-(child.pid ?? 0), signal);
    await ask(vendor, "clock", { advanceSeconds: 120 });
  }
  return answer;
}

/** Living objects of Railway by kind; projects in their time of grace are still shown. */
async function living(ask: Ask): Promise<Record<string, number>> {
  const state = z.record(z.string(), z.unknown()).parse(await ask("railway", "state"));
  const Objects = z.array(z.looseObject({ deletedAt: z.unknown(), isPendingDeletion: z.unknown() }).partial());
  const count = (noun: string) => Objects.parse(state[noun]).filter((one) => !one.deletedAt && !one.isPendingDeletion).length;
  return Object.fromEntries(["projects", "services", "volumeInstances"].map((noun) => [noun, count(noun)]));
}
