import type { OnProgress } from "../engine/progress.ts";
import type { Progress } from "./progress.ts";

/** What getting the engine tells, as steps of a command; the build's time left is reckoned from the packages that are compiled. */
export function engineProgress(progress: Progress): OnProgress {
  return ({ step, message, done, total }) => {
    progress.step(message);
    if (done === undefined) return;
    const unit = step === "modules" ? "modules" : "packages";
    const of = total === undefined ? "" : ` of ${total}`;
    progress.detail(`${total === undefined ? done : Math.min(done, total)}${of} ${unit}`, done, total);
  };
}
