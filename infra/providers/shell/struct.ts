/** Plain JSON values ↔ google.protobuf.Struct. The library throws "Unexpected struct type." on undefined and bigint and makes `{}` of a Date,
 *  so what goes in is made plain JSON first, and what cannot be is named. */

import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./resource.ts";

/** Properties that are undefined are left out; throws TypeError, naming the path, on what JSON cannot carry (bigint, Date, function, NaN). */
export function toStruct(properties: Properties): Struct {
  const plain = plainObject(properties, "");
  return structs.Struct.fromJavaScript(plain);
}

/** An absent Struct is an empty object. */
export function fromStruct(struct: Struct | undefined): Properties {
  return struct ? struct.toJavaScript() : {};
}

function plainObject(object: object, path: string): { [key: string]: JavaScriptValue } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, plainValue(value, path ? `${path}.${key}` : key)]));
}

function plainValue(value: unknown, path: string): JavaScriptValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value)) return value;
      break;
    case "undefined":
      return null;
    case "object": {
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item, index) => plainValue(item, `${path}[${index}]`));
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) return plainObject(value, path);
      break;
    }
  }
  throw new TypeError(`property ${path} is not plain JSON: ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? (value.constructor?.name ?? "object") : typeof value;
}
