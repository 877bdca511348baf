/** The function `getProject`: a project that lies in the workspace already, read and never managed. */
import { OperatorError } from "../../../domain/error.ts";
import type { Project } from "../../../vendors/railway/project.ts";
import type { Call, ProviderFunction } from "../shell/resource.ts";
import type { RailwayContext } from "./context.ts";
import { holdsMarker, outputsOf } from "./project.ts";
import { GetProjectInputs, GetProjectOutputs } from "./shapes.ts";

/** Rejects with OperatorError unless exactly one project fits. */
export const getProject: ProviderFunction<GetProjectInputs, RailwayContext> = {
  token: "railway:index:getProject",
  description: "Reads a project by its id, its name or the marker in its description.",
  inputs: GetProjectInputs,
  outputs: GetProjectOutputs,
  async run(inputs, context, call) {
    const found = await find(inputs, context, call);
    return { ...outputsOf(found), name: found.name, description: found.description ?? "" } satisfies GetProjectOutputs;
  },
};

async function find(inputs: GetProjectInputs, { railway }: RailwayContext, call: Call): Promise<Project> {
  const { projectId, name, marker } = inputs;
  const given = [projectId, name, marker].filter((value) => value !== undefined);
  if (given.length !== 1) throw new OperatorError("getProject: write exactly one of projectId, name and marker");
  // Who names an id has just made it, or knows it: what reads as absent is the read lag.
  if (projectId !== undefined) return railway.project(projectId, { ...call, expectExists: true });
  const fits = (project: Project) =>
    marker === undefined ? project.name === name : holdsMarker(project.description ?? "", marker);
  const all = (await railway.projects(call)).filter(fits);
  const [only] = all;
  if (only && all.length === 1) return only;
  const ids = all.map((project) => `${project.id} (${project.name})`).join(", ");
  const which = marker === undefined ? `named ${name}` : `marked ${marker}`;
  throw new OperatorError(
    `getProject: ${all.length} Railway projects of the workspace are ${which}${ids ? `: ${ids}. Name one by projectId` : ""}`,
  );
}
