/** Program: a small Pulumi language host for Node, for where the engine had to be built from Go modules (Pulumi's own host is no Go module). Serves
 *  programs and policy packs; code generation and installing dependencies are not its business. Contract: reference of Pulumi's plugin protocol:
 *  the engine's address is the last argument, the port is the first line on stdout. */
import grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type { RunPluginRequest, RunPluginResponse, RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import language from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { pinnedVersion } from "../version.ts";
import { Children } from "./children.ts";
import { endWithParent } from "./parent.ts";
import { runPolicyPack } from "./policy-pack.ts";
import { runProgram } from "./program.ts";

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
if (!engineAddress) {
  process.stderr.write("pulumi-language-nodejs: started without the engine's address; the Pulumi engine starts it, not people\n");
  process.exit(1);
}

const children = new Children();
endWithParent(engineAddress, () => children.killAll());

const server = new grpc.Server({
  "grpc.max_receive_message_length": maxMessageBytes(),
  "grpc.max_send_message_length": maxMessageBytes(),
});
server.addService(LanguageRuntimeService, {
  handshake: unary(() => new language.LanguageHandshakeResponse()),
  cancel: unary(() => {
    children.endAll();
    return new empty.Empty();
  }),
  // Plugins are found by the engine itself when the first resource of theirs comes.
  getRequiredPackages: unary(() => new language.GetRequiredPackagesResponse()),
  getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(pinnedVersion)),
  about: unary(() => new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  run: (call: grpc.ServerUnaryCall<RunRequest, unknown>, reply: grpc.sendUnaryData<unknown>) => {
    runProgram(call.request, engineAddress, children).then((answer) => reply(null, answer), refuse(reply));
  },
  runPlugin: (call: grpc.ServerWritableStream<RunPluginRequest, RunPluginResponse>) => runPolicyPack(call, children),
});

server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(`pulumi-language-nodejs: ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});

/** As in Pulumi's SDK: a large stack's configuration does not fit into gRPC's 4 MB. */
function maxMessageBytes(): number {
  return 400 * 1024 * 1024;
}

function unary<Answer>(answer: () => Answer): grpc.handleUnaryCall<unknown, Answer> {
  return (_call, reply) => reply(null, answer());
}

function refuse(reply: grpc.sendUnaryData<unknown>) {
  return (error: unknown) =>
    reply({ code: grpc.status.UNKNOWN, details: error instanceof Error ? error.message : String(error) }, null);
}
