import { rename } from "node:fs/promises";
import { join } from "node:path";
import type { Fetch } from "./build.ts";
import { askVersion } from "./find.ts";
import { runTied } from "./tied.ts";
import { pinnedVersion } from "./version.ts";

/** The exit code of install.ts when the site cannot be reached at all. */
export const unreachableCode = 75;

export interface DownloadSite {
  /** Is asked first, so that a closed network costs seconds and not minutes. */
  readonly probeUrl: string;
  readonly probeMs: number;
  /** Above this the download is given up (a dropped connection hangs). */
  readonly limitMs: number;
  /** The program that downloads; see install.ts. */
  readonly program: string;
}

export const officialSite: DownloadSite = {
  probeUrl: "https://get.pulumi.com/install.sh",
  probeMs: 10_000,
  limitMs: 600_000,
  program: join(import.meta.dirname, "install.ts"),
};

/** Downloads the official release with its own language hosts, by the Automation API's installer. It runs as a process of its own: the installer
 *  cannot be cancelled, and its 140 MB should not stay. `FLEET_ENGINE_DOWNLOAD=never` skips even the probe. */
export function downloadEngine(site: DownloadSite = officialSite): Fetch {
  return async ({ work, target, env, clock, onProgress, signal }) => {
    if (env.FLEET_ENGINE_DOWNLOAD === "never") return "FLEET_ENGINE_DOWNLOAD=never forbids the download";
    const started = await clock.now();
    const seconds = async () => ((await clock.now()) - started) / 1000;
    const host = new URL(site.probeUrl).host;
    onProgress({ step: "probe", message: `looking for the official Pulumi download at ${host}`, elapsedSeconds: 0 });
    const root = join(work, "official");
    const limit = AbortSignal.timeout(site.limitMs);
    const order = JSON.stringify({ root, version: pinnedVersion, probeUrl: site.probeUrl, probeMs: site.probeMs });
    let tick: NodeJS.Timeout | undefined;
    try {
      const result = await runTied(process.execPath, [site.program, order], {
        cwd: work,
        // NODE_USE_ENV_PROXY: Node's fetch looks at HTTPS_PROXY only when told to; curl inside the installer always does.
        env: { ...env, NODE_USE_ENV_PROXY: "1", TMPDIR: work },
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        onLine(line) {
          if (line !== "reachable") return;
          const report = async () =>
            onProgress({
              step: "download",
              message: `downloading Pulumi v${pinnedVersion} from ${host}`,
              elapsedSeconds: await seconds(),
            });
          void report();
          tick = setInterval(() => void report(), 1_000);
        },
      });
      if (result.code === unreachableCode) return `${host} cannot be reached (${result.tail.trim()})`;
      if (result.code !== 0) return `the official installer failed: ${result.tail.trim()}`;
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) return `the download did not end within ${site.limitMs / 60_000} minutes`;
      throw error;
    } finally {
      clearInterval(tick);
    }
    const told = await askVersion(join(root, "bin", "pulumi"), env);
    if (told.version !== `v${pinnedVersion}`)
      return `what was downloaded says it is "${told.version ?? told.error}", not v${pinnedVersion}`;
    await rename(join(root, "bin"), target);
    return undefined;
  };
}
