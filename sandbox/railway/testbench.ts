/** For the tests beside this file: an emulator with a clock in the hand, and questions asked over its own HTTP handler. */
import { seededRandom } from "../random.ts";
import { createRailway, type RailwayOptions, sandboxWorkspaceId } from "./railway.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: {
    data?: unknown;
    errors?: { message: string; path?: unknown; extensions: { code: string }; traceId: string }[];
  };
}

export interface Instance {
  readonly projectId: string;
  readonly environmentId: string;
  readonly serviceId: string;
}

export const startMs = Date.parse("2026-11-01T00:00:00Z");

export function bench(options: RailwayOptions = {}) {
  const clock = { atMs: startMs, now: () => clock.atMs };
  const random = seededRandom(7);
  const railway = createRailway({ clock, random }, options);

  /** Moves the clock as the sandbox does: every event of the emulator at its own time. */
  function advanceTo(atMs: number): void {
    for (let due = railway.nextDue(); due !== undefined && due <= atMs; due = railway.nextDue()) {
      clock.atMs = Math.max(clock.atMs, due);
      railway.runDue();
    }
    clock.atMs = atMs;
  }

  async function send(
    query: string,
    variables: object = {},
    extra: { headers?: Record<string, string>; url?: string } = {},
  ): Promise<Answer> {
    const request = new Request(extra.url ?? "http://railway.test/graphql/v2?source=test", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(extra.headers ?? { Authorization: "Bearer sandbox-railway-token" }) },
      body: JSON.stringify({ query, variables }),
    });
    const response = await railway.fetch(request);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text.startsWith("{") ? JSON.parse(text) : {} };
  }

  /** The one root field's value; throws what Railway said when it refused. */
  async function ask<Value = never>(query: string, variables: object = {}, token = "sandbox-railway-token"): Promise<Value> {
    const { body } = await send(query, variables, { headers: { Authorization: `Bearer ${token}` } });
    if (body.errors) throw new Error(body.errors.map((error) => error.message).join("; "));
    return Object.values(body.data as Record<string, Value>)[0] as Value;
  }

  const advance = (ms: number) => advanceTo(clock.atMs + ms);
  const minutes = (count: number) => advance(count * 60_000);

  async function project(name = "acme"): Promise<{ projectId: string; environmentId: string }> {
    const made = await ask<{ id: string; primaryEnvironmentId: string }>(
      "mutation ($input: ProjectCreateInput!) { projectCreate(input: $input) { id primaryEnvironmentId } }",
      { input: { name, workspaceId: sandboxWorkspaceId } },
    );
    advance(2_000);
    return { projectId: made.id, environmentId: made.primaryEnvironmentId };
  }

  async function service(place: { projectId: string; environmentId: string }, name = "app"): Promise<Instance> {
    const { projectId, environmentId } = place;
    const made = await ask<{ id: string }>("mutation ($input: ServiceCreateInput!) { serviceCreate(input: $input) { id } }", {
      input: { projectId, environmentId, name },
    });
    advance(2_000);
    return { projectId, environmentId, serviceId: made.id };
  }

  const update = ({ serviceId, environmentId }: Instance, input: object) =>
    ask<boolean>(
      "mutation ($s: String!, $e: String!, $input: ServiceInstanceUpdateInput!) { serviceInstanceUpdate(serviceId: $s, environmentId: $e, input: $input) }",
      { s: serviceId, e: environmentId, input },
    );

  const deploy = ({ serviceId, environmentId }: Instance) =>
    ask<string>("mutation ($s: String!, $e: String!) { serviceInstanceDeployV2(serviceId: $s, environmentId: $e) }", {
      s: serviceId,
      e: environmentId,
    });

  /** A service that runs an image; ends when the deployment is up. */
  async function running(
    place: { projectId: string; environmentId: string },
    name: string,
    input: object,
  ): Promise<Instance & { deploymentId: string }> {
    const instance = await service(place, name);
    await update(instance, { source: { image: "ghcr.io/ai-diy/app@sha256:1" }, ...input });
    const deploymentId = await deploy(instance);
    advance(41_000);
    return { ...instance, deploymentId };
  }

  const status = (id: string) =>
    ask<{ status: string }>("query ($id: String!) { deployment(id: $id) { status } }", { id }).then((row) => row.status);

  return { railway, random, clock, send, ask, advance, advanceTo, minutes, project, service, update, deploy, running, status };
}
