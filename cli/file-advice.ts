/** What helps against a machine that refuses, by node's error code; undefined for every other error. */
export function fileAdvice(code: unknown): string | undefined {
  switch (code) {
    case "EROFS":
      return "make that file system writable (FLEET_SANDBOX_DIR moves what the sandbox and the demo write)";
    case "EACCES":
    case "EPERM":
      return "check the owner and the permissions";
    case "ENOSPC":
    case "EDQUOT":
      return "make room on that disk";
    case "EFBIG":
      return "raise the limit on the size of files (ulimit -f)";
    case "EMFILE":
    case "ENFILE":
      return "raise the limit on open files (ulimit -n 1024)";
    case "EAGAIN":
    case "ENOMEM":
      return "this machine has no room for another process: end some, or raise its limits (ulimit -u, ulimit -v)";
    default:
      return undefined;
  }
}
