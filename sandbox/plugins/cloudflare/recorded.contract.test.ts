import { describe, expect, test } from "vitest";
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { sameJson } from "./json.ts";
import { firstWish, type Ids, type Row, recordedProgram, recordedRows, type Wish } from "./recorded-edge.ts";
import { recordedServer } from "./recorded-server.ts";
import { resources } from "./resources.ts";

const rows = recordedRows();
const call = { signal: new AbortController().signal, log: () => {} };

interface Kept {
  readonly type: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly state: Properties;
}

function resource(type: string) {
  const found = resources.find(({ token }) => token.endsWith(`:${type}`));
  if (!found) throw new Error(`the stand-in has no ${type}`);
  return found;
}

/** An engine over the recorded program: every request must be one of the current phase's rows, and every row must be asked for once. */
async function replay() {
  let open: Row[] = [];
  const server = await recordedServer(({ method, path, body }) => {
    const at = open.findIndex((row) => row.method === method && row.path === path && exactly(row.body) === exactly(body));
    const row = open[at];
    if (!row) return { status: 400 };
    open.splice(at, 1);
    return { result: row.answer };
  });
  const kept = new Map<string, Kept>();
  const idOf = (name: string) => kept.get(name)?.id ?? "";
  const ids: Ids = {
    ...{ otp: "", google: "", github: "", workspace: "", members: "", open: "", tunnel: "", aud: "" },
  };
  const live: Ids = new Proxy(ids, {
    get: (_, name) => (name === "aud" ? kept.get("app")?.state.aud : idOf(String(name))),
  });
  const inPhase = async (phase: string, work: () => Promise<void>) => {
    open = rows.filter((row) => row.phase === phase);
    server.requests.length = 0;
    await work().catch((error: unknown) => {
      throw new Error(
        `${phase}: sent ${JSON.stringify(server.requests.at(-1), undefined, 1)}, expected one of ${open.map(exactly).join("\n")}`,
        {
          cause: error,
        },
      );
    });
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  };
  const up = async (wish: Wish) => {
    for (const [name, { type, inputs: make }] of Object.entries(recordedProgram(wish, live))) {
      const inputs = make();
      const before = kept.get(name);
      const state = before ? { ...before.inputs, ...before.state } : {};
      if (before && sameJson(before.inputs, inputs)) continue;
      const done = before
        ? { id: before.id, state: await resource(type).update(before.id, state, inputs, server.api, call, before.inputs) }
        : await resource(type).create(inputs, server.api, call);
      kept.set(name, { type, inputs, ...done });
    }
  };
  const refresh = async () => {
    for (const [name, one] of kept) {
      const found = await resource(one.type).read(one.id, server.api, call, one);
      if (found) kept.set(name, { type: one.type, ...found });
    }
  };
  const destroy = async () => {
    for (const { type, id, inputs, state } of [...kept.values()].reverse())
      await resource(type).delete(id, { ...inputs, ...state }, server.api, call);
  };
  return { inPhase, up, refresh, destroy, kept, server };
}

/** The text of a body with the order of its keys taken out; an explicit null stays. */
function exactly(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort())
      : inner,
  );
}

describe.skipIf(rows.length === 0)("held to the recorded requests of the real provider", () => {
  test("a tenant's edge is made, read, changed, renamed and destroyed by exactly the recorded requests", async () => {
    const { inPhase, up, refresh, destroy, kept, server } = await replay();
    const steps: [string, Partial<Wish>][] = [
      ["update-A", { members: ["ann@example.com"] }],
      ["update-B", { decision: "deny", denyMessage: "This site is closed." }],
      ["update-C", { session: "12h" }],
      ["update-D", { admin: true }],
      ["rename", { host: "acme2.example.com" }],
    ];
    await inPhase("create", () => up(firstWish));
    await inPhase("second up, which sends nothing", () => up(firstWish));
    expect(server.requests).toEqual([]);
    const before = new Map([...kept].map(([name, { inputs }]) => [name, inputs]));
    await inPhase("refresh", refresh);
    expect(new Map([...kept].map(([name, { inputs }]) => [name, inputs]))).toEqual(before);
    let wish = firstWish;
    for (const [phase, change] of steps) {
      wish = { ...wish, ...change };
      await inPhase(phase, () => up(wish));
    }
    await inPhase("refresh-after-rename", refresh);
    await inPhase("up after the refresh, which sends nothing", () => up(wish));
    await inPhase("destroy", destroy);
  });

  const drifted: Ids = {
    ...{ otp: "05aed700-ad29-4503-a0bd-ecbe587b14f1", google: "8f0534ff-6cb5-4eec-a85a-597f6bfdf712" },
    ...{ github: "651bbd6d-bf7b-4548-ad21-1e4820526d18", workspace: "fe3979fe-2d43-47a6-ae63-262b53a96b01" },
    ...{ members: "e7f072e8-b8eb-4409-a774-61f666f49f7d", open: "baefcef8-b1e7-4311-a8cf-5b41c208a924" },
    tunnel: "bee95ea8-7c7c-4866-ad13-e86fdff7e45f",
    aud: "351a091919eac3c2334608edc5d2849fe256b4c5783c2285e4b8f3e328d125fa",
  };
  const drifts = [...new Set(rows.filter(({ phase }) => phase.startsWith("drift-refresh-")).map(({ phase }) => phase.slice(14)))];
  test.each(drifts)("what Cloudflare changed by itself is written back as the real provider does it: %s", async (name) => {
    const refreshes = rows.filter(({ phase }) => phase === `drift-refresh-${name}`);
    const ups = rows.filter(({ phase }) => phase === `drift-up-${name}`);
    const { api, requests } = await recordedServer(({ method, path }) => ({
      result: (method === "GET" ? refreshes : ups).find((row) => row.path === path)?.answer,
      ...(method !== "GET" && !ups.some((row) => row.path === path) && { status: 400 }),
    }));
    for (const row of refreshes) {
      const program = Object.values(recordedProgram(firstWish, drifted)).filter(({ type }) => type === row.type);
      const inputs = program.map((one) => one.inputs()).find((one) => one.name === undefined || one.name === nameOf(row.answer));
      if (!inputs) throw new Error(`the recorded program has no ${row.type} ${nameOf(row.answer)}`);
      const id =
        row.path
          .replace(/\/configurations$/, "")
          .split("/")
          .at(-1) ?? "";
      const found = await resource(row.type).read(id, api, call, { inputs, state: {} });
      if (!found || sameJson(found.inputs, inputs)) continue;
      await resource(row.type).update(id, { ...found.inputs, ...found.state }, inputs, api, call, found.inputs);
    }
    const sent = requests.filter(({ method }) => method !== "GET");
    expect(sent.map(({ path, body }) => `${path} ${exactly(body)}`).sort()).toEqual(
      ups.map(({ path, body }) => `${path} ${exactly(body)}`).sort(),
    );
  });

  test("an import sends one read, and an update only where the program says something else", async () => {
    const phase = rows.filter(({ phase }) => phase === "import-option");
    const answers = new Map(phase.filter(({ method }) => method === "GET").map((row) => [row.path, row]));
    const puts = phase.filter(({ method }) => method === "PUT");
    const { api, requests } = await recordedServer(({ method, path }) => ({
      result: (method === "GET" ? answers.get(path) : puts.find((row) => row.path === path))?.answer,
    }));
    const imported: Ids = {
      ...{ otp: "59fa4ba6-e74f-4d6a-a22f-b7ed51501c1f", google: "8db879dd-98be-4d15-a9ff-2d397582897f" },
      ...{ github: "bb2142b1-6687-4673-a8d0-690645507020", workspace: "59fa4ba6-e74f-4d6a-a22f-b7ed51501c1f" },
      ...{ members: "96fa79af-8f31-4988-a64a-5a6dfb1cc6d7", open: "", tunnel: "", aud: "" },
    };
    const idps = [
      "e1236895-963d-489e-a0f8-d40755b62464",
      "8db879dd-98be-4d15-a9ff-2d397582897f",
      imported.github,
      imported.workspace,
    ];
    for (const { type, path } of answers.values()) {
      const program = recordedProgram(firstWish, imported)[type === "ZeroTrustAccessPolicy" ? "members" : "app"]?.inputs() ?? {};
      const inputs = { ...program, ...("allowedIdps" in program && { allowedIdps: idps }) };
      const id = path.split("/").at(-1);
      const found = await resource(type).read(type === "ZeroTrustAccessPolicy" ? `acc/${id}` : `accounts/acc/${id}`, api, call);
      if (!found) throw new Error(`${path} was not found`);
      await resource(type).update(found.id, { ...found.inputs, ...found.state }, inputs, api, call, found.inputs);
    }
    const sent = requests.filter(({ method }) => method !== "GET");
    expect(requests.length - sent.length).toBe(answers.size);
    expect(sent.map(({ path, body }) => `${path} ${exactly(body)}`)).toEqual(
      puts.map(({ path, body }) => `${path} ${exactly(body)}`),
    );
  });

  const faults = [
    ...new Set(rows.filter(({ phase }) => phase.startsWith("fault-")).map(({ phase, type }) => `${phase} ${type}`)),
  ];
  test.each(faults)("a fault is retried, or not, as by the real provider: %s", async (name) => {
    const group = rows.filter(({ phase, type }) => `${phase} ${type}` === name);
    let at = 0;
    const { api, requests, clock } = await recordedServer(() => {
      const row = group[at++];
      return {
        status: row?.status,
        result: row?.answer,
        lost: row?.answer_lost,
        ...(name.includes("429-retry-after") && row?.status === 429 && { retryAfter: "3" }),
      };
    });
    const [first] = group;
    if (!first) throw new Error("a fault without rows");
    const failed = await api.call(first.method, first.path, first.body, call.signal).then(
      () => false,
      () => true,
    );
    expect(failed).toBe((group.at(-1)?.status ?? 200) >= 400);
    expect(requests.map(({ retry }) => Number(retry))).toEqual(group.map(({ retry }) => retry ?? 0));
    expect(requests.map(({ body }) => exactly(body))).toEqual(group.map(({ body }) => exactly(body)));
    group.slice(1).forEach(({ after_s: recorded = 0 }, index) => {
      const ours = (clock.sleeps[index] ?? 0) / 1000;
      // The real provider takes up to a quarter off, at random.
      expect(recorded).toBeGreaterThanOrEqual(ours * 0.75 - 0.05);
      expect(recorded).toBeLessThanOrEqual(ours + 0.5);
    });
  });
});

function nameOf(answer: unknown): unknown {
  return typeof answer === "object" && answer !== null && "name" in answer ? answer.name : undefined;
}
