import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import type { RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import type { Children } from "./children.ts";
import { pulumiModule } from "./program.ts";

type Call = grpc.ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/** Runs a policy pack (RunPlugin of kind `analyzer`) and streams its output until it ends; other kinds of plugin are refused. */
export function runPolicyPack(call: Call, children: Children): void {
  const { request } = call;
  const kind = request.getKind();
  if (kind !== "analyzer") {
    const message = `this language host runs policy packs and programs, not plugins of kind "${kind}"`;
    call.emit("error", { code: grpc.status.UNIMPLEMENTED, details: message });
    return;
  }
  // The pack's folder comes in `info` only; `pwd` is the program's, and `args` hold the engine's address alone.
  const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const plain = request.getInfo()?.getOptions()?.toJavaScript().typescript === false;
  const runner = plain ? join(import.meta.dirname, "run-pack.ts") : pulumiModule("cmd/run-policy-pack", folder);
  const args = [...process.execArgv, runner, ...request.getArgsList(), folder];
  const child = children.start(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...environment(request.getEnvList()) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout?.on("data", (chunk: Buffer) => call.write(new language.RunPluginResponse().setStdout(chunk)));
  child.stderr?.on("data", (chunk: Buffer) => call.write(new language.RunPluginResponse().setStderr(chunk)));
  child.on("error", (error) => call.emit("error", { code: grpc.status.UNKNOWN, details: error.message }));
  child.on("close", (code) => {
    call.write(new language.RunPluginResponse().setExitcode(code ?? 1));
    call.end();
  });
  // The engine ends a pack by giving the call up.
  call.on("cancelled", () => child.kill("SIGKILL"));
}

function environment(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
