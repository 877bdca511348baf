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

/** `compiling the Pulumi engine (412 of 1630 packages, 1 min 12 s)` */
export function progressLine(progress: EngineProgress): string {
  const { message, done, total, elapsedSeconds, step } = progress;
  const unit = step === "modules" ? "modules" : "packages";
  const far =
    done === undefined ? undefined : total === undefined ? `${done} ${unit}` : `${Math.min(done, total)} of ${total} ${unit}`;
  return `${message} (${[far, duration(elapsedSeconds)].filter(Boolean).join(", ")})`;
}

/** Prints progress for people: on a terminal one line that is rewritten; elsewhere (CI, a file), with NO_COLOR and on a dumb terminal a line for every
 *  new step and every 15 s. `end` finishes a rewritten line; call it once, also after an error. */
export function progressPrinter(
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number },
  secondsBetweenLines = 15,
  env: NodeJS.ProcessEnv = process.env,
) {
  const rewrites = stream.isTTY === true && env.NO_COLOR === undefined && env.TERM !== "dumb";
  let last: EngineProgress | undefined;
  let open = false;
  const report: OnProgress = (progress) => {
    const line = `fleet: ${progressLine(progress)}`;
    if (rewrites) {
      stream.write(`\r\u001b[2K${fitted(line, (stream.columns || 80) - 1)}`);
      open = true;
    } else if (!last || last.step !== progress.step || progress.elapsedSeconds - last.elapsedSeconds >= secondsBetweenLines) {
      stream.write(`${line}\n`);
    } else return;
    last = progress;
  };
  return {
    report,
    end() {
      if (open) stream.write("\n");
      open = false;
    },
  };
}

/** A line that wraps cannot be rewritten. The end of it changes, so the middle gives way. */
function fitted(line: string, width: number): string {
  if (line.length <= width) return line;
  const end = line.slice(line.lastIndexOf("("));
  return `${line.slice(0, Math.max(0, width - end.length - 2))}… ${end}`.slice(0, width);
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
