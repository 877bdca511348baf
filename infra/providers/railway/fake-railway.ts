/** For tests: a small Railway on loopback, by operation name, with a clock whose waits pass at once. Just enough behaviour for the resources' own
 *  promises; the sandbox's emulator is another program and knows much more. */
import { createServer } from "node:http";
import { patientClock } from "../../../vendors/http/patient-clock.ts";

type Row = Record<string, unknown> & { id: string };
type Variables = Record<string, unknown> & { input?: Record<string, unknown> };
/** `lose`: the work is done and the answer lost; a text: refused with these words; `false`: a Boolean mutation says false; an answer: this
 *  data instead of the work. */
export type Fault = "lose" | "false" | { readonly refuse: string } | { readonly answer: unknown };

export interface FakeRailway {
  readonly url: string;
  readonly clock: ReturnType<typeof patientClock>;
  readonly calls: string[];
  readonly projects: Map<string, Row>;
  readonly services: Map<string, Row>;
  readonly volumes: Map<string, Row>;
  readonly backups: Map<string, Row>;
  readonly variables: Map<string, Record<string, string>>;
  readonly instances: Map<string, Row>;
  readonly deployments: Map<string, Row>;
  readonly serviceDomains: Map<string, Row>;
  /** Kinds of backup by volume instance. */
  readonly schedules: Map<string, string[]>;
  /** Staged changes by environment. */
  readonly staged: Map<string, object>;
  /** Committed changes, oldest first. */
  readonly patches: Map<string, Row>;
  /** Why the next committed changes cannot be applied: they are staged again. */
  readonly unfit: string[];
  /** Status that the next deployments reach; default SUCCESS. */
  readonly outcomes: string[];
  /** Faults for the next calls of an operation, in order. */
  fault(operation: string, ...faults: Fault[]): void;
  close(): void;
}

/** The client's deadline of a call. */
const deadlineMs = 45_000;
const startMs = Date.parse("2026-11-24T10:00:00Z");

export async function startFakeRailway(): Promise<FakeRailway> {
  const clock = patientClock(deadlineMs, startMs);
  const faults = new Map<string, Fault[]>();
  let nth = 0;
  const newId = (kind: string) => `${kind}-${++nth}`;
  const state = {
    projects: new Map<string, Row>(),
    services: new Map<string, Row>(),
    volumes: new Map<string, Row>(),
    backups: new Map<string, Row>(),
    variables: new Map<string, Record<string, string>>(),
    instances: new Map<string, Row>(),
    deployments: new Map<string, Row>(),
    serviceDomains: new Map<string, Row>(),
    schedules: new Map<string, string[]>(),
    staged: new Map<string, object>(),
    patches: new Map<string, Row>(),
    unfit: [] as string[],
    outcomes: [] as string[],
    calls: [] as string[],
  };

  const page = (rows: Iterable<Row>) => ({
    edges: [...rows].map((node) => ({ node })),
    pageInfo: { hasNextPage: false, endCursor: null },
  });
  const must = (rows: Map<string, Row>, id: unknown): Row => {
    const row = rows.get(String(id));
    if (!row) throw new Error("Not Authorized");
    return row;
  };
  const living = (id: unknown): Row => {
    const row = must(state.projects, id);
    if (row.deletedAt !== null) throw new Error("Not Authorized");
    return row;
  };
  const of = (rows: Map<string, Row>, key: string, value: unknown) => [...rows.values()].filter((row) => row[key] === value);
  const deploymentsOf = (serviceId: unknown) => of(state.deployments, "serviceId", serviceId).reverse();

  const deploy = (serviceId: unknown, environmentId: unknown, status = "SUCCESS") => {
    const at = new Date(startMs).toISOString();
    const times = { createdAt: at, updatedAt: at, statusUpdatedAt: at };
    const row = { id: newId("deployment"), status, ...times, deploymentStopped: false, serviceId, environmentId };
    state.deployments.set(row.id, row);
    return row.id;
  };

  const commit = (environmentId: unknown, patch: unknown, message: unknown, skipDeploys: boolean) => {
    const { volumes = {}, services = {} } = patch as Record<string, Record<string, Row>>;
    const lastAppliedError = state.unfit.shift() ?? null;
    const created = { id: newId("patch"), environmentId, message, createdAt: new Date(startMs).toISOString(), lastAppliedError };
    state.patches.set(created.id, created);
    const answer = `project/patches/${created.id}`;
    if (lastAppliedError !== null) {
      state.staged.set(String(environmentId), patch as object);
      return answer;
    }
    for (const [id, change] of Object.entries(volumes)) {
      const row = Object.assign(must(state.volumes, id), change);
      // Growing deploys the service by itself, also one that was stopped.
      if (!skipDeploys && deploymentsOf(row.serviceId).length > 0) deploy(row.serviceId, row.environmentId);
    }
    for (const [id, change] of Object.entries(services)) {
      for (const name of Object.keys(change.variables ?? {})) delete state.variables.get(id)?.[name];
      if (change.source) must(state.instances, id).source = change.source;
    }
    return answer;
  };

  const operations: Record<string, (variables: Variables) => unknown> = {
    apiToken: () => ({ apiToken: { workspaces: [{ id: "w1", name: "Ours" }] } }),
    projects: ({ includeDeleted }) => ({
      projects: page([...state.projects.values()].filter((row) => includeDeleted === true || row.deletedAt === null)),
    }),
    project: ({ id }) => ({ project: living(id) }),
    projectCreate({ input }) {
      const id = newId("project");
      const row = {
        isPublic: false,
        isTempProject: !input?.workspaceId,
        deletedAt: null,
        primaryEnvironmentId: `env-${id}`,
        ...input,
        id,
      };
      state.projects.set(id, row);
      return { projectCreate: row };
    },
    projectUpdate: ({ id, input }) => ({ projectUpdate: Object.assign(living(id), input) }),
    projectDelete: ({ id }) => ({ projectDelete: !!Object.assign(living(id), { deletedAt: new Date(startMs).toISOString() }) }),
    services: ({ projectId }) => ({
      project: { services: page(of(state.services, "projectId", living(projectId).id)) },
    }),
    serviceCreate({ input }) {
      const taken = [...state.services.values()].some((row) => row.name === input?.name && row.projectId === input?.projectId);
      if (taken) throw new Error("A service with this name already exists");
      const row = { ...input, deletedAt: null, id: newId("service") };
      state.services.set(row.id, row);
      state.instances.set(row.id, { id: row.id, multiRegionConfig: {} });
      return { serviceCreate: row };
    },
    serviceUpdate: ({ id, input }) => ({ serviceUpdate: Object.assign(must(state.services, id), input) }),
    serviceDelete: ({ id }) => ({ serviceDelete: state.services.delete(must(state.services, id).id) }),
    volumeInstances: ({ environmentId }) => ({
      environment: { volumeInstances: page(of(state.volumes, "environmentId", environmentId)) },
    }),
    volumeCreate({ input }) {
      const id = newId("volume");
      const sizes = { sizeMB: 5000, currentSizeMB: 100, state: "READY", isPendingDeletion: false, deletedAt: null };
      state.volumes.set(id, { region: "us-west2", ...input, ...sizes, volumeId: id, id: `instance-of-${id}` });
      return { volumeCreate: { id } };
    },
    volumeInstanceUpdate: ({ volumeId, input }) => ({
      volumeInstanceUpdate: !!Object.assign(must(state.volumes, volumeId), { serviceId: null, ...input }),
    }),
    volumeInstanceBackupScheduleList: ({ volumeInstanceId }) => ({
      volumeInstanceBackupScheduleList: (state.schedules.get(String(volumeInstanceId)) ?? []).map((kind) => ({ kind })),
    }),
    volumeInstanceBackupScheduleUpdate: ({ volumeInstanceId, kinds }) => ({
      volumeInstanceBackupScheduleUpdate: !!state.schedules.set(String(volumeInstanceId), kinds as string[]),
    }),
    volumeDelete: ({ volumeId }) => ({ volumeDelete: state.volumes.delete(String(volumeId)) }),
    volumeInstanceBackupList: ({ volumeInstanceId }) => ({
      volumeInstanceBackupList: of(state.backups, "volumeInstanceId", volumeInstanceId),
    }),
    volumeInstanceBackupCreate({ volumeInstanceId, name }) {
      const id = newId("backup");
      const createdAt = `2026-11-24T10:00:0${state.backups.size}.000Z`;
      state.backups.set(id, { id, volumeInstanceId, name, createdAt, expiresAt: "2026-12-24T10:00:00.000Z" });
      return { volumeInstanceBackupCreate: { workflowId: newId("workflow") } };
    },
    volumeInstanceBackupLock: ({ volumeInstanceBackupId }) => ({
      volumeInstanceBackupLock: !!Object.assign(must(state.backups, volumeInstanceBackupId), { expiresAt: null }),
    }),
    volumeInstanceBackupDelete({ volumeInstanceBackupId }) {
      state.backups.delete(must(state.backups, volumeInstanceBackupId).id);
      return { volumeInstanceBackupDelete: { workflowId: newId("workflow") } };
    },
    workflowStatus: () => ({ workflowStatus: { status: "Complete", error: null } }),
    environmentUnmerged: ({ environmentId }) => ({
      environment: { unmergedChangesCount: Object.keys(state.staged.get(String(environmentId)) ?? {}).length },
    }),
    environmentStagedChanges: ({ environmentId }) => ({
      environmentStagedChanges: { id: `staged-${environmentId}`, patch: state.staged.get(String(environmentId)) ?? {} },
    }),
    environmentPatches: ({ environmentId }) => ({
      environmentPatches: page(of(state.patches, "environmentId", environmentId).reverse()),
    }),
    environmentPatchCommit: ({ environmentId, patch, commitMessage }) => ({
      environmentPatchCommit: commit(environmentId, patch, commitMessage, false),
    }),
    environmentStageChanges({ environmentId, input, merge }) {
      const before = merge === true ? state.staged.get(String(environmentId)) : undefined;
      state.staged.set(String(environmentId), { ...before, ...input });
      return { environmentStageChanges: { id: `staged-${environmentId}` } };
    },
    environmentPatchCommitStaged({ environmentId, commitMessage, skipDeploys }) {
      const patch = state.staged.get(String(environmentId));
      if (!patch) throw new Error("No staged changes to commit");
      state.staged.delete(String(environmentId));
      return { environmentPatchCommitStaged: commit(environmentId, patch, commitMessage, skipDeploys === true) };
    },
    environmentPatch({ id }) {
      const lastAppliedError = state.patches.get(String(id))?.lastAppliedError ?? null;
      const isStaged = [...state.staged.keys()].some((at) => id === `staged-${at}`) || lastAppliedError !== null;
      return { environmentPatch: { id, lastAppliedError, status: isStaged ? "STAGED" : "COMMITTED" } };
    },
    variables({ serviceId }) {
      const { id } = must(state.services, serviceId);
      return { variables: { RAILWAY_SERVICE_ID: id, ...state.variables.get(id) } };
    },
    variableCollectionUpsert({ input }) {
      if (input?.skipDeploys !== true || input.replace !== false) throw new Error("this fake was promised quiet upserts");
      const id = String(input.serviceId);
      state.variables.set(id, { ...state.variables.get(id), ...(input.variables as Record<string, string>) });
      return { variableCollectionUpsert: true };
    },
    serviceInstance({ serviceId }) {
      const row = must(state.instances, must(state.services, serviceId).id);
      const blank = { startCommand: null, sleepApplication: null, healthcheckPath: null, healthcheckTimeout: null };
      const times = { drainingSeconds: null, overlapSeconds: null };
      const defaults = { ...blank, ...times, restartPolicyType: "ON_FAILURE", restartPolicyMaxRetries: 10 };
      const source = row.source ? { image: null, repo: null, ...row.source } : null;
      const deploy = { multiRegionConfig: row.multiRegionConfig };
      return {
        serviceInstance: { ...defaults, ...row, source, latestDeployment: deploymentsOf(serviceId)[0] ?? null },
        serviceInstanceLimitOverride: row.limits ?? null,
        environment: { config: { services: { [String(serviceId)]: { source: row.source, deploy } } } },
        domains: { customDomains: [], serviceDomains: of(state.serviceDomains, "serviceId", serviceId) },
        tcpProxies: [],
      };
    },
    serviceInstanceUpdate({ serviceId, input }) {
      if (input?.healthcheckPath && deploymentsOf(serviceId).length === 0) throw new Error("Invalid input");
      Object.assign(must(state.instances, serviceId), input);
      return { serviceInstanceUpdate: true };
    },
    serviceInstanceLimitsUpdate({ input }) {
      const { memoryGB, vCPUs } = input as { memoryGB: number | null; vCPUs: number | null };
      must(state.instances, input?.serviceId).limits = { containers: { cpu: vCPUs, memoryBytes: memoryGB && memoryGB * 1e9 } };
      return { serviceInstanceLimitsUpdate: true };
    },
    serviceInstanceDeployV2: ({ serviceId, environmentId }) => ({
      serviceInstanceDeployV2: deploy(serviceId, environmentId, state.outcomes.shift()),
    }),
    deployments: ({ input }) => ({ deployments: page(deploymentsOf(input?.serviceId)) }),
    deployment: ({ id }) => ({ deployment: must(state.deployments, id) }),
    deploymentStop: ({ id }) => ({ deploymentStop: !!Object.assign(must(state.deployments, id), { deploymentStopped: true }) }),
    serviceDomainDelete: ({ id }) => ({ serviceDomainDelete: state.serviceDomains.delete(String(id)) }),
  };

  const server = createServer(async (incoming, response) => {
    let text = "";
    for await (const chunk of incoming) text += chunk;
    const body = JSON.parse(text) as { operationName: string; variables: Variables };
    const name = body.operationName;
    state.calls.push(name);
    const fault = faults.get(name)?.shift();
    const send = (answer: unknown) => response.end(JSON.stringify(answer));
    const refuse = (message: string) =>
      send({ data: null, errors: [{ message, extensions: { code: "INTERNAL_SERVER_ERROR" } }] });
    if (typeof fault === "object") return "refuse" in fault ? refuse(fault.refuse) : send({ data: fault.answer });
    if (fault === "false") return send({ data: { [name]: false } });
    try {
      const data = operations[name]?.(body.variables);
      if (fault === "lose") return void response.destroy();
      send(data ? { data } : { errors: [{ message: `the fake has no ${name}` }] });
    } catch (error) {
      refuse(error instanceof Error ? error.message : String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    ...state,
    clock,
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/graphql/v2`,
    fault: (operation, ...more) => faults.set(operation, [...(faults.get(operation) ?? []), ...more]),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
