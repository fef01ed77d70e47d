# fish completion for hangar

function __hangar_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l word $words[-1]
    set -l front (string match -r -- '^--[^=]*=' $word)
    set -l typed (string replace -r -- '^--[^=]*=' '' $word)
    for answer in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        if string match -q -- ':*' $answer
            set -l suffix (string sub -s 2 -- $answer)
            for file in "$typed"*/ "$typed"*$suffix
                echo "$front$file"
            end
        else
            echo $answer
        end
    end
end

complete -c hangar -f -a '(__hangar_complete)'
