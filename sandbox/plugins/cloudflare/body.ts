/** Request bodies as the real provider writes them. */
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { isObject, isSet, sameJson } from "./json.ts";
import { toWire, wireName } from "./names.ts";
import type { Shape } from "./shape.ts";

/** What a create sends: what the program says, and the provider's defaults. */
export function createBody(shape: Shape, inputs: Properties): Properties {
  return finished(shape, programBody(shape, inputs), false);
}

/** What an update sends: the whole object again, what Cloudflare had filled in, and null for what the program no longer says. */
export function updateBody(shape: Shape, state: Properties, inputs: Properties): Properties {
  const body = programBody(shape, inputs);
  const before = programBody({ ...shape, fields: withoutDefaults(shape) }, state);
  const tiedChanged = (shape.tied ?? []).some(
    (name) => isSet(inputs[name]) && !sameJson(body[wireName(name)], before[wireName(name)]),
  );
  for (const [name, field] of Object.entries(shape.fields)) {
    const key = wireName(name);
    if (key in body) body[key] = withNulls(before[key], body[key]);
    else if (!(key in before)) continue;
    else if (field !== "computed") body[key] = null;
    else if (!(tiedChanged && shape.tied?.includes(name))) body[key] = before[key];
  }
  if (!shape.changedOnly) return finished(shape, body, true);
  return Object.fromEntries(Object.entries(body).filter(([key, value]) => !sameJson(value, before[key])));
}

/** The program's fields in the API's names. */
export function programBody(shape: Shape, inputs: Properties): Properties {
  const body: Properties = {};
  for (const [name, field] of Object.entries(shape.fields)) {
    const value = inputs[name] ?? (typeof field === "object" ? field.default : undefined);
    if (isSet(value)) body[wireName(name)] = toWire(value, shape.dialect ?? "snake");
  }
  return body;
}

function finished(shape: Shape, body: Properties, update: boolean): Properties {
  return shape.finish ? shape.finish(body, update) : body;
}

function withoutDefaults(shape: Shape): Shape["fields"] {
  return Object.fromEntries(Object.keys(shape.fields).map((name) => [name, "plain"]));
}

/** Inside objects too, what was there and is no longer said goes out as null; lists are sent as they are. */
function withNulls(before: unknown, now: unknown): unknown {
  if (!isObject(before) || !isObject(now)) return now;
  const result: Properties = {};
  for (const [key, value] of Object.entries(now)) result[key] = withNulls(before[key], value);
  for (const key of Object.keys(before)) if (!(key in now)) result[key] = null;
  return result;
}
