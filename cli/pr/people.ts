/** Who may log in, before and after. Addresses are opened only to be compared and masked; nothing here gives one out in the clear. */
import { describeMember } from "../../tenants/open.ts";
import type { Member } from "../../tenants/resolve.ts";
import { isSealed, unseal } from "../../tenants/seal.ts";
import type { People } from "./report.ts";

/** One member, ready to be compared. */
export interface Person {
  /** Equal for the same person. May hold an address: never to be shown. */
  readonly key: string;
  /** Masked; null where the address could not be opened. */
  readonly shown: string | null;
}

/** Opens sealed texts with one identity, each only once; undefined where it cannot be opened. */
export function opener(identity: string | undefined): (sealed: string) => Promise<string | undefined> {
  const known = new Map<string, Promise<string | undefined>>();
  return (sealed) => {
    if (identity === undefined) return Promise.resolve(undefined);
    const opened = known.get(sealed) ?? unseal(sealed, identity).catch(() => undefined);
    known.set(sealed, opened);
    return opened;
  };
}

/** The members as persons; those that `open` cannot open are told apart by their sealed text alone. */
export function personsOf(members: readonly Member[], open: ReturnType<typeof opener>): Promise<readonly Person[]> {
  return Promise.all(
    members.map(async (member): Promise<Person> => {
      if (!("address" in member)) return { key: JSON.stringify(member).toLowerCase(), shown: describeMember(member) };
      const address = isSealed(member.address) ? await open(member.address) : member.address;
      if (address === undefined) return { key: `${member.kind} ${member.address}`, shown: null };
      const readable = { ...member, address: address.toLowerCase() };
      return { key: `${member.kind} ${readable.address}`, shown: describeMember(readable) };
    }),
  );
}

/** Pure: who came and who went. A tenant that is new has nobody before, one that is removed nobody after. */
export function comparePeople(before: readonly Person[], after: readonly Person[]): People {
  const without = (some: readonly Person[], others: readonly Person[]) => {
    const keys = new Set(others.map(({ key }) => key));
    return some.filter(({ key }) => !keys.has(key));
  };
  const [added, removed] = [without(after, before), without(before, after)];
  return {
    total: after.length,
    sealed: sealed(after),
    admitted: shown(after),
    added: shown(added),
    removed: shown(removed),
    addedSealed: sealed(added),
    removedSealed: sealed(removed),
  };
}

/** `+ a…@acme.example, − 1 sealed address`; undefined where nothing changed. */
export function describePeople(people: People): string | undefined {
  const parts = [
    ...people.added.map((who) => `+ ${who}`),
    ...count("+", people.addedSealed),
    ...people.removed.map((who) => `− ${who}`),
    ...count("−", people.removedSealed),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}

function count(sign: string, addresses: number): string[] {
  return addresses === 0 ? [] : [`${sign} ${sealedAddresses(addresses)}`];
}

/** `3 sealed addresses` */
export function sealedAddresses(count: number): string {
  return `${count} sealed ${count === 1 ? "address" : "addresses"}`;
}

function shown(persons: readonly Person[]): string[] {
  return persons.flatMap((person) => (person.shown === null ? [] : [person.shown])).sort();
}

function sealed(persons: readonly Person[]): number {
  return persons.filter((person) => person.shown === null).length;
}
