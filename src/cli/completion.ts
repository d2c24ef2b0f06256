import type { Option } from 'commander';
import type { LicentiaCommand } from './licentia-command.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command or a group of them. */
interface Node {
  /** The words after `licentia`, with a slash before each: `/usage/show`. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly Flag[];
  /** What its arguments can be: files, words, or nothing that is known here. */
  readonly argument: 'file' | readonly string[] | undefined;
}

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly summary: string;
  readonly value: 'file' | 'profile' | 'other' | undefined;
}

/** A script for a shell that completes the commands of this release and their options. */
export function completionOf(program: LicentiaCommand, shell: Shell): string {
  const nodes = nodesOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(nodes);
    case 'zsh':
      return zsh(nodes);
    case 'fish':
      return fish(nodes);
  }
}

function nodesOf(command: LicentiaCommand, path: string): Node[] {
  const children = command.commands as LicentiaCommand[];
  const [argument] = command.registeredArguments;
  const node: Node = {
    path,
    commands: children.map((child) => ({ name: child.name(), summary: child.description() })),
    options: [...command.options.map(flagOf), HELP],
    argument: argument?.argChoices ?? (argument?.name() === 'file' ? 'file' : undefined),
  };
  return [node, ...children.flatMap((child) => nodesOf(child, `${path}/${child.name()}`))];
}

const HELP: Flag = { long: '--help', short: '-h', summary: 'print help', value: undefined };

function flagOf({ long, short, description, flags }: Option): Flag {
  const [, value] = /<(.+)>/.exec(flags) ?? [];
  const known = long === '--profile' ? 'profile' : value === 'file' ? 'file' : 'other';
  return { long: long ?? '', short, summary: description, value: value === undefined ? undefined : known };
}

const PROFILES = '"${XDG_CONFIG_HOME:-$HOME/.config}"/licentia/profiles';

function valued(nodes: readonly Node[], kind: Flag['value']): string[] {
  const found = nodes.flatMap(({ options }) => options.filter(({ value }) => value === kind));
  return [...new Set(found.map(({ long }) => long))];
}

function bash(nodes: readonly Node[]): string {
  const rows = nodes.map(({ path, commands, options, argument }) => {
    const words = [
      ...commands.map(({ name }) => name),
      ...(Array.isArray(argument) ? (argument as string[]) : []),
    ];
    const flags = options.map(({ long }) => long).join(' ');
    return `    '${path}') words='${words.join(' ')}' flags='${flags}' ;;`;
  });
  return `# Completion of licentia for bash: source <(licentia completion bash)
_licentia() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at= words= flags= word file
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at/$word" in
      ${pathsOf(nodes)}) at=$at/$word ;;
    esac
  done
  case "$prev" in
    ${valued(nodes, 'profile').join(' | ')})
      for file in ${PROFILES}/"$cur"*.json; do
        [ -e "$file" ] || continue
        file=\${file##*/}
        COMPREPLY+=("\${file%.json}")
      done
      return
      ;;
    # Files are completed by the shell itself, and of other values nothing is known.
    ${[...valued(nodes, 'file'), ...valued(nodes, 'other')].join(' | ')}) return ;;
  esac
  case "$at" in
${rows.join('\n')}
  esac
  case "$cur" in
    -*) words=$flags ;;
  esac
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _licentia licentia
`;
}

function zsh(nodes: readonly Node[]): string {
  const list = (name: string, entries: readonly (readonly [string, string])[]) =>
    entries.length === 0
      ? ''
      : ` ${name}=(${entries.map(([word, summary]) => quoted(`${word.replaceAll(':', '\\:')}:${summary}`)).join(' ')})`;
  const rows = nodes.map(({ path, commands, options, argument }) => {
    const words = commands.map(({ name, summary }) => [name, summary] as const);
    const choices = Array.isArray(argument)
      ? (argument as string[]).map((word) => [word, word] as const)
      : [];
    const flags = options.map(({ long, summary }) => [long, summary] as const);
    const files = argument === 'file' ? ' files=1' : '';
    return `    '${path}')${list('words_', [...words, ...choices])}${list('flags', flags)}${files} ;;`;
  });
  return `#compdef licentia
# Completion of licentia for zsh: source <(licentia completion zsh), after compinit.
_licentia() {
  local at= word files=
  local -a words_ flags profiles
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      ${pathsOf(nodes).replaceAll(' | ', '|')}) at=$at/$word ;;
    esac
  done
  case "\${words[CURRENT-1]}" in
    ${valued(nodes, 'profile').join('|')})
      profiles=(${PROFILES}/*.json(N:t:r))
      compadd -a profiles
      return
      ;;
    ${valued(nodes, 'file').join('|')}) _files; return ;;
    ${valued(nodes, 'other').join('|')}) return ;;
  esac
  case "$at" in
${rows.join('\n')}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe option flags
  elif [[ -n "$files" ]]; then
    _files
  else
    _describe command words_
  fi
}
compdef _licentia licentia
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, commands, options, argument }) => {
    const at = `complete -c licentia -n "test (__licentia_at) = '${path}'"`;
    return [
      ...commands.map(({ name, summary }) => `${at} -a ${name} -d ${quoted(summary)}`),
      ...(Array.isArray(argument) ? [`${at} -a '${(argument as string[]).join(' ')}'`] : []),
      ...(argument === 'file' ? [`${at} -F`] : []),
      ...options.map(({ long, short, summary, value }) => {
        const name = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
        return `${at} ${name}${VALUES[value ?? 'none']} -d ${quoted(summary)}`;
      }),
    ];
  });
  return `# Completion of licentia for fish: licentia completion fish | source
function __licentia_at
  set -l at ''
  for word in (commandline -opc)[2..]
    switch "$at/$word"
      case ${pathsOf(nodes).split(' | ').join(' ')}
        set at "$at/$word"
    end
  end
  echo -- $at
end
function __licentia_profiles
  set -l config "$XDG_CONFIG_HOME"
  test -n "$config"; or set config ~/.config
  for file in $config/licentia/profiles/*.json
    basename $file .json
  end
end
complete -c licentia -f
${lines.join('\n')}
`;
}

const VALUES = { none: '', file: ' -r -F', profile: " -x -a '(__licentia_profiles)'", other: ' -x' } as const;

/** Every command, as the pattern of a case. */
function pathsOf(nodes: readonly Node[]): string {
  return nodes.flatMap(({ path }) => (path === '' ? [] : [path])).join(' | ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
