import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-engine-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A real executable shell script. */
export async function script(file: string, body: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  // Renamed into place: a shell that is still running the old one reads on in it.
  await writeFile(`${file}.new`, `#!/bin/sh\n${body}\n`);
  await chmod(`${file}.new`, 0o755);
  await rename(`${file}.new`, file);
  return file;
}

/** A `pulumi` that says it is that version, with or without Pulumi's language host beside it. */
export async function fakePulumi(folder: string, version: string, { host = true } = {}): Promise<string> {
  if (host) await script(join(folder, "pulumi-language-nodejs"), "exit 0");
  return script(join(folder, "pulumi"), `echo "${version}"`);
}

/** A `go` that "compiles" an engine of that version; every start is a line in `calls`. With `hang` it never ends and writes its pid to `pid`. */
export async function fakeGo(
  folder: string,
  version: string,
  calls: string,
  { hang }: { hang?: { pid: string } } = {},
): Promise<string> {
  const waiting = hang
    ? `echo partial > "$out"; echo $$ > "${hang.pid}.new"; mv "${hang.pid}.new" "${hang.pid}"; while :; do sleep 1; done`
    : "";
  return script(
    join(folder, "go"),
    `case "$1" in
  env) echo go1.99.0 ;;
  list)
    echo "list $GOMODCACHE $GOCACHE $GOWORK $CGO_ENABLED $*" >> "${calls}"
    mkdir -p "$GOMODCACHE/example" && echo x > "$GOMODCACHE/example/file" && chmod a-w "$GOMODCACHE/example"
    echo "go: downloading example.com/a v1.0.0" >&2
    echo example.com/a; echo example.com/b ;;
  build)
    echo "build $*" >> "${calls}"
    while [ "$1" != -o ]; do shift; done
    out=$2
    ${waiting}
    echo example.com/a >&2; echo example.com/b >&2
    printf '#!/bin/sh\\necho "${version}"\\n' > "$out"; chmod 755 "$out" ;;
esac`,
  );
}
