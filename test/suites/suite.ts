/** A named suite (`fleet test <name> [--full] [--seed n] [--json]`): many cases of one promise, reproducible by a seed. */
export interface Suite {
  readonly name: string;
  /** One sentence: what is promised. */
  readonly about: string;
  /** The cases in a fixed order for the same options; made one after the other, so that a full run needs no more memory than a short one. */
  cases(options: SuiteOptions): Iterable<SuiteCase> | AsyncIterable<SuiteCase>;
}

export interface SuiteOptions {
  /** All of it, rather than what fits into every day. */
  readonly full: boolean;
  /** Same seed, same cases. */
  readonly seed: number;
  /** Only cases whose name holds this are run: a suite whose everyday cases are a choice offers all of them then. */
  readonly only?: string | undefined;
}

export interface SuiteCase {
  /** The guarantee, or the point that brings a random case back. */
  readonly name: string;
  /** Throws if the guarantee does not hold. */
  run(): void | Promise<void>;
}
