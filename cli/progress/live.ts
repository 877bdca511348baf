/** The live line, drawn by listr2. Loaded only where one is shown: its start takes longer than a quick command. */
import { Listr, Spinner } from "listr2";

export interface LiveLine {
  set(text: string): void;
  /** Takes the line away at once, so that something else can be written; it comes back by itself. */
  clear(): void;
  /** Takes the line away for good. */
  end(): void;
}

/** What is needed of a terminal. */
export interface Terminal {
  write(text: string): unknown;
  readonly columns?: number;
}

/** How long other output has to be quiet before the line comes back. */
const backAfterMs = 100;

/** Draws on a terminal. */
export async function drawLive(terminal: Terminal): Promise<LiveLine> {
  const line = new Line(terminal);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = {
    title: "",
    task: (_: unknown, task: { title: string }) => {
      line.rename = (text) => {
        task.title = text;
      };
      return finished;
    },
  };
  const list = new Listr(work, {
    renderer: rendererOn(line),
    // Ctrl-C is the command's: what is under way at a vendor is finished first.
    registerSignalListeners: false,
  });
  void list.run();
  return {
    set: (text) => line.rename(text),
    clear: () => line.clear(),
    end() {
      line.leave();
      finish();
    },
  };
}

/** listr2's own renderers keep what others write until the end, hide the cursor, and end the process at Ctrl-C to show it again. Here a message is for now, and
 *  a command that is stopped has something to put away first. */
function rendererOn(line: Line) {
  return class {
    // Whether there is a terminal was asked before; listr2 would look at stdout, where the answer goes.
    static readonly nonTTY = true;
    static readonly rendererOptions = {};
    static readonly rendererTaskOptions = {};
    readonly #tasks: readonly { readonly title?: string | undefined }[];
    readonly #spinner = new Spinner();
    constructor(tasks: readonly { readonly title?: string | undefined }[]) {
      this.#tasks = tasks;
    }
    render = () => this.#spinner.start(() => line.draw(`${this.#spinner.fetch()} ${this.#tasks[0]?.title ?? ""}`));
    end = () => {
      this.#spinner.stop();
      line.leave();
    };
  };
}

/** One line of a terminal that is written again and again. */
class Line {
  rename: (text: string) => void = () => undefined;
  readonly #terminal: Terminal;
  #shown = false;
  #backAt = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  draw(text: string): void {
    if (performance.now() < this.#backAt) return;
    // A line that wraps could not be taken away again.
    const width = (this.#terminal.columns ?? 80) - 1;
    this.#terminal.write(`${erase}${text.length <= width ? text : `${text.slice(0, width - 1)}…`}`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#terminal.write(erase);
    this.#shown = false;
    this.#backAt = Math.max(this.#backAt, performance.now() + backAfterMs);
  }

  leave(): void {
    this.clear();
    this.#backAt = Number.POSITIVE_INFINITY;
  }
}

const erase = "\r\u001b[2K";
