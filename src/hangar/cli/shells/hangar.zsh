#compdef hangar
# zsh completion for hangar

_hangar() {
    local answer candidate suffix
    local -a candidates
    for answer in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
        candidate=${answer%%$'\t'*}
        if [[ $candidate == :* ]]; then
            suffix=${candidate#:}
            [[ $PREFIX == --*=* ]] && compset -P 1 '*='
            _files -g "*$suffix"
        elif [[ $answer == *$'\t'* ]]; then
            candidates+=("${candidate//:/\\:}:${answer#*$'\t'}")
        elif [[ -n $candidate ]]; then
            candidates+=("${candidate//:/\\:}")
        fi
    done
    (( $#candidates )) && _describe -t commands hangar candidates
}

if [[ $funcstack[1] == _hangar ]]; then
    _hangar "$@"  # found on fpath, and called for the first time
else
    compdef _hangar hangar
fi
