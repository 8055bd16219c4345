_nexmo__conversion() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    if [[ $cur == "=" ]]; then
        cur=""
    elif [[ $prev == "=" ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    cmd=""
    opts=""

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="nexmo__conversion"
                ;;
            nexmo__conversion,batch)
                cmd="nexmo__conversion__subcmd__batch"
                ;;
            nexmo__conversion,check)
                cmd="nexmo__conversion__subcmd__check"
                ;;
            nexmo__conversion,completions)
                cmd="nexmo__conversion__subcmd__completions"
                ;;
            nexmo__conversion,config)
                cmd="nexmo__conversion__subcmd__config"
                ;;
            nexmo__conversion,help)
                cmd="nexmo__conversion__subcmd__help"
                ;;
            nexmo__conversion,ledger)
                cmd="nexmo__conversion__subcmd__ledger"
                ;;
            nexmo__conversion,man)
                cmd="nexmo__conversion__subcmd__man"
                ;;
            nexmo__conversion,report)
                cmd="nexmo__conversion__subcmd__report"
                ;;
            nexmo__conversion,sandbox)
                cmd="nexmo__conversion__subcmd__sandbox"
                ;;
            nexmo__conversion,sms)
                cmd="nexmo__conversion__subcmd__sms"
                ;;
            nexmo__conversion,track)
                cmd="nexmo__conversion__subcmd__track"
                ;;
            nexmo__conversion,voice)
                cmd="nexmo__conversion__subcmd__voice"
                ;;
            nexmo__conversion__subcmd__config,help)
                cmd="nexmo__conversion__subcmd__config__subcmd__help"
                ;;
            nexmo__conversion__subcmd__config,init)
                cmd="nexmo__conversion__subcmd__config__subcmd__init"
                ;;
            nexmo__conversion__subcmd__config,path)
                cmd="nexmo__conversion__subcmd__config__subcmd__path"
                ;;
            nexmo__conversion__subcmd__config,profiles)
                cmd="nexmo__conversion__subcmd__config__subcmd__profiles"
                ;;
            nexmo__conversion__subcmd__config,show)
                cmd="nexmo__conversion__subcmd__config__subcmd__show"
                ;;
            nexmo__conversion__subcmd__config__subcmd__help,help)
                cmd="nexmo__conversion__subcmd__config__subcmd__help__subcmd__help"
                ;;
            nexmo__conversion__subcmd__config__subcmd__help,init)
                cmd="nexmo__conversion__subcmd__config__subcmd__help__subcmd__init"
                ;;
            nexmo__conversion__subcmd__config__subcmd__help,path)
                cmd="nexmo__conversion__subcmd__config__subcmd__help__subcmd__path"
                ;;
            nexmo__conversion__subcmd__config__subcmd__help,profiles)
                cmd="nexmo__conversion__subcmd__config__subcmd__help__subcmd__profiles"
                ;;
            nexmo__conversion__subcmd__config__subcmd__help,show)
                cmd="nexmo__conversion__subcmd__config__subcmd__help__subcmd__show"
                ;;
            nexmo__conversion__subcmd__help,batch)
                cmd="nexmo__conversion__subcmd__help__subcmd__batch"
                ;;
            nexmo__conversion__subcmd__help,check)
                cmd="nexmo__conversion__subcmd__help__subcmd__check"
                ;;
            nexmo__conversion__subcmd__help,completions)
                cmd="nexmo__conversion__subcmd__help__subcmd__completions"
                ;;
            nexmo__conversion__subcmd__help,config)
                cmd="nexmo__conversion__subcmd__help__subcmd__config"
                ;;
            nexmo__conversion__subcmd__help,help)
                cmd="nexmo__conversion__subcmd__help__subcmd__help"
                ;;
            nexmo__conversion__subcmd__help,ledger)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger"
                ;;
            nexmo__conversion__subcmd__help,man)
                cmd="nexmo__conversion__subcmd__help__subcmd__man"
                ;;
            nexmo__conversion__subcmd__help,report)
                cmd="nexmo__conversion__subcmd__help__subcmd__report"
                ;;
            nexmo__conversion__subcmd__help,sandbox)
                cmd="nexmo__conversion__subcmd__help__subcmd__sandbox"
                ;;
            nexmo__conversion__subcmd__help,sms)
                cmd="nexmo__conversion__subcmd__help__subcmd__sms"
                ;;
            nexmo__conversion__subcmd__help,track)
                cmd="nexmo__conversion__subcmd__help__subcmd__track"
                ;;
            nexmo__conversion__subcmd__help,voice)
                cmd="nexmo__conversion__subcmd__help__subcmd__voice"
                ;;
            nexmo__conversion__subcmd__help__subcmd__config,init)
                cmd="nexmo__conversion__subcmd__help__subcmd__config__subcmd__init"
                ;;
            nexmo__conversion__subcmd__help__subcmd__config,path)
                cmd="nexmo__conversion__subcmd__help__subcmd__config__subcmd__path"
                ;;
            nexmo__conversion__subcmd__help__subcmd__config,profiles)
                cmd="nexmo__conversion__subcmd__help__subcmd__config__subcmd__profiles"
                ;;
            nexmo__conversion__subcmd__help__subcmd__config,show)
                cmd="nexmo__conversion__subcmd__help__subcmd__config__subcmd__show"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,forget)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__forget"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,migrate)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__migrate"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,refused)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__refused"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,resume)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__resume"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,show)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__show"
                ;;
            nexmo__conversion__subcmd__help__subcmd__ledger,status)
                cmd="nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__status"
                ;;
            nexmo__conversion__subcmd__ledger,forget)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__forget"
                ;;
            nexmo__conversion__subcmd__ledger,help)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help"
                ;;
            nexmo__conversion__subcmd__ledger,migrate)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__migrate"
                ;;
            nexmo__conversion__subcmd__ledger,refused)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__refused"
                ;;
            nexmo__conversion__subcmd__ledger,resume)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__resume"
                ;;
            nexmo__conversion__subcmd__ledger,show)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__show"
                ;;
            nexmo__conversion__subcmd__ledger,status)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__status"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,forget)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__forget"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,help)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__help"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,migrate)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__migrate"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,refused)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__refused"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,resume)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__resume"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,show)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__show"
                ;;
            nexmo__conversion__subcmd__ledger__subcmd__help,status)
                cmd="nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__status"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        nexmo__conversion)
            opts="-p -q -v -h -V --profile --config --json --quiet --verbose --log-format --color --help --version sms voice batch track ledger report check config sandbox completions man help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__batch)
            opts="-0 -j -n -p -q -v -h --format --channel --field --where --null --complete --follow --strict --delivered --delivered-when --max-age --jobs --rate --deadline --ping --dry-run --sandbox --ledger --no-ledger --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "auto ndjson csv tsv ids" -- "${cur}"))
                    return 0
                    ;;
                --channel)
                    COMPREPLY=($(compgen -W "sms voice" -- "${cur}"))
                    return 0
                    ;;
                --field)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --where)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --delivered)
                    COMPREPLY=($(compgen -W "true false" -- "${cur}"))
                    return 0
                    ;;
                --delivered-when)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-age)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --jobs)
                    _nexmo__conversion_files
                    return 0
                    ;;
                -j)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --rate)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --deadline)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ping)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            _nexmo__conversion_files
            return 0
            ;;
        nexmo__conversion__subcmd__check)
            opts="-p -q -v -h --ledger --sandbox --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__completions)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help bash elvish fish powershell zsh"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help init show path profiles help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help)
            opts="init show path profiles help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help__subcmd__init)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help__subcmd__path)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help__subcmd__profiles)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__help__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__init)
            opts="-p -q -v -h --name --api-key --api-secret-file --auth --no-input --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --name)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --api-key)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --api-secret-file)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --auth)
                    COMPREPLY=($(compgen -W "form basic query signature signature-query" -- "${cur}"))
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__path)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__profiles)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__config__subcmd__show)
            opts="-p -q -v -h --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help)
            opts="sms voice batch track ledger report check config sandbox completions man help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__batch)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__check)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__completions)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__config)
            opts="init show path profiles"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__config__subcmd__init)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__config__subcmd__path)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__config__subcmd__profiles)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__config__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger)
            opts="status show resume refused forget migrate"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__forget)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__migrate)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__refused)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__resume)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__ledger__subcmd__status)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__man)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__report)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__sandbox)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__sms)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__track)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__help__subcmd__voice)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help status show resume refused forget migrate help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__forget)
            opts="-y -p -q -v -h --older-than --no-input --yes --ledger --profile --config --json --quiet --verbose --log-format --color --help settled refused pending"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --older-than)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help)
            opts="status show resume refused forget migrate help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__forget)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__migrate)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__refused)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__resume)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__show)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__help__subcmd__status)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 4 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__migrate)
            opts="-p -q -v -h --ledger --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__refused)
            opts="-p -q -v -h --ledger --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__resume)
            opts="-j -p -q -v -h --ledger --jobs --rate --deadline --ping --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --jobs)
                    _nexmo__conversion_files
                    return 0
                    ;;
                -j)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --rate)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --deadline)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ping)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__show)
            opts="-p -q -v -h --ledger --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__ledger__subcmd__status)
            opts="-p -q -v -h --ledger --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__man)
            opts="-p -q -v -h --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__report)
            opts="-p -q -v -h --since --account --all-accounts --csv --html --prometheus --ledger --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --since)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --account)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --html)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --prometheus)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__sandbox)
            opts="-p -q -v -h --port --tls --certificate --tls-versions --ca-file --api-key --api-secret-file --signature-method --not-enabled --reply --then --every --latency --set --clock-skew --log --stop-after --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --port)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --certificate)
                    COMPREPLY=($(compgen -W "valid expired not-yet-valid wrong-name self-signed" -- "${cur}"))
                    return 0
                    ;;
                --tls-versions)
                    COMPREPLY=($(compgen -W "both 1.1 1.2 1.3" -- "${cur}"))
                    return 0
                    ;;
                --ca-file)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --api-key)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --api-secret-file)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --signature-method)
                    COMPREPLY=($(compgen -W "md5hash md5 sha1 sha256 sha512" -- "${cur}"))
                    return 0
                    ;;
                --reply)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --then)
                    COMPREPLY=($(compgen -W "normal cycle last" -- "${cur}"))
                    return 0
                    ;;
                --every)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --latency)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --set)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --clock-skew)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --stop-after)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__sms)
            opts="-n -p -q -v -h --message-id --delivered --timestamp --force --dry-run --sandbox --ledger --no-ledger --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --message-id)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --delivered)
                    COMPREPLY=($(compgen -W "true false" -- "${cur}"))
                    return 0
                    ;;
                --timestamp)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        nexmo__conversion__subcmd__track)
            opts="-0 -j -n -p -q -v -h --format --channel --field --where --null --complete --follow --strict --sent-when --converted-when --window --parts-within --source --at-end --jobs --rate --deadline --ping --dry-run --sandbox --ledger --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --format)
                    COMPREPLY=($(compgen -W "auto ndjson csv tsv ids" -- "${cur}"))
                    return 0
                    ;;
                --channel)
                    COMPREPLY=($(compgen -W "sms voice" -- "${cur}"))
                    return 0
                    ;;
                --field)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --where)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --sent-when)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --converted-when)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --window)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --parts-within)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --source)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --at-end)
                    COMPREPLY=($(compgen -W "keep wait expire" -- "${cur}"))
                    return 0
                    ;;
                --jobs)
                    _nexmo__conversion_files
                    return 0
                    ;;
                -j)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --rate)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --deadline)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ping)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            _nexmo__conversion_files
            return 0
            ;;
        nexmo__conversion__subcmd__voice)
            opts="-n -p -q -v -h --message-id --delivered --timestamp --force --dry-run --sandbox --ledger --no-ledger --retry --retry-max-time --connect-timeout --max-time --proxy --cacert --base-url --profile --config --json --quiet --verbose --log-format --color --help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --message-id)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --delivered)
                    COMPREPLY=($(compgen -W "true false" -- "${cur}"))
                    return 0
                    ;;
                --timestamp)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --ledger)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --retry-max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --connect-timeout)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --max-time)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --proxy)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --cacert)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --base-url)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --profile)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                -p)
                    _nexmo__conversion_profiles
                    return 0
                    ;;
                --config)
                    _nexmo__conversion_files
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --color)
                    COMPREPLY=($(compgen -W "auto always never" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _nexmo__conversion -o nosort -o bashdefault -o default nexmo-conversion
else
    complete -F _nexmo__conversion -o bashdefault -o default nexmo-conversion
fi

_nexmo__conversion_files() {
    local name
    COMPREPLY=()
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null
}

_nexmo__conversion_profiles() {
    local name i config=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == --config ]]; then
            [[ ${COMP_WORDS[i+1]} == "=" ]] && ((i++))
            config=(--config "${COMP_WORDS[i+1]/#\~\//$HOME/}")
        fi
    done
    COMPREPLY=()
    while IFS= read -r name; do
        [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf %q "$name")")
    done < <(command nexmo-conversion config profiles "${config[@]}" 2>/dev/null)
}
