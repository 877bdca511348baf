/** The real command on a real engine, in a clone with a sandbox of its own. */
import { ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { root } from "../../cli/context.ts";
import { askSandbox, launchSandbox, stopSandbox } from "../../cli/sandbox.ts";
import { copyCheckout } from "../checkout.ts";
import { type Answer, type Broken, refusedWell } from "./tenants-scene.ts";

/** Runs `fleet up sandbox` with each broken file in turn; throws if one is not refused, or if any vendor was called at all. */
export async function nothingIsMade(files: readonly Broken[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fleet-tenants-"));
  try {
    const clone = join(folder, "clone");
    copyCheckout(clone);
    const stack = join(clone, "tenants", "sandbox");
    const sandbox = await launchSandbox(join(folder, "sandbox"), {});
    try {
      for (const broken of files) {
        await broken.write(stack);
        const answer = await up(clone, join(folder, "sandbox"));
        try {
          refusedWell(answer, broken.line);
        } catch (error) {
          throw new Error(`${broken.what}: ${error instanceof Error ? error.message : String(error)}`);
        }
        rmSync(stack, { recursive: true });
        cpSync(join(root, "tenants", "sandbox"), stack, { recursive: true });
      }
      for (const [vendor, url] of Object.entries(sandbox.urls)) {
        if (!["railway", "cloudflare", "stripe", "openrouter"].includes(vendor)) continue;
        const calls = z.array(z.unknown()).parse(await askSandbox(url, "calls"));
        ok(calls.length === 0, `${vendor} had ${calls.length} calls: ${JSON.stringify(calls).slice(0, 500)}`);
      }
    } finally {
      await stopSandbox(sandbox);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function up(clone: string, sandbox: string): Promise<Answer> {
  const env = { ...process.env, FLEET_SANDBOX_DIR: sandbox, NODE_COMPILE_CACHE: join(root, ".fleet", "compile-cache") };
  return new Promise((resolve) => {
    execFile(process.execPath, ["cli/main.ts", "up", "sandbox"], { cwd: clone, env }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, out, err }),
    );
  });
}
