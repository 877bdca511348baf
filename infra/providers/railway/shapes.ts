/** What a program writes of each Railway resource and what it gets back. The engine's Check, the package schema, the README's tables and the TypeScript
 *  classes come from here. */
import { z } from "zod";

const id = z.string().min(1);
const place = {
  projectId: id.describe("Project the object lies in."),
  environmentId: id.describe("Environment; always given, because Railway applies a call without it to all environments."),
};
const serviceId = id.describe("Service in that project.");
/** A service goes on with what it was started with, also after somebody's change was put right: only a deployment brings it back. */
const revision = "Rises with each write, also with others' that a refresh finds: put it into the instance's triggers.";
const region = "Railway's name of a region: `us-west2`, `us-east4-eqdc4a`, `europe-west4-drams3a`, `asia-southeast1-eqsg3a`.";

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
  allowDelete: z
    .boolean()
    .optional()
    .describe(
      "Whether the project may be deleted while volumes lie in it: Railway deletes them with it. Default `false`: such a delete is refused.",
    ),
});
export const ProjectOutputs = ProjectInputs.extend({
  projectId: z.string().describe("The project's id at Railway."),
  environmentId: z.string().describe("The project's primary environment."),
  workspaceId: z.string().describe("Workspace the project lies in."),
});

export const ServiceInputs = z.strictObject({
  ...place,
  name: z.string().min(1).max(32).describe("Unique in its project; also the private host name `<name>.railway.internal`."),
});
export const ServiceOutputs = ServiceInputs.extend({ serviceId: z.string().describe("The service's id at Railway.") });

export const BackupSchedule = z.enum(["DAILY", "WEEKLY", "MONTHLY"]);
export const VolumeInputs = z.strictObject({
  ...place,
  serviceId: id
    .optional()
    .describe(
      "The one service it is mounted on. Absent: on none, with all its data. What runs on the service that it leaves is stopped first.",
    ),
  mountPath: z.string().regex(/^\/.+/, 'is not an absolute path below "/"').describe("Where the service sees it."),
  sizeGB: z
    .number()
    .positive()
    .optional()
    .describe("Can only grow; the plan's default if absent. A larger volume is no difference."),
  region: z.string().min(1).optional().describe(region),
  backupSchedules: z
    .array(BackupSchedule)
    .optional()
    .describe("Railway keeps daily backups 6 days, weekly ones a month, monthly ones three. In any order; `[]` = none."),
  allowDelete: z
    .boolean()
    .optional()
    .describe("Whether the volume and its data may be deleted at all. Default `false`: every delete is refused."),
});
export const VolumeOutputs = VolumeInputs.extend({
  volumeId: z.string().describe("The volume's id at Railway."),
  volumeInstanceId: z.string().describe("The volume in this environment: backups and metrics name it by this id."),
  revision: z.number().int().describe(revision),
});

export const VariableCollectionInputs = z.strictObject({
  ...place,
  serviceId,
  variables: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name of a variable: letters, digits and _ only"), z.string())
    .describe(
      "Only these names are managed: what others set stays. Writing them deploys nothing; put a hash of them into the instance's triggers.",
    ),
});
export const VariableCollectionOutputs = VariableCollectionInputs.extend({ revision: z.number().int().describe(revision) });

export const RegistryCredentials = z.strictObject({
  username: z.string().min(1).describe("User at the image's registry."),
  password: z.string().min(1).describe("Password or token."),
});
const seconds = z.number().int().min(0).max(3600);
export const ServiceInstanceInputs = z.strictObject({
  ...place,
  serviceId,
  image: z
    .string()
    .min(1)
    .optional()
    .describe("Image reference, best by digest, so that a deployment is always the same. This or `repository`."),
  registryCredentials: RegistryCredentials.optional().describe(
    "For a private image; needs Railway's Pro plan. Never read back, so a change at Railway is not seen.",
  ),
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'is no repository: write "owner/name"')
    .optional()
    .describe("GitHub repository `owner/name` that Railway builds. This or `image`."),
  branch: z.string().min(1).optional().describe("Branch of the repository; its default branch if absent."),
  startCommand: z.string().min(1).optional().describe("Replaces the image's entry point; run without a shell."),
  region: z.string().min(1).optional().describe(region),
  replicas: z.number().int().min(1).max(200).optional().describe("Default 1 where a region is given. One only with a volume."),
  memoryGB: z.number().positive().optional().describe("Limit of each replica; the plan's if absent."),
  vCPUs: z.number().positive().optional().describe("Limit of each replica; the plan's if absent."),
  sleep: z.boolean().optional().describe("Sleeps after 5 to 10 minutes without outbound traffic; the next request wakes it."),
  healthcheckPath: z.string().startsWith("/").optional().describe("Answers 200 once the service is up."),
  healthcheckTimeoutSeconds: z.number().int().positive().optional().describe("How long a deployment may take to be healthy."),
  restartPolicy: z.enum(["ALWAYS", "NEVER", "ON_FAILURE"]).optional().describe("What happens when the process ends."),
  restartPolicyMaxRetries: z.number().int().min(0).optional().describe("Restarts before a deployment counts as crashed."),
  drainingSeconds: seconds.optional().describe("Between SIGTERM and SIGKILL of the old deployment."),
  overlapSeconds: seconds.optional().describe("How long the old deployment goes on beside the new one."),
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
    .describe(
      "Any change here makes one deployment: Railway deploys nothing for changed variables alone. The first ones are only remembered.",
    ),
});
export const ServiceInstanceOutputs = ServiceInstanceInputs.extend({
  deploymentId: z.string().describe("The last deployment this resource made."),
  undeployed: z
    .boolean()
    .optional()
    .describe("A refresh found settings saved that what runs was not started with: the next update deploys."),
  publicAddresses: z.array(z.string()).optional().describe("Domains and TCP proxies found at the last look, if there was one."),
});

export const GetProjectInputs = z.strictObject({
  projectId: z.string().min(1).optional().describe("The project's id. Exactly one of the three."),
  name: z.string().min(1).optional().describe("Its name, if only one project of the workspace has it."),
  marker: z.string().min(8).optional().describe("A word that only its description holds."),
});
export const GetProjectOutputs = z.object({
  projectId: z.string().describe("The project's id at Railway."),
  environmentId: z.string().describe("The project's primary environment."),
  workspaceId: z.string().describe("Workspace the project lies in."),
  name: z.string().describe("Its name."),
  description: z.string().describe("Its description; empty if it has none."),
});

export type ProjectInputs = z.infer<typeof ProjectInputs>;
export type ProjectOutputs = z.infer<typeof ProjectOutputs>;
export type ServiceInputs = z.infer<typeof ServiceInputs>;
export type ServiceOutputs = z.infer<typeof ServiceOutputs>;
export type BackupSchedule = z.infer<typeof BackupSchedule>;
export type VolumeInputs = z.infer<typeof VolumeInputs>;
export type VolumeOutputs = z.infer<typeof VolumeOutputs>;
export type VariableCollectionInputs = z.infer<typeof VariableCollectionInputs>;
export type VariableCollectionOutputs = z.infer<typeof VariableCollectionOutputs>;
export type ServiceInstanceInputs = z.infer<typeof ServiceInstanceInputs>;
export type ServiceInstanceOutputs = z.infer<typeof ServiceInstanceOutputs>;
export type GetProjectInputs = z.infer<typeof GetProjectInputs>;
export type GetProjectOutputs = z.infer<typeof GetProjectOutputs>;
