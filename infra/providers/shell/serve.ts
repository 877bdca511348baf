/** The process of a provider: serves the engine that started it and ends with it. */
import { connect } from "node:net";
import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import engines from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { makeCalls } from "./calls.ts";
import type { Environment, Provider } from "./configuration.ts";
import { providerService } from "./rpc.ts";

export type { Configuration, Environment, Provider } from "./configuration.ts";

/** As Pulumi's own SDKs: states of thousands of properties must pass. */
const maxMessageBytes = 419_430_400;

export interface RunningProvider {
  readonly port: number;
  /** Aborts the calls in flight, waits for them up to three seconds, and stops serving. */
  close(reason: string): Promise<void>;
}

/** Serves a provider on a free port of the loopback interface. `engineAddress` (`host:port`) is where progress lines go. */
export async function startProvider<Context>(
  provider: Provider<Context>,
  options: { readonly env: Environment; readonly engineAddress?: string },
): Promise<RunningProvider> {
  const calls = makeCalls();
  const engine = options.engineAddress
    ? new engines.EngineClient(options.engineAddress, credentials.createInsecure())
    : undefined;
  const log = (urn: string, message: string) => {
    const line = new messages.LogRequest()
      .setSeverity(messages.LogSeverity.INFO)
      .setUrn(urn)
      .setMessage(message)
      .setEphemeral(true);
    // A progress line that gets lost is no reason to fail the work.
    engine?.log(line, () => {});
  };
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
  });
  server.addService(services.ResourceProviderService, providerService(provider, { env: options.env, calls, log }));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    async close(reason) {
      calls.cancelAll(reason);
      await Promise.race([calls.idle(), pause(closeGraceMs)]);
      engine?.close();
      server.forceShutdown();
    },
  };
}

/** The whole process: writes the port as the first line on stdout and exits when the engine is done with it, or gone: a provider that outlived a
 *  killed engine would go on making things that no state knows of. */
export async function serveProvider<Context>(provider: Provider<Context>): Promise<void> {
  // Before the port is told: whoever waits for it may be gone a moment later, and the next parent would be taken for the first.
  const parent = process.ppid;
  const engineAddress = process.argv.slice(2).find((argument) => /^[\w.[\]-]+(?::[\w.:-]*)?:\d+$/.test(argument));
  const running = await startProvider(provider, { env: process.env, engineAddress });
  process.stdout.write(`${running.port}\n`);
  const reason = await end(parent, engineAddress);
  await running.close(reason);
  // Whatever still waits (a vendor that does not answer) must not hold the process.
  process.exit(0);
}

const closeGraceMs = 3_000;
const parentPollMs = 500;
/** The engine is asked less often than the parent, and must be silent twice: it may be busy. */
const enginePollMs = 5_000;

function end(parent: number, engineAddress: string | undefined): Promise<string> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve("interrupted"));
    process.once("SIGTERM", () => resolve("terminated"));
    setInterval(() => {
      if (process.ppid !== parent) resolve("the engine ended");
    }, parentPollMs).unref();
    if (!engineAddress) return;
    let silent = 0;
    setInterval(async () => {
      silent = (await reachable(engineAddress)) ? 0 : silent + 1;
      if (silent >= 2) resolve("the engine cannot be reached");
    }, enginePollMs).unref();
  });
}

function reachable(address: string): Promise<boolean> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)) });
    const answer = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
    socket.setTimeout(2_000, () => answer(false));
    socket.unref();
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
