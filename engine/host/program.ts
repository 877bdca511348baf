import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { RunRequest, RunResponse } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import type { Children } from "./children.ts";

/** Runs a Pulumi program (Run): Pulumi's own `cmd/run` in a process of its own, as the official host does. */
export async function runProgram(request: RunRequest, engineAddress: string, children: Children): Promise<RunResponse> {
  const info = request.getInfo();
  const options = info?.getOptions()?.toJavaScript() ?? {};
  const args = [
    ...process.execArgv,
    ...nodeArguments(options.nodeargs),
    pulumiModule("cmd/run", request.getPwd()),
    ...["--monitor", request.getMonitorAddress(), "--engine", engineAddress],
    ...["--organization", request.getOrganization(), "--project", request.getProject(), "--stack", request.getStack()],
    ...(info ? ["--root-directory", info.getRootDirectory()] : []),
    ...["--pwd", request.getPwd(), "--parallel", String(request.getParallel())],
    ...(request.getDryrun() ? ["--dry-run"] : []),
    request.getProgram() || ".",
    ...request.getArgsList(),
  ];
  const config: Record<string, string> = {};
  request.getConfigMap().forEach((value, key) => {
    config[key] = value;
  });
  const child = children.start(process.execPath, args, {
    cwd: request.getPwd(),
    // The engine reads this host's stdout and stderr line by line and shows them as the program's.
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PULUMI_CONFIG: JSON.stringify(config),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      // Pulumi's default is ts-node; with `typescript: false` Node strips the types itself.
      PULUMI_NODEJS_TYPESCRIPT: options.typescript === false ? "false" : "true",
    },
  });
  const end = await new Promise<{ code: number | null; signal: string | null }>((done, failed) => {
    child.on("error", failed);
    child.on("exit", (code, signal) => done({ code, signal }));
  });
  return answer(end.code, end.signal);
}

/** Finds a module of @pulumi/pulumi as the program would, so that program and runner share one copy; else this repository's. */
export function pulumiModule(name: string, programFolder: string): string {
  for (const from of [join(resolve(programFolder), "package.json"), import.meta.filename]) {
    try {
      return createRequire(from).resolve(`@pulumi/pulumi/${name}`);
    } catch {
      // Looked for in the next place.
    }
  }
  throw new Error(
    `@pulumi/pulumi is not installed for ${programFolder}; ./fleet doctor installs the locked dependencies, like every command`,
  );
}

/** `cmd/run` ends with this code when it has shown the error itself. */
const alreadyShown = 32;

function answer(code: number | null, signal: string | null): RunResponse {
  const response = new language.RunResponse();
  if (code === 0) return response;
  if (code === alreadyShown) return response.setBail(true);
  if (code === null) return response.setError(`the program was ended by ${signal}`);
  return response.setError(`the program ended with exit code ${code}; its own output tells why`);
}

/** `nodeargs` of Pulumi.yaml: one string, parts separated by blanks. */
function nodeArguments(value: unknown): string[] {
  return typeof value === "string" ? value.split(/\s+/).filter((part) => part !== "") : [];
}
