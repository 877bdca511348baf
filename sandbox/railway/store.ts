/** All the emulator holds, as tables of plain rows, with the clock, chance and the agenda of what happens by itself. */
import type { EmulatorContext } from "../emulator.ts";
import { defaultSettings, type Settings } from "./settings.ts";
import { type Due, type Rows, tableNames } from "./tables.ts";

export type Tables = { readonly [Name in keyof Rows]: Map<string, Rows[Name]> };

interface Planned {
  atMs: number;
  due: Due;
}

/** Counters of the limits: by name (`token:…`, `edge`), the window's start and what was used of it. */
export interface Counter {
  fromMs: number;
  used: number;
}

interface Snapshot {
  tables: { [Name in keyof Rows]: Rows[Name][] };
  settings: Settings;
  agenda: Planned[];
  counters: [string, Counter][];
}

export class Store {
  readonly context: EmulatorContext;
  readonly tables: Tables = emptyTables();
  readonly counters = new Map<string, Counter>();
  settings: Settings = structuredClone(defaultSettings);
  private agenda: Planned[] = [];
  /** While an event runs, its own time: the clock may stand later than the event was due. */
  private eventTimeMs: number | undefined;

  constructor(context: EmulatorContext) {
    this.context = context;
  }

  now(): number {
    return this.eventTimeMs ?? this.context.clock.now();
  }

  iso(atMs: number = this.now()): string {
    return new Date(atMs).toISOString();
  }

  uuid(): string {
    const hex = (digits: number) => {
      let text = "";
      while (text.length < digits) text += Math.floor(this.context.random() * 16).toString(16);
      return text;
    };
    return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  }

  /** A whole number of the range, both ends included. */
  between(range: { readonly min: number; readonly max: number }): number {
    return range.min + Math.floor(this.context.random() * (Math.max(range.max, range.min) - range.min + 1));
  }

  plan(inMs: number, due: Due): void {
    const atMs = this.now() + inMs;
    const later = this.agenda.findIndex((planned) => planned.atMs > atMs);
    this.agenda.splice(later < 0 ? this.agenda.length : later, 0, { atMs, due });
  }

  /** Forgets what was planned and is matched. */
  unplan(match: (due: Due) => boolean): void {
    this.agenda = this.agenda.filter((planned) => !match(planned.due));
  }

  nextDue(): number | undefined {
    return this.agenda[0]?.atMs;
  }

  /** Runs everything due by now, in order, each at its own time. */
  runDue(happen: (due: Due) => void): void {
    for (let first = this.agenda[0]; first && first.atMs <= this.context.clock.now(); first = this.agenda[0]) {
      this.agenda.shift();
      this.eventTimeMs = first.atMs;
      try {
        happen(first.due);
      } finally {
        this.eventTimeMs = undefined;
      }
    }
  }

  clear(): void {
    for (const name of tableNames) this.tables[name].clear();
    this.counters.clear();
    this.agenda = [];
    this.settings = structuredClone(defaultSettings);
  }

  snapshot(): unknown {
    const tables: Record<string, unknown[]> = {};
    for (const name of tableNames) tables[name] = [...this.tables[name].values()];
    return structuredClone({ tables, settings: this.settings, agenda: this.agenda, counters: [...this.counters] });
  }

  /** Takes what `snapshot()` gave, nothing else. */
  restore(snapshot: unknown): void {
    this.clear();
    const { tables, settings, agenda, counters } = structuredClone(snapshot) as Snapshot;
    for (const name of tableNames) fill<{ id: string }>(this.tables[name] as Map<string, { id: string }>, tables[name]);
    this.settings = settings;
    this.agenda = agenda;
    for (const [name, counter] of counters) this.counters.set(name, counter);
  }
}

function fill<Row extends { id: string }>(table: Map<string, Row>, rows: readonly Row[]): void {
  for (const row of rows) table.set(row.id, row);
}

function emptyTables(): Tables {
  return Object.fromEntries(tableNames.map((name) => [name, new Map()])) as unknown as Tables;
}
