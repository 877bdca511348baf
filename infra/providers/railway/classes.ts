/** The Railway resources as a Pulumi program uses them: `new railway.Volume(name, args, options)`. */
import type * as pulumi from "@pulumi/pulumi";
import { CustomResource, ProviderResource, runtime, secret } from "@pulumi/pulumi";
import type {
  GetProjectInputs,
  GetProjectOutputs,
  ProjectInputs,
  ServiceInputs,
  ServiceInstanceInputs,
  VariableCollectionInputs,
  VolumeInputs,
} from "./shapes.ts";
import type { VolumeBackupInputs } from "./volume-backup-shapes.ts";

/** Arguments as a program writes them: any value may be an output of another resource. */
type Args<Inputs> = { readonly [Key in keyof Inputs]: pulumi.Input<Inputs[Key]> };

export type ProjectArgs = Args<ProjectInputs>;
export type ServiceArgs = Args<ServiceInputs>;
export type VolumeArgs = Args<VolumeInputs>;
export type VolumeBackupArgs = Args<VolumeBackupInputs>;
export type ServiceInstanceArgs = Args<Omit<ServiceInstanceInputs, "triggers">> & {
  readonly triggers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
};
export type VariableCollectionArgs = Args<Omit<VariableCollectionInputs, "variables">> & {
  readonly variables: pulumi.Input<Record<string, pulumi.Input<string>>>;
};

export interface ProviderArgs {
  /** Account or workspace token; RAILWAY_API_TOKEN if absent. Secret, but it lies encrypted in state: prefer the environment. */
  readonly token?: pulumi.Input<string>;
  /** RAILWAY_API_URL, else Railway's own, if absent. */
  readonly apiUrl?: pulumi.Input<string>;
  /** RAILWAY_WORKSPACE_ID, else the token's only workspace, if absent. */
  readonly workspaceId?: pulumi.Input<string>;
}

/** A provider with its own configuration, for programs that work in several workspaces. */
export class Provider extends ProviderResource {
  constructor(name: string, args: ProviderArgs = {}, options?: pulumi.ResourceOptions) {
    super("railway", name, { ...args, ...(args.token !== undefined && { token: secret(args.token) }) }, options);
  }
}

/** A project with its one environment. */
export class Project extends CustomResource {
  static readonly __pulumiType = "railway:index:Project";
  declare readonly projectId: pulumi.Output<string>;
  declare readonly environmentId: pulumi.Output<string>;
  declare readonly workspaceId: pulumi.Output<string>;
  constructor(name: string, args: ProjectArgs, options?: pulumi.CustomResourceOptions) {
    super(Project.__pulumiType, name, withOutputs(args, ["projectId", "environmentId", "workspaceId"]), options);
  }
  static override isInstance(value: unknown): value is Project {
    return isOfType(value, Project.__pulumiType);
  }
}

/** An empty service: it has no source and deploys nothing until its instance is configured. */
export class Service extends CustomResource {
  static readonly __pulumiType = "railway:index:Service";
  declare readonly name: pulumi.Output<string>;
  declare readonly serviceId: pulumi.Output<string>;
  constructor(name: string, args: ServiceArgs, options?: pulumi.CustomResourceOptions) {
    super(Service.__pulumiType, name, withOutputs(args, ["serviceId"]), options);
  }
  static override isInstance(value: unknown): value is Service {
    return isOfType(value, Service.__pulumiType);
  }
}

/** A volume that lives longer than its service: never replaced, grows only. */
export class Volume extends CustomResource {
  static readonly __pulumiType = "railway:index:Volume";
  declare readonly volumeId: pulumi.Output<string>;
  declare readonly volumeInstanceId: pulumi.Output<string>;
  declare readonly revision: pulumi.Output<number>;
  constructor(name: string, args: VolumeArgs, options?: pulumi.CustomResourceOptions) {
    super(Volume.__pulumiType, name, withOutputs(args, ["volumeId", "volumeInstanceId", "revision"]), options);
  }
  static override isInstance(value: unknown): value is Volume {
    return isOfType(value, Volume.__pulumiType);
  }
}

/** A locked backup of a volume, made once. */
export class VolumeBackup extends CustomResource {
  static readonly __pulumiType = "railway:index:VolumeBackup";
  declare readonly backupId: pulumi.Output<string>;
  declare readonly createdAt: pulumi.Output<string>;
  constructor(name: string, args: VolumeBackupArgs, options?: pulumi.CustomResourceOptions) {
    super(VolumeBackup.__pulumiType, name, withOutputs(args, ["backupId", "createdAt"]), options);
  }
  static override isInstance(value: unknown): value is VolumeBackup {
    return isOfType(value, VolumeBackup.__pulumiType);
  }
}

/** Variables of a service; values are always secret. */
export class VariableCollection extends CustomResource {
  static readonly __pulumiType = "railway:index:VariableCollection";
  declare readonly variables: pulumi.Output<Record<string, string>>;
  declare readonly revision: pulumi.Output<number>;
  constructor(name: string, args: VariableCollectionArgs, options: pulumi.CustomResourceOptions = {}) {
    const additionalSecretOutputs = [...(options.additionalSecretOutputs ?? []), "variables"];
    const inputs = { ...args, variables: secret(args.variables), revision: undefined };
    super(VariableCollection.__pulumiType, name, inputs, { ...options, additionalSecretOutputs });
  }
  static override isInstance(value: unknown): value is VariableCollection {
    return isOfType(value, VariableCollection.__pulumiType);
  }
}

/** A service's settings in one environment, and its deployment. */
export class ServiceInstance extends CustomResource {
  static readonly __pulumiType = "railway:index:ServiceInstance";
  declare readonly image: pulumi.Output<string | undefined>;
  declare readonly deploymentId: pulumi.Output<string>;
  declare readonly undeployed: pulumi.Output<boolean | undefined>;
  declare readonly publicAddresses: pulumi.Output<string[] | undefined>;
  constructor(name: string, args: ServiceInstanceArgs, options?: pulumi.CustomResourceOptions) {
    const { registryCredentials, ...plain } = args;
    const inputs = { ...plain, ...(registryCredentials !== undefined && { registryCredentials: secret(registryCredentials) }) };
    super(ServiceInstance.__pulumiType, name, withOutputs(inputs, ["deploymentId", "undeployed", "publicAddresses"]), options);
  }
  static override isInstance(value: unknown): value is ServiceInstance {
    return isOfType(value, ServiceInstance.__pulumiType);
  }
}

export type GetProjectArgs = Args<GetProjectInputs>;

/** A project that exists already; rejects unless exactly one fits. */
export function getProject(args: GetProjectInputs, options?: pulumi.InvokeOptions): Promise<GetProjectOutputs> {
  return runtime.invoke("railway:index:getProject", args, options);
}

/** The same for arguments that are outputs. */
export function getProjectOutput(args: GetProjectArgs, options?: pulumi.InvokeOutputOptions): pulumi.Output<GetProjectOutputs> {
  return runtime.invokeOutput("railway:index:getProject", args, options);
}

/** Outputs must be named when the resource is registered, so that they exist (unknown) in preview. */
function withOutputs(args: object, outputs: readonly string[]): Record<string, unknown> {
  return { ...args, ...Object.fromEntries(outputs.map((name) => [name, undefined])) };
}

function isOfType(value: unknown, type: string): boolean {
  return typeof value === "object" && value !== null && "__pulumiType" in value && value.__pulumiType === type;
}
