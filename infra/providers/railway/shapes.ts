/** What a program writes of each Railway resource and what it gets back. The engine's Check, the package schema and the TypeScript classes come from here. */
import { z } from "zod";

const id = z.string().min(1);
const place = {
  projectId: id.describe("Project the object lies in."),
  environmentId: id.describe("Environment; always given, because Railway applies a call without it to all environments."),
};
/** A service goes on with what it was started with, also after somebody's change was put right: only a deployment brings it back. */
const revision = "Rises with each write, also when it repairs drift: put it into the instance's triggers.";

export const ProjectInputs = z.strictObject({
  name: z.string().min(1).describe("Shown in Railway; not unique there."),
  description: z.string().describe("Free text; holds the marker, if there is one."),
  marker: z
    .string()
    .min(8)
    .optional()
    .describe(
      "A text that only this project's description holds. With it, a project that already carries it is adopted; without it, nothing is.",
    ),
});
export const ProjectOutputs = ProjectInputs.extend({
  projectId: z.string(),
  environmentId: z.string().describe("The project's primary environment."),
  workspaceId: z.string(),
});

export const ServiceInputs = z.strictObject({
  ...place,
  name: z.string().min(1).max(32).describe("Unique in its project; also the private host name `<name>.railway.internal`."),
});
export const ServiceOutputs = ServiceInputs.extend({ serviceId: z.string() });

export const VolumeInputs = z.strictObject({
  ...place,
  serviceId: id
    .optional()
    .describe(
      "The one service it is mounted on. Absent: on none, with all its data; what runs on the service that it was on is stopped first.",
    ),
  mountPath: z.string().regex(/^\/.+/, 'is not an absolute path below "/"'),
  sizeGB: z.number().positive().optional().describe("Can only grow; the plan's default if absent."),
  region: z.string().min(1).optional(),
});
export const VolumeOutputs = VolumeInputs.extend({
  volumeId: z.string(),
  volumeInstanceId: z.string(),
  revision: z.number().int().describe(revision),
});

export const VariableCollectionInputs = z.strictObject({
  ...place,
  serviceId: id,
  variables: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .describe(
      "Only these names are managed: what others set stays. Writing them deploys nothing; put a hash of them into the instance's triggers.",
    ),
});
export const VariableCollectionOutputs = VariableCollectionInputs.extend({ revision: z.number().int().describe(revision) });

export const ServiceInstanceInputs = z.strictObject({
  ...place,
  serviceId: id,
  image: z.string().min(1).describe("Image reference; by digest, so that a deployment is always the same."),
  startCommand: z.string().min(1).optional().describe("Replaces the image's entry point; run without a shell."),
  region: z.string().min(1).optional(),
  memoryGB: z.number().positive().optional(),
  vCPUs: z.number().positive().optional(),
  sleep: z.boolean().optional().describe("Sleeps after 5 to 10 minutes without outbound traffic; the next request wakes it."),
  healthcheckPath: z.string().startsWith("/").optional(),
  healthcheckTimeoutSeconds: z.number().int().positive().optional(),
  restartPolicy: z.enum(["ALWAYS", "NEVER", "ON_FAILURE"]).optional(),
  restartPolicyMaxRetries: z.number().int().min(0).optional(),
  running: z
    .boolean()
    .optional()
    .describe(
      "`true`: a deployment that was stopped, was removed or has failed shows as drift, and the next update deploys. `false`: nothing runs. Left alone if absent.",
    ),
  publicAddress: z
    .enum(["forbid", "ignore"])
    .optional()
    .describe(
      "`forbid`: no domain and no TCP proxy may exist; one that a person added shows as drift and is removed by the next update. Default `ignore`.",
    ),
  triggers: z
    .record(z.string(), z.string())
    .optional()
    .describe("Any change here makes one deployment: Railway deploys nothing for changed variables alone."),
});
export const ServiceInstanceOutputs = ServiceInstanceInputs.extend({
  deploymentId: z.string().describe("The last deployment this resource made."),
  publicAddresses: z
    .array(z.string())
    .describe("Domains and TCP proxies found at the last look, if `publicAddress` is `forbid`."),
});

export type ProjectInputs = z.infer<typeof ProjectInputs>;
export type ProjectOutputs = z.infer<typeof ProjectOutputs>;
export type ServiceInputs = z.infer<typeof ServiceInputs>;
export type ServiceOutputs = z.infer<typeof ServiceOutputs>;
export type VolumeInputs = z.infer<typeof VolumeInputs>;
export type VolumeOutputs = z.infer<typeof VolumeOutputs>;
export type VariableCollectionInputs = z.infer<typeof VariableCollectionInputs>;
export type VariableCollectionOutputs = z.infer<typeof VariableCollectionOutputs>;
export type ServiceInstanceInputs = z.infer<typeof ServiceInstanceInputs>;
export type ServiceInstanceOutputs = z.infer<typeof ServiceInstanceOutputs>;
