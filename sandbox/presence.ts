/** `process.json` in a sandbox's folder: who runs there, and how to speak to it. One sandbox a folder. */
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Facts {
  readonly pid: number;
  readonly urls: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

export interface Claim {
  publish(facts: Facts): Promise<void>;
  release(): Promise<void>;
}

/** A busy machine lets even a living sandbox answer late, and whoever takes it for dead starts a second one in its folder. */
const patienceMs = 15_000;

/** Whether the sandbox of this process answers at its clock's address. Both may have been given to others since they were written down. */
export async function answers(pid: number, clockUrl: string): Promise<boolean> {
  try {
    const said: unknown = await (await fetch(`${clockUrl}/now`, { signal: AbortSignal.timeout(patienceMs) })).json();
    return typeof said === "object" && said !== null && "pid" in said && said.pid === pid;
  } catch {
    return false;
  }
}

/** Takes the folder; throws an Error when another living sandbox holds it. What a dead one left is taken over. */
export async function claim(dir: string): Promise<Claim> {
  await mkdir(dir, { recursive: true });
  const file = join(dir, "process.json");
  const own = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  await writeFile(own, JSON.stringify({ pid: process.pid }), { mode: 0o600 });
  try {
    if (!(await linked(own, file))) {
      const holder = await holderOf(file);
      if (holder !== undefined)
        throw new Error(
          `a sandbox already runs in ${dir} (process ${holder}); stop it with: fleet sandbox stop, or take another folder`,
        );
      await rm(file, { force: true });
      if (!(await linked(own, file))) throw new Error(`another sandbox is just starting in ${dir}`);
    }
  } finally {
    await rm(own, { force: true });
  }
  return {
    async publish(facts) {
      await writeFile(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    release: () => rm(file, { force: true }),
  };
}

async function linked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** The living holder's process id. A process number may have been given away since: whoever published an address has to answer there. */
async function holderOf(file: string): Promise<number | undefined> {
  try {
    const facts = JSON.parse(await readFile(file, "utf8")) as Partial<Facts>;
    const { pid, urls } = facts;
    if (typeof pid !== "number") return undefined;
    process.kill(pid, 0);
    if (urls?.clock === undefined) return pid;
    return (await answers(pid, urls.clock)) ? pid : undefined;
  } catch {
    return undefined;
  }
}
