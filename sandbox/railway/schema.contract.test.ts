import { existsSync, readFileSync } from "node:fs";
import {
  buildSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isSpecifiedScalarType,
} from "graphql";
import { describe, expect, test } from "vitest";
import { railwaySchema } from "./schema.ts";

const published = new URL("../../../shared/specs/railway/schema.graphql", import.meta.url);
const there = existsSync(published);
if (!there)
  process.stderr.write("SKIPPED: ../shared/specs/railway/schema.graphql is absent; the Railway emulator is not held to it\n");

/** Everything in which the served type differs from the published one; what is published and not served is no difference. */
function differences(ours: GraphQLNamedType, theirs: GraphQLNamedType | undefined): string[] {
  if (!theirs) return [`${ours.name} is not published`];
  if (theirs.constructor !== ours.constructor) return [`${ours.name} is another kind of type`];
  const wrong: string[] = [];
  const same = (place: string, a: unknown, b: unknown) => {
    if (String(a) !== String(b)) wrong.push(`${place}: ours ${String(a)}, published ${String(b)}`);
  };
  if (isEnumType(ours) && isEnumType(theirs)) {
    const names = (type: typeof ours) =>
      type
        .getValues()
        .map((value) => value.name)
        .sort()
        .join(" ");
    same(ours.name, names(ours), names(theirs));
  }
  if (isInputObjectType(ours) && isInputObjectType(theirs)) {
    const left = ours.getFields();
    const right = theirs.getFields();
    for (const name of Object.keys(right)) if (!left[name]) wrong.push(`${ours.name}.${name} is missing: clients may send it`);
    for (const [name, field] of Object.entries(left)) {
      const other = right[name];
      if (!other) wrong.push(`${ours.name}.${name} is not published`);
      else {
        same(`${ours.name}.${name}`, field.type, other.type);
        same(`${ours.name}.${name} required`, isRequiredInputField(field), isRequiredInputField(other));
      }
    }
  }
  if (isObjectType(ours) && isObjectType(theirs)) {
    const right = theirs.getFields();
    for (const [name, field] of Object.entries(ours.getFields())) {
      const other = right[name];
      if (!other) {
        wrong.push(`${ours.name}.${name} is not published`);
        continue;
      }
      same(`${ours.name}.${name}`, field.type, other.type);
      same(`${ours.name}.${name} deprecation`, field.deprecationReason, other.deprecationReason);
      const theirArgs = new Map(other.args.map((arg) => [arg.name, arg]));
      for (const arg of field.args) {
        const otherArg = theirArgs.get(arg.name);
        theirArgs.delete(arg.name);
        if (!otherArg) wrong.push(`${ours.name}.${name}(${arg.name}) is not published`);
        else {
          same(`${ours.name}.${name}(${arg.name})`, arg.type, otherArg.type);
          same(`${ours.name}.${name}(${arg.name}) required`, isRequiredArgument(arg), isRequiredArgument(otherArg));
        }
      }
      for (const missing of theirArgs.keys()) wrong.push(`${ours.name}.${name}(${missing}) is missing: clients may send it`);
    }
  }
  return wrong;
}

describe.skipIf(!there)("the served schema against the published one", () => {
  const served = Object.values(railwaySchema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  const reference = there ? buildSchema(readFileSync(published, "utf8"), { assumeValid: true }) : undefined;

  test("every served type, field, argument, enum value and nullability is the published one", () => {
    expect(served.length).toBeGreaterThan(100);
    expect(served.flatMap((type) => differences(type, reference?.getType(type.name)))).toEqual([]);
  });

  test("a field that is nullable where it is published as non-null is found", () => {
    const wrong = buildSchema("type Query { me: User } type User { id: ID! shoe: Int }");
    const found = Object.values(wrong.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));
    expect(found.flatMap((type) => differences(type, reference?.getType(type.name)))).toEqual([
      "Query.me: ours User, published User!",
      "User.shoe is not published",
    ]);
  });
});
