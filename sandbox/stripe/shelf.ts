import type * as z from "zod";

/** All objects of one kind, by id, in the order of their creation. */
export class Shelf<T extends { id: string }> {
  readonly #schema: z.ZodType<T>;
  readonly #byId = new Map<string, T>();
  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  get size(): number {
    return this.#byId.size;
  }
  get(id: string): T | undefined {
    return this.#byId.get(id);
  }
  add(item: T): T {
    this.#byId.set(item.id, item);
    return item;
  }
  remove(id: string): void {
    this.#byId.delete(id);
  }
  all(): T[] {
    return [...this.#byId.values()];
  }
  values(): IterableIterator<T> {
    return this.#byId.values();
  }
  /** Newest first: the order of every list answer. */
  newestFirst(): T[] {
    return this.all().reverse();
  }
  clear(): void {
    this.#byId.clear();
  }

  /** Reads one object from outside (a seed); throws an Error naming what is wrong. */
  parse(value: unknown): T {
    const result = this.#schema.safeParse(value);
    if (result.success) return result.data;
    throw new Error(
      result.error.issues.map((issue) => `${issue.path.map(String).join(".") || "object"}: ${issue.message}`).join("; "),
    );
  }

  dump(): T[] {
    return this.all();
  }
  load(items: unknown): void {
    this.clear();
    if (!Array.isArray(items)) throw new Error("a snapshot's shelf is not a list");
    for (const item of items) this.add(this.parse(item));
  }
}
