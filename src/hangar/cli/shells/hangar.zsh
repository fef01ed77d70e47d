#compdef hangar
# zsh completion for hangar

_hangar() {
    local answer candidate glob
    local -a candidates suffixes
    for answer in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
        candidate=${answer%%$'\t'*}
        if [[ $candidate == :* ]]; then
            suffixes+=("${candidate#:}")
        elif [[ $answer == *$'\t'* ]]; then
            candidates+=("${candidate//:/\\:}:${answer#*$'\t'}")
        elif [[ -n $candidate ]]; then
            candidates+=("${candidate//:/\\:}")
        fi
    done
    (( $#candidates )) && _describe -t commands hangar candidates
    if (( $#suffixes )); then
        [[ $PREFIX == --*=* ]] && compset -P 1 '*='
        _path_files -/
        if [[ $suffixes[1] != / ]]; then
            glob="*$suffixes[1]"
            (( $#suffixes > 1 )) && glob="*(${(j:|:)suffixes})"
            _path_files -g "$glob"
        fi
    fi
}

if [[ $funcstack[1] == _hangar ]]; then
    _hangar "$@"  # found on fpath, and called for the first time
else
    compdef _hangar hangar
fi
