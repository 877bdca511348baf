/** Completion in shells: their scripts ask `fleet complete`, which asks the command tree. */
import { proposeCompletions } from "@stricli/core";
import { app } from "./app.ts";
import type { Context } from "./context.ts";

export interface Proposal {
  readonly completion: string;
  /** One line. */
  readonly brief: string;
}

/** How the last of these words may go on. `--` and what cannot follow is left out; an unknown command proposes nothing. */
export async function proposalsFor(context: Context, typed: readonly string[]): Promise<readonly Proposal[]> {
  const { words, before } = apart(typed);
  const partial = words.at(-1) ?? "";
  const completing = { stack: stackNamedIn(words.slice(0, -1)) };
  const proposed = await proposeCompletions(app, words.length === 0 ? [""] : words, { ...context, completing });
  // Flags only once asked for by a hyphen, where there are other words to choose from.
  const others = proposed.some(({ completion }) => !completion.startsWith("-"));
  return proposed
    .filter(({ completion }) => completion !== "--" && (partial.startsWith("-") || !others || !completion.startsWith("-")))
    .map(({ completion, brief }) => ({ completion: before + completion, brief: brief.replaceAll(/\s+/g, " ") }));
}

/** `--stack=sa` as the two words that stricli completes, with what a proposal has to begin with. bash hands the `=` over as a word of its own, and
 *  puts a proposal behind it. */
function apart(typed: readonly string[]): { readonly words: readonly string[]; readonly before: string } {
  const [last = "", previous] = [typed.at(-1), typed.at(-2)];
  if (last === "=") return { words: [...typed.slice(0, -1), ""].filter((word) => word !== "="), before: "" };
  const [, flag, value = ""] = previous === "--" ? [] : (/^(--[a-z][a-z-]*)=(.*)$/.exec(last) ?? []);
  if (flag !== undefined) return { words: [...typed.slice(0, -1), flag, value], before: `${flag}=` };
  return { words: typed.filter((word) => word !== "="), before: "" };
}

function stackNamedIn(words: readonly string[]): string | undefined {
  const at = words.lastIndexOf("--stack");
  return at < 0 ? words.findLast((word) => word.startsWith("--stack="))?.slice("--stack=".length) : words[at + 1];
}

/** The script for one shell's start file. It works for `fleet` on PATH and for `./fleet` alike, and is silent where something is not right. */
export function scriptFor(shell: keyof typeof scripts): string {
  return scripts[shell];
}

const scripts = {
  bash: `# AI-DIY Fleet: completion for bash
_fleet() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _fleet fleet ./fleet`,
  zsh: `# AI-DIY Fleet: completion for zsh
_fleet() {
  local -a lines proposals
  local line
  lines=("\${(@f)$(\${(Q)words[1]} complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    proposals+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#proposals )) && _describe 'fleet' proposals || _files
}
compdef _fleet fleet ./fleet`,
  fish: `# AI-DIY Fleet: completion for fish
function __fleet_complete
  set -l words (commandline -opc) (commandline -ct)
  eval (string escape -- $words[1]) complete -- (string escape -- $words[2..-1]) 2>/dev/null
end
complete -c fleet -f -a '(__fleet_complete)'
complete -c ./fleet -f -a '(__fleet_complete)'`,
} as const;
