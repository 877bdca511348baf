import { buildSchema } from "graphql";
import { expect, test } from "vitest";
import { schemaChanges } from "./drift.ts";
import { fieldsOf, only, pinOf, pinText } from "./pin.ts";

const pinnedText = `
  type Query { boat(id: String!): Boat, boats(first: Int, state: State): [Boat!]!, harbour: Harbour }
  type Mutation { build(input: BuildInput!): Boat!, sink(id: String!): Boolean! }
  type Boat { id: ID!, name: String!, state: State!, crew(first: Int): [Sailor!]!, colour: String }
  type Sailor { id: ID! }
  type Harbour { id: ID!, boats: [Boat!]! }
  enum State { AFLOAT SUNK }
  input BuildInput { name: String!, length: Float, engine: EngineInput }
  input EngineInput { power: Int }
`;
const documents = [
  { name: "boat", document: "query boat($id: String!) { boat(id: $id) { id name state } }" },
  { name: "boats", document: "query boats { boats(first: 5) { name } }" },
  { name: "build", document: "mutation build($input: BuildInput!) { build(input: $input) { id } }" },
];
const pinned = pinOf(buildSchema(pinnedText), documents);

function changesAfter(from: string, to: string) {
  expect(pinnedText).toContain(from);
  const live = buildSchema(pinnedText.replace(from, to), { assumeValid: true });
  return schemaChanges(pinned, live, documents).map(
    ({ severity, what, operations }) => `${severity}: ${what} ${operations.join()}`,
  );
}

test("the pin has the selected fields with all their arguments, whole input types and enums, and nothing else", () => {
  const wanted = `
    type Query { boat(id: String!): Boat, boats(first: Int, state: State): [Boat!]! }
    type Mutation { build(input: BuildInput!): Boat! }
    type Boat { id: ID!, name: String!, state: State! }
    enum State { AFLOAT SUNK }
    input BuildInput { name: String!, length: Float, engine: EngineInput }
    input EngineInput { power: Int }
  `;
  const whole = buildSchema(wanted);
  expect(pinText(pinned)).toBe(pinText(only(whole, fieldsOf(whole))));
});

test("a document that the schema would refuse cannot be pinned, and is named", () => {
  const wrong = { name: "wrong", document: "query wrong { boats { mast } }" };
  expect(() => pinOf(buildSchema(pinnedText), [...documents, wrong])).toThrow(/wrong: Cannot query field "mast"/);
});

test("what the live schema refuses is breaking, also where no change says why", () => {
  expect(changesAfter("type Mutation {", "type Writing {")).toEqual([
    "breaking: build: The mutation operation is not supported by the schema. build",
  ]);
});

test.each([
  ["a removed field", "name: String!, state", "state", "breaking: Field Boat.name was removed. boat,boats"],
  ["a removed root field", "build(input: BuildInput!): Boat!,", "", "breaking: Field Mutation.build was removed. build"],
  [
    "a field of another type",
    "name: String!, state",
    "name: Int!, state",
    "breaking: Field Boat.name changed type from String! to Int!. boat,boats",
  ],
  [
    "a field that may be null now",
    "name: String!, state",
    "name: String, state",
    "breaking: Field Boat.name changed type from String! to String. boat,boats",
  ],
  [
    "a new required argument",
    "boats(first: Int",
    "boats(owner: ID!, first: Int",
    "breaking: A required argument Query.boats(owner:) was added. boats",
  ],
  [
    "a removed argument",
    "boats(first: Int, state: State)",
    "boats(state: State)",
    "breaking: Argument Query.boats(first:) was removed. boats",
  ],
  [
    "an argument of another type",
    "boat(id: String!)",
    "boat(id: ID!)",
    "breaking: Argument Query.boat(id:) has changed type from String! to ID!. boat",
  ],
  [
    "an argument that is required now",
    "boats(first: Int,",
    "boats(first: Int!,",
    "breaking: Argument Query.boats(first:) has changed type from Int to Int!. boats",
  ],
  [
    "a new required input field",
    "{ power: Int",
    "{ fuel: String!, power: Int",
    "breaking: A required field EngineInput.fuel was added. build",
  ],
  ["a removed input field", ", length: Float", "", "breaking: Field BuildInput.length was removed. build"],
  [
    "an input field of another type",
    "length: Float",
    "length: Int",
    "breaking: Field BuildInput.length changed type from Float to Int. build",
  ],
  ["a removed enum value", "AFLOAT SUNK", "AFLOAT", "breaking: Enum value State.SUNK was removed. boat,boats"],
  [
    "another kind of type",
    "enum State { AFLOAT SUNK }",
    "scalar State",
    "breaking: State changed from an Enum type to a Scalar type. boat,boats",
  ],
  ["a new enum value", "AFLOAT SUNK", "AFLOAT SUNK AGROUND", "risky: Enum value State.AGROUND was added. boat,boats"],
  ["a new default", "boats(first: Int,", "boats(first: Int = 3,", "risky: Query.boats(first:) added a defaultValue 3. boats"],
  ["a new default of an input field", "power: Int", "power: Int = 3", "risky: EngineInput.power added a defaultValue 3. build"],
  [
    "a deprecated field",
    "name: String!, state",
    'name: String! @deprecated(reason: "Use title"), state',
    "deprecated: Boat.name is deprecated: Use title boat,boats",
  ],
  [
    "a deprecated argument",
    "boats(first: Int",
    'boats(first: Int @deprecated(reason: "Use limit")',
    "deprecated: Query.boats(first:) is deprecated: Use limit boats",
  ],
  [
    "a deprecated input field",
    "power: Int",
    'power: Int @deprecated(reason: "Use kW")',
    "deprecated: EngineInput.power is deprecated: Use kW build",
  ],
  [
    "a deprecated enum value",
    "AFLOAT SUNK",
    'AFLOAT SUNK @deprecated(reason: "Never comes")',
    "deprecated: State.SUNK is deprecated: Never comes boat,boats",
  ],
  [
    "a new argument that may be left out",
    "boats(first: Int",
    "boats(owner: ID, first: Int",
    "harmless: An optional argument Query.boats(owner:) was added. boats",
  ],
  [
    "a new input field that may be left out",
    "power: Int",
    "power: Int, fuel: String",
    "harmless: An optional field EngineInput.fuel was added. build",
  ],
  [
    "a field that is never null any more",
    "boat(id: String!): Boat,",
    "boat(id: String!): Boat!,",
    "harmless: Field Query.boat changed type from Boat to Boat!. boat",
  ],
])("%s is one change, with its severity and the operations it is about", (_, from, to, change) => {
  expect(changesAfter(from, to)).toEqual([change]);
});

test.each([
  ["a field that we do not select is gone", ", colour: String", ""],
  ["a field that we do not select is another", "crew(first: Int)", "crew(owner: ID!)"],
  ["a root field that we do not call is gone", ", sink(id: String!): Boolean!", ""],
  ["a field is new", "colour: String", "colour: String, mast: Boolean"],
  ["only words changed", "type Boat", '"""A vessel""" type Boat'],
])("%s: no change to us", (_, from, to) => {
  expect(changesAfter(from, to)).toEqual([]);
});

test("the worst comes first", () => {
  const live = pinnedText
    .replace("AFLOAT SUNK", "AFLOAT SUNK AGROUND")
    .replace("name: String!, state", 'name: String! @deprecated(reason: "no"), state')
    .replace("{ power: Int", "{ fuel: String, power: Int")
    .replace("boat(id: String!)", "boat(id: ID!)");
  expect(schemaChanges(pinned, buildSchema(live), documents).map(({ severity }) => severity)).toEqual([
    "breaking",
    "risky",
    "deprecated",
    "harmless",
  ]);
});

test("what was deprecated when the documents were written is no news", () => {
  const old = buildSchema(pinnedText.replace("name: String!, state", 'name: String! @deprecated(reason: "no"), state'));
  expect(schemaChanges(pinOf(old, documents), old, documents)).toEqual([]);
});
