/** The floor of any provider in this language: a gRPC server that answers the engine and does nothing. Shares no code with ours on purpose. */
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providers from "@pulumi/pulumi/proto/provider_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";

let made = 0;

const service: UntypedServiceImplementation = {
  handshake: (_call: unknown, respond: Respond) => respond(null, new providers.ProviderHandshakeResponse()),
  getPluginInfo: (_call: unknown, respond: Respond) => respond(null, new plugins.PluginInfo()),
  checkConfig: (call: Call<pb.CheckRequest>, respond: Respond) =>
    respond(null, new providers.CheckResponse().setInputs(call.request.getNews())),
  diffConfig: (_call: unknown, respond: Respond) => respond(null, none()),
  configure: (_call: unknown, respond: Respond) => respond(null, new providers.ConfigureResponse().setSupportspreview(true)),
  check: (call: Call<pb.CheckRequest>, respond: Respond) =>
    respond(null, new providers.CheckResponse().setInputs(call.request.getNews())),
  diff: (_call: unknown, respond: Respond) => respond(null, none()),
  create(call: Call<pb.CreateRequest>, respond: Respond) {
    const id = `bare-${++made}`;
    const properties = call.request.getProperties() ?? new structs.Struct();
    for (const name of outputs)
      if (!properties.getFieldsMap().has(name)) properties.getFieldsMap().set(name, new structs.Value().setStringValue(id));
    respond(null, new providers.CreateResponse().setId(id).setProperties(properties));
  },
};

const server = new Server();
server.addService(services.ResourceProviderService, service);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});

interface Call<Request> {
  readonly request: Request;
}
type Respond = (error: null, response: unknown) => void;

/** What other resources of the program take as inputs. */
const outputs = ["projectId", "environmentId", "serviceId", "volumeId"];

function none() {
  return new providers.DiffResponse().setChanges(providers.DiffResponse.DiffChanges.DIFF_NONE);
}
