/** What an answer means to the program: the same, a difference, or only something that Cloudflare fills in. */
import type { Properties } from "../../../infra/providers/shell/resource.ts";
import { programBody } from "./body.ts";
import { canonical, isSet, sameJson } from "./json.ts";
import { fromWire, sdkName, wireName } from "./names.ts";
import type { Shape } from "./shape.ts";

/** The inputs after a refresh: the program's own wording where the answer means the same, the answer's where it differs. */
export function refreshedInputs(shape: Shape, answer: Properties, known: Properties): Properties {
  const before = programBody(shape, known);
  const tidy = shape.tidy ? shape.tidy(answer, before) : answer;
  const inputs: Properties = { ...known };
  for (const [name, field] of Object.entries(shape.fields)) {
    const key = wireName(name);
    const answered = tidy[key];
    const order = shape.order?.[key] ?? ((value: unknown) => value);
    if (field === "computed" && !isSet(known[name])) continue;
    if (sameJson(order(before[key]), order(answered))) continue;
    if (field === "calm" && isEmpty(answered) && isEmpty(before[key])) continue;
    if (isSet(answered)) inputs[name] = fromWire(answered, shape.dialect ?? "snake");
    else delete inputs[name];
  }
  return inputs;
}

/** The inputs of an imported object: everything that a program could have said. An empty list is read as unset. */
export function importedInputs(shape: Shape, answer: Properties, owner: Properties): Properties {
  const inputs: Properties = { ...owner };
  const tidy = shape.tidy ? shape.tidy(answer, {}) : answer;
  for (const [name, field] of Object.entries(shape.fields)) {
    const answered = tidy[wireName(name)];
    if (field === "computed" || !isSet(answered) || (Array.isArray(answered) && answered.length === 0)) continue;
    inputs[name] = fromWire(answered, shape.dialect ?? "snake");
  }
  return inputs;
}

/** The outputs of an answer: what is none of the program's, and what was filled in for it. */
export function outputsOf(shape: Shape, answer: Properties, inputs: Properties): Properties {
  const outputs: Properties = {};
  for (const [key, value] of Object.entries(answer)) {
    const name = sdkName(key);
    const field = shape.fields[name];
    const filledIn = (field === "computed" || typeof field === "object") && !isSet(inputs[name]);
    if (isSet(value) && (filledIn || shape.outputs.includes(name))) outputs[name] = fromWire(value, shape.dialect ?? "snake");
  }
  return outputs;
}

/** Whether the program says what is there already, only in other words (a default written out, a set in another order): nothing is sent then. */
export function saysTheSame(shape: Shape, state: Properties, inputs: Properties): boolean {
  const [before, now] = [programBody(shape, state), programBody(shape, inputs)];
  return Object.entries(shape.fields).every(([name, field]) => {
    const key = wireName(name);
    const order = shape.order?.[key] ?? ((value: unknown) => value);
    return (field === "computed" && !isSet(inputs[name])) || sameJson(order(before[key]), order(now[key]));
  });
}

function isEmpty(value: unknown): boolean {
  return (
    !isSet(value) || value === false || value === "" || (Array.isArray(value) ? value.length === 0 : canonical(value) === "{}")
  );
}
