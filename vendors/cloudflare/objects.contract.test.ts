/** The lists, reads and deletions of objects.ts against Cloudflare's published definition. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { deleteObject, listObjects, objectKinds, readObject } from "./objects.ts";
import type { Send } from "./wire.ts";

const specs = resolve(import.meta.dirname, "../../../shared/specs/cloudflare");
const there = existsSync(specs);
if (!there) process.stderr.write(`skipped: Cloudflare's published definition is not at ${specs}\n`);

const Schema = z.looseObject({ $ref: z.string(), maximum: z.number(), default: z.unknown() }).partial();
const Parameter = z.looseObject({ $ref: z.string(), name: z.string(), in: z.string(), schema: Schema }).partial();
const Definition = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ parameters: z.array(Parameter).optional() }))),
  components: z.looseObject({
    parameters: z.record(z.string(), Parameter).optional(),
    schemas: z.record(z.string(), z.unknown()),
  }),
});

/** Published paths with one kind of braces, and what each method takes in its query. */
function published() {
  const operations = new Map<string, Map<string, z.infer<typeof Schema>>>();
  for (const name of ["access-apps", "access-policies-groups", "access-identity-providers", "tunnels", "dns-records"]) {
    const { paths, components } = Definition.parse(JSON.parse(readFileSync(join(specs, `${name}.openapi.json`), "utf8")));
    const last = (ref: string) => ref.split("/").at(-1) ?? "";
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { parameters = [] }] of Object.entries(methods)) {
        const whole = parameters.map((one) => (one.$ref ? (components.parameters?.[last(one.$ref)] ?? {}) : one));
        const query = whole.flatMap(({ in: where, name: parameter = "", schema = {} }) => {
          const shape = schema.$ref ? Schema.parse(components.schemas[last(schema.$ref)]) : schema;
          return where === "query" ? [[parameter, shape] as const] : [];
        });
        operations.set(`${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, ":id")}`, new Map(query));
      }
  }
  return operations;
}

describe.skipIf(!there)("Cloudflare's published definition", () => {
  const operations = there ? published() : new Map();
  const place = { accountId: "acc", zoneId: "zone" };

  test("has every list with the filters and page sizes that are asked for", async () => {
    const asked: URL[] = [];
    const send: Send = async (_method, path) => {
      asked.push(new URL(path, "http://vendor"));
      return { status: 200, headers: new Headers(), text: '{"success":true,"errors":[],"messages":[],"result":[]}' };
    };
    await listObjects(send, { ...place, comment: "fleet:prod:" });
    expect(asked).toHaveLength(objectKinds.length);
    for (const { pathname, searchParams } of asked) {
      const query = operations.get(`GET ${pathname.replace(/\/(acc|zone)\//, "/:id/")}`);
      for (const [name, value] of searchParams) {
        expect([...(query?.keys() ?? [])], pathname).toContain(name);
        const { maximum, default: usual } = query?.get(name) ?? {};
        if (name === "per_page") expect(Number(value), pathname).toBeLessThanOrEqual(maximum ?? Number(usual));
      }
    }
  });

  test.each(objectKinds)("has the reading and the deletion of one %s", async (kind) => {
    const asked: string[] = [];
    const send: Send = async (method, _path, operation) => {
      asked.push(`${method} ${operation}`);
      return { status: 200, headers: new Headers(), text: '{"success":true,"result":{"id":"x"}}' };
    };
    await readObject(send, place, { kind, id: "x" });
    await deleteObject(send, place, { kind, id: "x" });
    for (const operation of asked) expect(operations.has(operation), operation).toBe(true);
    expect(asked.map((operation) => operation.split(" ")[0])).toEqual(["GET", "DELETE"]);
  });
});
