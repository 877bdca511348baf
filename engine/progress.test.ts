import { expect, test } from "vitest";
import { progressLine, progressPrinter } from "./progress.ts";

test("a line says what is done, how far it is and for how long", () => {
  const progress = {
    step: "compile",
    message: "compiling the Pulumi engine",
    done: 412,
    total: 1683,
    elapsedSeconds: 72.4,
  } as const;
  expect(progressLine(progress)).toBe("compiling the Pulumi engine (412 of 1683 packages, 1 min 12 s)");
});

test("without a terminal there is a line for each step and one every 15 s, and no control characters", () => {
  let out = "";
  const printer = progressPrinter({ write: (text) => (out += text) });
  for (const [step, elapsedSeconds] of [
    ["modules", 0],
    ["modules", 9],
    ["modules", 16],
    ["compile", 17],
    ["compile", 20],
  ] as const) {
    printer.report({ step, message: step, elapsedSeconds });
  }
  printer.end();
  expect(out).toBe("fleet: modules (0 s)\nfleet: modules (16 s)\nfleet: compile (17 s)\n");
});

test("on a terminal one line is rewritten and ended once", () => {
  let out = "";
  const printer = progressPrinter({ isTTY: true, write: (text) => (out += text) }, 15, {});
  printer.report({ step: "probe", message: "a", elapsedSeconds: 1 });
  printer.report({ step: "probe", message: "b", elapsedSeconds: 2 });
  printer.end();
  printer.end();
  expect(out).toBe("\r\u001b[2Kfleet: a (1 s)\r\u001b[2Kfleet: b (2 s)\n");
});

test.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("with %o nothing is rewritten on a terminal either", (env) => {
  let out = "";
  const printer = progressPrinter({ isTTY: true, write: (text) => (out += text) }, 15, env);
  printer.report({ step: "probe", message: "a", elapsedSeconds: 1 });
  printer.report({ step: "probe", message: "b", elapsedSeconds: 2 });
  printer.end();
  expect(out).toBe("fleet: a (1 s)\n");
});
