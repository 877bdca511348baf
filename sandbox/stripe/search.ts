import * as z from "zod";
import { pageSize } from "./lists.ts";
import { type Operation, operation } from "./operation.ts";
import { expand, integer, text } from "./params.ts";
import { Refusal } from "./refusal.ts";
import type { World } from "./world.ts";

interface Searchable {
  readonly id: string;
  readonly created: number;
  readonly body: object;
}

/** Stripe's search language: `field:"value"`, `field~"part"`, `metadata["key"]:"value"`, `created>1700000000`, `-` before a clause, AND or OR. Behind writes by `searchLagSeconds`. */
export function searchOperation(path: string, all: (world: World) => Searchable[]): Operation {
  const params = z.strictObject({ query: text(), limit: integer.optional(), page: text().optional(), expand });
  return operation("GET", path, params, (world, given) => {
    const matches = compile(given.query);
    const indexedUntil = world.now() - world.settings.searchLagSeconds;
    const found = all(world).filter((item) => item.created <= indexedUntil && matches(item.body));
    const limit = pageSize(world, given.limit);
    const start = given.page ? found.findIndex((item) => item.id === given.page) + 1 : 0;
    const data = found.slice(start, start + limit);
    const more = start + limit < found.length;
    return {
      object: "search_result",
      data: data.map((item) => item.body),
      has_more: more,
      next_page: more ? (data.at(-1)?.id ?? null) : null,
      url: path,
    };
  });
}

const clause = /^(-?)([a-z_]+)(?:\[(?:"([^"]+)"|'([^']+)')\])?(:|~|>=|<=|>|<|=)(?:"([^"]*)"|'([^']*)'|([^\s]+))$/;

function compile(query: string): (body: object) => boolean {
  const parts = query.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const either = parts.some((part) => part.toUpperCase() === "OR");
  if (either && parts.some((part) => part.toUpperCase() === "AND"))
    throw new Refusal("You cannot combine AND and OR in one search query.", { param: "query" });
  const tests = parts.filter((part) => !/^(AND|OR)$/i.test(part)).map(testOf);
  return (body) => (either ? tests.some((test) => test(body)) : tests.every((test) => test(body)));
}

function testOf(part: string): (body: object) => boolean {
  const match = clause.exec(part);
  if (!match) throw new Refusal(`We were unable to parse your search query near '${part}'.`, { param: "query" });
  const [, not, field = "", keyDouble, keySingle, operator = ":", double, single, bare] = match;
  const key = keyDouble ?? keySingle;
  const wanted = double ?? single ?? bare ?? "";
  return (body) => {
    const top: unknown = Reflect.get(body, field);
    const value: unknown = key !== undefined && typeof top === "object" && top !== null ? Reflect.get(top, key) : top;
    return compare(value, operator, wanted) !== (not === "-");
  };
}

function compare(value: unknown, operator: string, wanted: string): boolean {
  if (wanted === "null" && operator === ":") return value === null || value === undefined;
  if (value === null || value === undefined) return false;
  const known = String(value).toLowerCase();
  switch (operator) {
    case "~":
      return known.includes(wanted.toLowerCase());
    case ">":
      return Number(value) > Number(wanted);
    case ">=":
      return Number(value) >= Number(wanted);
    case "<":
      return Number(value) < Number(wanted);
    case "<=":
      return Number(value) <= Number(wanted);
    default:
      return known === wanted.toLowerCase();
  }
}
