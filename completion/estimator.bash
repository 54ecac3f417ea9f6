# Completion of the command `estimator` for bash.
_estimator()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' word options i
    local common='--help --version --quiet --verbose --json' model='--config --set --model-dir'
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            -*) ;;
            saved-model) command=saved-model ;;
            show | run) [[ $command == saved-model ]] && command="saved-model $word" ;;
            *) [[ -z $command ]] && command=$word ;;
        esac
    done
    case $previous in
        --model-dir | --export-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
        --input | --output | --config | --html | --validation) COMPREPLY=($(compgen -f -- "$current")); return ;;
        --boundaries) COMPREPLY=($(compgen -W 'auto quantiles none' -- "$current")); return ;;
        --receiver) COMPREPLY=($(compgen -W 'parsing raw both' -- "$current")); return ;;
        --format)
            case $command in
                export) options=saved_model ;;
                explain) options='text jsonl csv' ;;
                *) options='jsonl csv' ;;
            esac
            COMPREPLY=($(compgen -W "$options" -- "$current"))
            return
            ;;
        --set | --label | --keys | --checkpoint | --signature | --na-value | --field-delim | --multivalent-delim | --max-rows | --try | --method | --trials | --folds | --metric | --goal | --jobs | --seed | --top | --steps | --tags | --smoothing | --width | --height) return ;;
        --x) COMPREPLY=($(compgen -W 'step relative time' -- "$current")); return ;;
    esac
    if [[ $current == -* ]]; then
        case $command in
            stats) options='--html --na-value --field-delim --max-rows --skip-errors' ;;
            convert) options='--config --na-value --field-delim --multivalent-delim --skip-errors' ;;
            init) options='--label --boundaries --no-crosses --validation --na-value --field-delim' ;;
            train | train-and-evaluate) options=$model ;;
            tune) options="$model --try --method --trials --folds --metric --goal --jobs --seed" ;;
            evaluate) options="$model --checkpoint --report" ;;
            predict) options="$model --input --output --format --keys --checkpoint" ;;
            calibrate) options="$model --method --input --output --checkpoint" ;;
            explain) options="$model --input --output --format --top --steps --checkpoint" ;;
            export) options="$model --export-dir --receiver --format" ;;
            config) options="$model --explain" ;;
            plot) options='--tags --x --smoothing --log-scale --html --width --height --ascii' ;;
            'saved-model run') options='--input --signature --output' ;;
            *) options='' ;;
        esac
        COMPREPLY=($(compgen -W "$common $options" -- "$current"))
    elif [[ -z $command ]]; then
        COMPREPLY=($(compgen -W 'stats convert init train train-and-evaluate evaluate calibrate tune predict explain export inspect plot saved-model config' -- "$current"))
    elif [[ $command == saved-model ]]; then
        COMPREPLY=($(compgen -W 'show run' -- "$current"))
    else
        COMPREPLY=($(compgen -f -- "$current"))
    fi
}
complete -o filenames -F _estimator estimator
