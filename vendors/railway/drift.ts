/** PURE. What changed at Railway since the pin, as far as our documents are concerned, and how bad it is. */
import {
  BreakingChangeType,
  DangerousChangeType,
  findSchemaChanges,
  type GraphQLArgument,
  type GraphQLEnumValue,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  SafeChangeType,
} from "graphql";
import type { Document } from "./operations.ts";
import { fieldsOf, only, pinOf, refusals } from "./pin.ts";

/** `breaking`: calls of ours fail, or their answers are refused. `risky`: they go through, and something else may happen or be answered. `deprecated`: works
 *  as before and will go. `harmless`: more is possible, and nothing else. */
export const severities = ["breaking", "risky", "deprecated", "harmless"] as const;
export type Severity = (typeof severities)[number];

export interface SchemaChange {
  readonly severity: Severity;
  /** A sentence with the place as GraphQL writes it: `Type.field(argument:)`. */
  readonly what: string;
  /** The names of our operations that touch the place. */
  readonly operations: readonly string[];
}

/** Every change, worst first. `pinned` is what `pinOf` made for the same documents; of `live` only what that holds is looked at. */
export function schemaChanges(pinned: GraphQLSchema, live: GraphQLSchema, documents: readonly Document[]): SchemaChange[] {
  const now = only(live, fieldsOf(pinned));
  const found = [
    ...findSchemaChanges(pinned, now).flatMap(({ type, description }) => {
      const severity = severityOf(type);
      return severity ? [{ severity, what: description }] : [];
    }),
    ...deprecations(pinned, now).map((what) => ({ severity: "deprecated" as const, what })),
  ];
  const users = documents.map(({ name, document }) => ({ name, pin: pinOf(pinned, [{ name, document }]) }));
  const rank = ({ severity }: { severity: Severity }) => severities.indexOf(severity);
  const named = found.map((change) => ({
    ...change,
    operations: users.filter(({ pin }) => touches(pin, change.what)).map(({ name }) => name),
  }));
  return [...named, ...unexplained(live, documents, named)].sort((a, b) => rank(a) - rank(b) || (a.what < b.what ? -1 : 1));
}

/** What the live schema refuses without a change that says why: a root type that is gone, or a document newer than the pin. */
function unexplained(live: GraphQLSchema, documents: readonly Document[], named: readonly SchemaChange[]): SchemaChange[] {
  const explained = new Set(named.filter(({ severity }) => severity === "breaking").flatMap(({ operations }) => operations));
  return documents
    .filter(({ name }) => !explained.has(name))
    .flatMap((document) => {
      const [what] = refusals(live, document);
      return what === undefined ? [] : [{ severity: "breaking" as const, what, operations: [document.name] }];
    });
}

/** Undefined for what is no change to us: words, and types that came or went, for then what refers to them changed too. */
function severityOf(type: ReturnType<typeof findSchemaChanges>[number]["type"]): Severity | undefined {
  switch (type) {
    // Also an input field or enum value that is gone: which of them are sent is known only while we run.
    case BreakingChangeType.TYPE_CHANGED_KIND:
    case BreakingChangeType.TYPE_REMOVED_FROM_UNION:
    case BreakingChangeType.VALUE_REMOVED_FROM_ENUM:
    case BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED:
    case BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED:
    case BreakingChangeType.FIELD_REMOVED:
    case BreakingChangeType.FIELD_CHANGED_KIND:
    case BreakingChangeType.REQUIRED_ARG_ADDED:
    case BreakingChangeType.ARG_REMOVED:
    case BreakingChangeType.ARG_CHANGED_KIND:
      return "breaking";
    // A value that our answers' shapes do not know, or another default for what we leave out.
    case DangerousChangeType.VALUE_ADDED_TO_ENUM:
    case DangerousChangeType.TYPE_ADDED_TO_UNION:
    case DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE:
    case DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE:
    case SafeChangeType.ARG_DEFAULT_VALUE_ADDED:
    case SafeChangeType.INPUT_FIELD_DEFAULT_VALUE_ADDED:
      return "risky";
    case DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED:
    case DangerousChangeType.OPTIONAL_ARG_ADDED:
    case DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED:
    case SafeChangeType.FIELD_CHANGED_KIND_SAFE:
    case SafeChangeType.ARG_CHANGED_KIND_SAFE:
      return "harmless";
    default:
      return undefined;
  }
}

type Marked = GraphQLArgument | GraphQLEnumValue | GraphQLField<unknown, unknown> | GraphQLInputField;

/** graphql-js does not count a deprecation as a change. */
function deprecations(pinned: GraphQLSchema, now: GraphQLSchema): string[] {
  const before = new Map(Object.values(pinned.getTypeMap()).flatMap(marked));
  return Object.values(now.getTypeMap())
    .flatMap(marked)
    .filter(([place, { deprecationReason }]) => {
      const old = before.get(place);
      return deprecationReason != null && old !== undefined && old.deprecationReason == null;
    })
    .map(([place, { deprecationReason }]) => `${place} is deprecated: ${deprecationReason}`);
}

function marked(type: GraphQLNamedType): [place: string, Marked][] {
  if (type.name.startsWith("__")) return [];
  if (isEnumType(type)) return type.getValues().map((value) => [`${type.name}.${value.name}`, value]);
  if (isInputObjectType(type)) return Object.values(type.getFields()).map((field) => [`${type.name}.${field.name}`, field]);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  return Object.values(type.getFields()).flatMap((field): [string, Marked][] => {
    const place = `${type.name}.${field.name}`;
    return [[place, field], ...field.args.map((arg): [string, Marked] => [`${place}(${arg.name}:)`, arg])];
  });
}

/** Whether the first place that a sentence names is in an operation's own part of the schema: its field, or its type where that is an input or enum. */
function touches(pin: GraphQLSchema, what: string): boolean {
  const [, typeName = "", field] = /\b([A-Z]\w*)(?:\.(\w+))?(?=[.( ]|$)/.exec(what.replace(sentenceStart, "")) ?? [];
  const type = pin.getType(typeName);
  if (!type) return false;
  return field === undefined || !(isObjectType(type) || isInterfaceType(type)) || field in type.getFields();
}

const sentenceStart = /^(?:(?:A required|An optional) (?:argument|field) |Argument |Field |Enum value )/;
