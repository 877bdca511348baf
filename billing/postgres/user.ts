/** PostgreSQL refuses to run as root, and as a user without a name. This says how its programs are started on this machine. */
import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { OperatorError } from "../../domain/error.ts";
import type { Binaries } from "./binaries.ts";

const run = promisify(execFile);
/** `nobody` on Linux and the id that user namespaces show for everybody unknown. */
const nobody = 65_534;

export interface Launch {
  /** The command line that runs `program` under a user that PostgreSQL accepts. */
  command(program: string, args: readonly string[]): { readonly file: string; readonly args: readonly string[] };
  /** Set where the programs change to another user: their files must belong to it. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** An ordinary user starts them directly; root and nameless users inside a user namespace in which they are `nobody`
 *  (files stay their own, also under a 0700 home); root without namespaces as `nobody` itself. */
export async function chooseLaunch(binaries: Binaries): Promise<Launch> {
  if (!needsAnotherUser()) return { command: (file, args) => ({ file, args }) };
  const unshare: Launch = {
    command: (program, args) => ({
      file: "unshare",
      args: ["--user", `--map-user=${nobody}`, `--map-group=${nobody}`, program, ...args],
    }),
  };
  if (await works(unshare, binaries)) return unshare;
  if (process.getuid?.() === 0) {
    const asNobody: Launch = {
      command: (file, args) => ({ file, args }),
      owner: { uid: nobody, gid: nobody },
    };
    if (await works(asNobody, binaries)) return asNobody;
  }
  throw new OperatorError(
    "PostgreSQL does not run as this user, user namespaces are refused here, and `nobody` cannot read the project: run as an ordinary user, or set DATABASE_URL to a PostgreSQL server",
  );
}

function needsAnotherUser(): boolean {
  if (process.getuid?.() === 0) return true;
  try {
    return userInfo().username === "";
  } catch {
    return true;
  }
}

async function works(launch: Launch, binaries: Binaries): Promise<boolean> {
  const { file, args } = launch.command(binaries.postgres, ["--version"]);
  return run(file, [...args], { ...launch.owner, cwd: "/", env: { PATH: process.env.PATH, ...binaries.environment } }).then(
    () => true,
    () => false,
  );
}
