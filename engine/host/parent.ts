import { connect } from "node:net";

/** Ends this process soon after the engine that started it is gone: after a SIGKILL of the engine nobody would, and an orphaned program could go on
 *  registering resources (or hold ports and files) unseen. `before` runs first. Also ends it on SIGINT and SIGTERM, by which the engine closes us. */
export function endWithParent(engineAddress: string, before: () => void): void {
  const end = (code: number) => {
    before();
    process.exit(code);
  };
  process.on("SIGINT", () => end(0));
  process.on("SIGTERM", () => end(0));
  // Orphans get another parent; asked often, because it is one cheap system call.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end(1);
  }, 250).unref();
  // If the engine died before the line above, the parent seen is already the wrong one.
  const address = /^(.*):(\d+)$/.exec(engineAddress);
  const probe = connect(Number(address?.[2]), address?.[1] ?? "127.0.0.1");
  probe.on("connect", () => probe.destroy());
  probe.on("error", () => end(1));
}
