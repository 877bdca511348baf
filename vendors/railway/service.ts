/** Services: project-wide objects; their settings stand in the instance of each environment. */
import { z } from "zod";
import type { CallOptions, Operation, RailwayConnection } from "./graphql.ts";
import { Connection, drain, pageFields, pageSize } from "./pages.ts";
import { assertDone } from "./truth.ts";

export const Service = z.object({ id: z.string(), name: z.string(), projectId: z.string(), deletedAt: z.string().nullable() });
export type Service = z.infer<typeof Service>;
const fields = "id name projectId deletedAt";

/** Never with a source: it would deploy at once, before volume and variables exist. */
export const serviceCreate: Operation<{ serviceCreate: Service }> = {
  name: "serviceCreate",
  document: `mutation serviceCreate($input: ServiceCreateInput!) { serviceCreate(input: $input) { ${fields} } }`,
  answer: z.object({ serviceCreate: Service }),
  retry: "write",
};
export const serviceUpdate: Operation<{ serviceUpdate: Service }> = {
  name: "serviceUpdate",
  document: `mutation serviceUpdate($id: String!, $input: ServiceUpdateInput!) { serviceUpdate(id: $id, input: $input) { ${fields} } }`,
  answer: z.object({ serviceUpdate: Service }),
  retry: "idempotent",
};
export const serviceDelete: Operation<{ serviceDelete: boolean }> = {
  name: "serviceDelete",
  document:
    "mutation serviceDelete($id: String!, $environmentId: String!) { serviceDelete(id: $id, environmentId: $environmentId) }",
  answer: z.object({ serviceDelete: z.boolean() }),
  retry: "idempotent",
};
const Services = Connection(Service);
export const serviceList: Operation<{ project: { services: z.infer<typeof Services> } }> = {
  name: "services",
  document: `query services($projectId: String!, $first: Int!, $after: String) { project(id: $projectId) { services(first: $first, after: $after) ${pageFields(fields)} } }`,
  answer: z.object({ project: z.object({ services: Services }) }),
  retry: "read",
};

export function serviceCalls(connection: RailwayConnection) {
  return {
    /** An empty service; names are unique in a project. */
    async createService(
      input: { projectId: string; environmentId: string; name: string },
      options?: CallOptions,
    ): Promise<Service> {
      return (await connection.run(serviceCreate, { input }, options)).serviceCreate;
    },
    async renameService(id: string, name: string, options?: CallOptions): Promise<Service> {
      return (await connection.run(serviceUpdate, { id, input: { name } }, options)).serviceUpdate;
    },
    async deleteService(id: string, environmentId: string, options?: CallOptions): Promise<void> {
      assertDone("serviceDelete", (await connection.run(serviceDelete, { id, environmentId }, options)).serviceDelete);
    },
    /** All services of a project that are not deleted. */
    async services(projectId: string, options?: CallOptions): Promise<Service[]> {
      const all = await drain(
        async (after) => (await connection.run(serviceList, { projectId, first: pageSize, after }, options)).project.services,
      );
      return all.filter((service) => service.deletedAt === null);
    },
  };
}
