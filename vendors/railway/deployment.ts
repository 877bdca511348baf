/** Deployments: exactly one is made on purpose; their status is polled. Never selects `Deployment.service`, which can fail the whole query. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { Connection, drain, pageFields, pageSize } from "./pages.ts";
import { assertDone } from "./truth.ts";

export const deploymentFields = "id status createdAt updatedAt statusUpdatedAt deploymentStopped serviceId environmentId";
export const Deployment = z.object({
  id: z.string(),
  /** A name of the schema's DeploymentStatus; text, because new ones appear. */
  status: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
  statusUpdatedAt: z.string().nullable(),
  deploymentStopped: z.boolean(),
  serviceId: z.string().nullable(),
  environmentId: z.string(),
});
export type Deployment = z.infer<typeof Deployment>;

export const serviceInstanceDeployV2: Operation<{ serviceInstanceDeployV2: string }> = {
  name: "serviceInstanceDeployV2",
  document:
    "mutation serviceInstanceDeployV2($serviceId: String!, $environmentId: String!) { serviceInstanceDeployV2(serviceId: $serviceId, environmentId: $environmentId) }",
  answer: z.object({ serviceInstanceDeployV2: z.string() }),
  retry: "write",
};
export const deploymentGet: Operation<{ deployment: Deployment }> = {
  name: "deployment",
  document: `query deployment($id: String!) { deployment(id: $id) { ${deploymentFields} } }`,
  answer: z.object({ deployment: Deployment }),
  retry: "read",
};
const Deployments = Connection(Deployment);
export const deploymentList: Operation<{ deployments: z.infer<typeof Deployments> }> = {
  name: "deployments",
  document: `query deployments($input: DeploymentListInput!, $first: Int!, $after: String) { deployments(input: $input, first: $first, after: $after) ${pageFields(deploymentFields)} }`,
  answer: z.object({ deployments: Deployments }),
  retry: "read",
};
export const deploymentStop: Operation<{ deploymentStop: boolean }> = {
  name: "deploymentStop",
  document: "mutation deploymentStop($id: String!) { deploymentStop(id: $id) }",
  answer: z.object({ deploymentStop: z.boolean() }),
  retry: "idempotent",
};

/** Statuses of deployments that neither serve nor will. */
export const endedStatuses: readonly string[] = ["FAILED", "CRASHED", "REMOVED", "REMOVING", "SKIPPED", "NEEDS_APPROVAL"];

/** Where a status leads: asleep is healthy, and statuses that are not known yet are waited on. */
export function outcomeOf(status: string): "up" | "failed" | "underway" {
  if (status === "SUCCESS" || status === "SLEEPING") return "up";
  return endedStatuses.includes(status) ? "failed" : "underway";
}

/** Whether the deployment serves, sleeps or is on its way there; one that was stopped keeps its status. */
export function isRunning({ status, deploymentStopped }: Pick<Deployment, "status" | "deploymentStopped">): boolean {
  return !deploymentStopped && outcomeOf(status) !== "failed";
}

export interface DeploymentScope {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
  /** Those of deleted services and projects too. */
  readonly includeDeleted?: boolean;
  /** Without those of these statuses. */
  readonly notIn?: readonly string[];
}

export function deploymentCalls(connection: RailwayConnection) {
  return {
    /** Deploys what is saved; answers the deployment's id. */
    async deploy(place: { serviceId: string; environmentId: string }, options?: CallOptions): Promise<string> {
      const { serviceId, environmentId } = place;
      return (await connection.run(serviceInstanceDeployV2, { serviceId, environmentId }, options)).serviceInstanceDeployV2;
    },
    async deployment(id: string, options?: CallOptions): Promise<Deployment> {
      return (await connection.run(deploymentGet, { id }, options)).deployment;
    },
    /** A service's deployments, removed ones too, newest first as Railway lists them. */
    async deployments(scope: DeploymentScope, options?: CallOptions): Promise<Deployment[]> {
      const { projectId, environmentId, serviceId, includeDeleted, notIn } = scope;
      const place = { projectId, environmentId, serviceId };
      const input = { ...place, ...(includeDeleted && { includeDeleted }), ...(notIn && { status: { notIn } }) };
      return drain(
        async (after) => (await connection.run(deploymentList, { input, first: pageSize, after }, options)).deployments,
      );
    },
    async stopDeployment(id: string, options?: CallOptions): Promise<void> {
      assertDone("deploymentStop", (await connection.run(deploymentStop, { id }, options)).deploymentStop);
    },
  };
}
