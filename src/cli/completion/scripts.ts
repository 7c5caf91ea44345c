/** The completion scripts. They only pass words on; what is offered is decided by `holdfast __complete`. */

export const SHELLS = ['bash', 'zsh'] as const;

/** `@{` stands for what a template of JavaScript would take for its own. */
const script = (text: string): string => text.replaceAll('@{', '${');

const BASH = script(String.raw`# bash completion of holdfast
_holdfast() {
  local words current cut line IFS=$'\n'
  # Taken from the line itself: bash would split at "=", ":" and "@" as well.
  words=$(printf '%s\n' "@{COMP_LINE:0:COMP_POINT}" | sed -e 's/^[[:space:]]*[^[:space:]]*[[:space:]]*//' -e 's/[[:space:]][[:space:]]*/\n/g'; printf '.')
  words=@{words%$'\n.'}
  current=@{words##*$'\n'}
  # What bash replaces begins after the last "=" or ":", or with the last "@".
  cut=@{current%"@{current##*[=:@]}"}
  [[ -n $cut && $COMP_WORDBREAKS == *"@{cut: -1}"* ]] || cut=
  cut=@{cut%[@]}
  COMPREPLY=()
  while read -r line; do
    case $line in
      :files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
      :directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); return ;;
      *) line=@{line%%$'\t'*}; COMPREPLY+=("@{line#"$cut"}") ;;
    esac
  done < <("@{COMP_WORDS[0]}" __complete -- "$words" 2>/dev/null)
}
complete -F _holdfast holdfast
`);

const ZSH = script(String.raw`#compdef holdfast
_holdfast() {
  local line given
  local -a found
  given="@{(pj:\n:)words[2,CURRENT]}"
  for line in "@{(@f)$("@{words[1]}" __complete -- "$given" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files; return ;;
      :directories) _files -/; return ;;
      *$'\t'*) found+=("@{@{line%%$'\t'*}//:/\\:}:@{line#*$'\t'}") ;;
      *) found+=("@{line//:/\\:}") ;;
    esac
  done
  (( @{#found} )) && _describe -V 'holdfast' found
}
if [ "@{funcstack[1]}" = _holdfast ]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`);

export const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], string>> = { bash: BASH, zsh: ZSH };
