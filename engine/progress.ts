/** What getting the engine is doing right now. */
export interface EngineProgress {
  readonly step: "wait" | "probe" | "download" | "modules" | "compile" | "finish";
  /** One line, without a time. */
  readonly message: string;
  /** How far, in `total`s of the step's own unit (modules, packages). */
  readonly done?: number;
  readonly total?: number;
  readonly elapsedSeconds: number;
}

export type OnProgress = (progress: EngineProgress) => void;
