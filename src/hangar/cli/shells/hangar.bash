# bash completion for hangar

_hangar() {
    local line=${COMP_LINE:0:COMP_POINT} answer candidate description width=0 file
    local -a words=() names=() descriptions=()
    local -A seen=()
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local word=${words[${#words[@]} - 1]}
    local typed=$word  # what readline replaces: what stands behind the last "="
    [[ $word == --*=* ]] && typed=${word#*=}

    COMPREPLY=()
    while IFS= read -r answer; do
        candidate=${answer%%$'\t'*}
        if [[ $candidate == :* ]]; then
            compopt -o filenames
            while IFS= read -r file; do
                [[ -d $file && -n ${seen[$file]} ]] && continue
                if [[ -d $file || $file == *"${candidate#:}" ]]; then
                    names+=("$file") descriptions+=("") seen[$file]=1
                fi
            done < <(compgen -f -- "$typed")
            continue
        fi
        [[ $word == --*=* ]] && candidate=${candidate#*=}
        description=""
        [[ $answer == *$'\t'* ]] && description=${answer#*$'\t'}
        names+=("$candidate") descriptions+=("$description")
        ((${#candidate} > width)) && width=${#candidate}
    done < <("${words[0]}" __complete -- "${words[@]:1}" 2> /dev/null)

    local i
    for i in "${!names[@]}"; do
        if [[ ${#names[@]} -gt 1 && -n ${descriptions[i]} ]]; then
            printf -v answer "%-${width}s  (%s)" "${names[i]}" "${descriptions[i]}"
            COMPREPLY+=("${answer:0:${COLUMNS:-80}}")
        else
            COMPREPLY+=("${names[i]}")
        fi
    done
}

complete -o nosort -F _hangar hangar
