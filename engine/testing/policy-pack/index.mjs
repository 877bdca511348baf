// A policy pack without @pulumi/policy, for the language host's test: forbids every resource of type test:index:Thing and says in which folder it runs.
import grpc from "@grpc/grpc-js";
import { AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

const rule = "no-things";
const { MANDATORY } = analyzer.EnforcementLevel;
const answer = (make) => (call, reply) => reply(null, make(call.request));

const server = new grpc.Server();
server.addService(AnalyzerService, {
  getPluginInfo: answer(() => new plugin.PluginInfo().setVersion("1.0.0")),
  getAnalyzerInfo: answer(() =>
    new analyzer.AnalyzerInfo()
      .setName(rule)
      .setVersion("1.0.0")
      .setPoliciesList([new analyzer.PolicyInfo().setName(rule).setEnforcementlevel(MANDATORY)]),
  ),
  configure: answer(() => new empty.Empty()),
  configureStack: answer(() => new analyzer.AnalyzerStackConfigureResponse()),
  cancel: answer(() => new empty.Empty()),
  remediate: answer(() => new analyzer.RemediateResponse()),
  analyzeStack: answer(() => new analyzer.AnalyzeResponse()),
  analyze: answer((request) => {
    const response = new analyzer.AnalyzeResponse();
    if (request.getType() !== "test:index:Thing") return response;
    const message = `no things, says the pack in ${process.cwd()}`;
    // addDiagnostics answers the diagnostic, not the response.
    response.addDiagnostics(
      new analyzer.AnalyzeDiagnostic()
        .setPolicyname(rule)
        .setPolicypackname(rule)
        .setPolicypackversion("1.0.0")
        .setMessage(message)
        .setEnforcementlevel(MANDATORY)
        .setUrn(request.getUrn()),
    );
    return response;
  }),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
