extension Completions {
    /// Completion for bash 4 and later; needs no package beside it.
    static func bash(_ places: [Place]) -> String {
        let paths = places.dropFirst().map { "\"\($0.path)\"" }.joined(separator: "|")
        let values = places.flatMap { place in
            place.options.filter { $0.placeholder != nil }.map { option in
                "        \"\(place.path) --\(option.name)\") \(generator(of: option.kind)); return ;;"
            }
        }
        let words = places.map { place in
            let candidates = place.options.map { "--\($0.name)" } + Self.words(at: place)
            let files = takesFiles(place) ? "; files=1" : ""
            return "        \"\(place.path)\") words=\"\(candidates.joined(separator: " "))\"\(files) ;;"
        }
        return """
            # Completion of jobpass for bash: source <(jobpass completions bash)
            _jobpass() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= files= i
                # bash makes --name=value three words.
                if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
                for ((i = 1; i < COMP_CWORD; i++)); do
                    if [[ ${COMP_WORDS[i]} == -- ]]; then
                        if ((i == COMP_CWORD - 1)); then COMPREPLY=($(compgen -c -- "$cur"));
                        else COMPREPLY=($(compgen -f -- "$cur")); fi
                        return
                    fi
                    case "$path/${COMP_WORDS[i]}" in
                        \(paths)) path="$path/${COMP_WORDS[i]}" ;;
                    esac
                done
                case "$path $prev" in
            \(values.joined(separator: "\n"))
                esac
                case "$path" in
            \(words.joined(separator: "\n"))
                esac
                COMPREPLY=($(compgen -W "$words" -- "$cur"))
                if [[ -n $files && $cur != -* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
            }
            complete -F _jobpass jobpass

            """
    }

    private static func generator(of kind: Option.Kind) -> String {
        switch kind {
        case .text: "COMPREPLY=()"
        case .file: "COMPREPLY=($(compgen -f -- \"$cur\"))"
        case .directory: "COMPREPLY=($(compgen -d -- \"$cur\"))"
        case .choice(let choices): "COMPREPLY=($(compgen -W \"\(choices.joined(separator: " "))\" -- \"$cur\"))"
        }
    }
}
