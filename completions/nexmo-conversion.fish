function __fish_nexmo_conversion_profiles
    set -l typed (commandline -opc)
    set -l config
    for i in (seq (count $typed))
        if test $typed[$i] = --config; and set -q typed[(math $i + 1)]
            set config --config $typed[(math $i + 1)]
        else if string match -q -- '--config=*' $typed[$i]
            set config $typed[$i]
        end
    end
    command nexmo-conversion config profiles $config 2>/dev/null
end
# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nexmo_conversion_global_optspecs
    string join \n p/profile= config= json q/quiet v/verbose log-format= color= h/help V/version
end

function __fish_nexmo_conversion_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nexmo_conversion_global_optspecs) -- $cmd 2>/dev/null
    or argparse -s (__fish_nexmo_conversion_global_optspecs) -- $cmd[1..-2] 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nexmo_conversion_using_subcommand
    set -l cmd (__fish_nexmo_conversion_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -s V -l version -d 'Print version'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "sms" -d 'Send whether SMS messages converted'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "voice" -d 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "batch" -d 'Send a stream of conversions, each as it arrives'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "track" -d 'Send what follows from a log of codes and conversions: silence becomes false'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "ledger" -d 'Look into the ledger: what is pending, refused, settled'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "report" -d 'Show conversion rate, lateness and outcomes, from the ledger'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "check" -d 'Check credentials, file modes, ledger, proxy, CA, TLS and clock'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "config" -d 'Create or show the configuration'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "sandbox" -d 'Run a local Conversion API for tests'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "man" -d 'Print the manual page, or write all pages into a folder'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l message-id -d 'Another id, under the API\'s own name for it' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l delivered -d 'Whether the user completed the 2FA step; no default' -r -f -a "true\t''
false\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l timestamp -d 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l ledger -d 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l force -d 'Send it whatever the ledger says of it'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -s n -l dry-run -d 'Show the request and its curl line; send nothing'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l sandbox -d 'Run against a sandbox in this process; no account needed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l no-ledger -d 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sms" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l message-id -d 'Another id, under the API\'s own name for it' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l delivered -d 'Whether the user completed the 2FA step; no default' -r -f -a "true\t''
false\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l timestamp -d 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l ledger -d 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l force -d 'Send it whatever the ledger says of it'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -s n -l dry-run -d 'Show the request and its curl line; send nothing'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l sandbox -d 'Run against a sandbox in this process; no account needed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l no-ledger -d 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand voice" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l format -d 'How records are written' -r -f -a "auto\t''
ndjson\t''
csv\t''
tsv\t''
ids\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l channel -d 'The channel of records that do not say' -r -f -a "sms\t''
voice\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l field -d 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l where -d 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l delivered -d 'What holds for records that do not say' -r -f -a "true\t''
false\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l delivered-when -d 'Which values of a field mean that the user converted; any other value means false (`status=verified`)' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l max-age -d 'Leave out conversions that are older than this' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s j -l jobs -d 'Send up to N at once [default: 16]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l rate -d 'Start no more than this many requests in a time: 50/s, 600/min' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l deadline -d 'Send nothing new after this long; what was recorded is kept for the next run' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l ping -d 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l ledger -d 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s 0 -l null -d 'Records end with a NUL byte instead of a line feed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l complete -d 'Take a last line without its newline, too'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l follow -d 'Read on as the files grow, as `tail -F` does, until the run is stopped'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l strict -d 'Fail again for lines that were refused before'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s n -l dry-run -d 'Show the request and its curl line; send nothing'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l sandbox -d 'Run against a sandbox in this process; no account needed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l no-ledger -d 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand batch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l format -d 'How records are written' -r -f -a "auto\t''
ndjson\t''
csv\t''
tsv\t''
ids\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l channel -d 'The channel of records that do not say' -r -f -a "sms\t''
voice\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l field -d 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l where -d 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l sent-when -d 'How to recognise a line that says that a code was sent' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l converted-when -d 'How to recognise a line that says that the user converted' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l window -d 'How long a code may take before silence becomes false' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l parts-within -d 'Messages under one `ref` that are sent within this time are the parts of one code; 0s: none are' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l source -d 'What the log is called, where it comes through a pipe' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l at-end -d 'What becomes of open windows when the input ends: keep them for the next run, wait until they close, or let them all expire at once' -r -f -a "keep\t'They stay open for the next run'
wait\t'They are waited for'
expire\t'They expire at once'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s j -l jobs -d 'Send up to N at once [default: 16]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l rate -d 'Start no more than this many requests in a time: 50/s, 600/min' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l deadline -d 'Send nothing new after this long; what was recorded is kept for the next run' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l ping -d 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s 0 -l null -d 'Records end with a NUL byte instead of a line feed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l complete -d 'Take a last line without its newline, too'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l follow -d 'Read on as the files grow, as `tail -F` does, until the run is stopped'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l strict -d 'Fail again for lines that were refused before'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s n -l dry-run -d 'Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l sandbox -d 'Run against a sandbox in this process; no account needed'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand track" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "status" -d 'Count what is in it, by account and state, with the oldest'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "show" -d 'Show all that is known about an id: sent when, with which value, and what was answered'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "resume" -d 'Send now what is pending for this account, whatever its next planned attempt'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "refused" -d 'Print what was refused for good, with the reasons; as input lines again with --json'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "forget" -d 'Remove what is older than a time'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "migrate" -d 'Make the tables of a ledger on a server, or change them for this version'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and not __fish_seen_subcommand_from status show resume refused forget migrate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -s j -l jobs -d 'Send up to N at once [default: 16]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l rate -d 'Start no more than this many requests in a time: 50/s, 600/min' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l deadline -d 'Send nothing new after this long; what was recorded is kept for the next run' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l ping -d 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from refused" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l older-than -d 'Older than this' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -s y -l yes -l no-input -d 'Do not ask first'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from migrate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "status" -d 'Count what is in it, by account and state, with the oldest'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show all that is known about an id: sent when, with which value, and what was answered'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Send now what is pending for this account, whatever its next planned attempt'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "refused" -d 'Print what was refused for good, with the reasons; as input lines again with --json'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Remove what is older than a time'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "migrate" -d 'Make the tables of a ledger on a server, or change them for this version'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l since -d 'From so long ago, or from this day or time (UTC), until now' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l account -d 'Of this account, by its fingerprint as `ledger status` shows it' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l html -d 'Write a page with charts into this file (mode 0600; it needs nothing else), or print it with `-`' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l prometheus -d 'Write metrics in Prometheus\' text format into this file (mode 0644) for `node_exporter`\'s textfile collector, or print them with `-`' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l all-accounts -d 'Of every account in the ledger'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l csv -d 'Print the windows as CSV: a row for each mark and channel (all, sms, voice)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l ledger -d 'The ledger\'s file, or its server (postgres://...) [default: ledger.db in the state folder]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l sandbox -d 'Check against a sandbox inside this process'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -f -a "init" -d 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -f -a "show" -d 'Print every setting, its value and where it comes from; secrets are masked'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -f -a "path" -d 'Print where the configuration file is, or would be'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -f -a "profiles" -d 'Print the names of the profiles, one on each line; completions ask for them'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and not __fish_seen_subcommand_from init show path profiles help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l name -d 'The profile\'s name; the same as --profile [default: 2fa]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l api-key -d 'The account\'s key; asked for on a terminal when not given' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l api-secret-file -d 'Read the secret from this file, or from standard input with `-`' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l auth -d 'How requests prove who sends them' -r -f -a "form\t''
basic\t''
query\t''
signature\t''
signature-query\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l no-input -d 'Ask nothing: what is missing is an error'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l retry -d 'Try again up to N times after a failure that may pass [default: 4]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l retry-max-time -d 'Do not try again later than this after the first try [default: 2m]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l connect-timeout -d 'Limit for connecting, TLS included [default: 5s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l max-time -d 'Limit for each whole try [default: 15s]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l proxy -d 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l cacert -d 'Trust the certificate authorities in this PEM file instead of the system\'s' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l base-url -d 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from profiles" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "init" -d 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print every setting, its value and where it comes from; secrets are masked'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the configuration file is, or would be'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "profiles" -d 'Print the names of the profiles, one on each line; completions ask for them'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l port -d 'The port on 127.0.0.1; 0 takes a free one' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l certificate -d 'With --tls: what is wrong with the certificate' -r -f -a "valid\t''
expired\t''
not-yet-valid\t''
wrong-name\t''
self-signed\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l tls-versions -d 'With --tls: the versions on offer' -r -f -a "both\t''
1.1\t''
1.2\t''
1.3\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l ca-file -d 'With --tls: write the CA\'s certificate here, over an earlier sandbox\'s only [default: a file in the folder for temporary files]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l api-key -d 'The account that may report' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l api-secret-file -d 'The file of its secret, which is the secret of its signatures, too [default: made up]' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l signature-method -d 'How its signatures are made' -r -f -a "md5hash\t''
md5\t''
sha1\t''
sha256\t''
sha512\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l reply -d 'Answer the next request so; for the first requests, in order' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l then -d 'What comes after the replies' -r -f -a "normal\t''
cycle\t''
last\t''"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l every -d 'Answer every so many requests so' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l latency -d 'How long each answer takes' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l set -d 'Set a switch for what no document says' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l clock-skew -d 'How far its clock is ahead' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l log -d 'Append each request to this file as a line of JSON before it is answered (`-`: standard output); secrets are masked, links not followed' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l stop-after -d 'End by itself after this long' -r
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l tls -d 'Speak HTTPS, with a certificate made on the spot'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l not-enabled -d 'Answer 402, as for an account for which conversions are not enabled'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -s p -l profile -d 'Use this profile of the configuration file' -r -f -a '(__fish_nexmo_conversion_profiles)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -l config -d 'Read this configuration file' -r -F
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -l log-format -d 'Write messages on standard error as text, or as one JSON object a line for log collectors' -r -f -a "text\t'`label: text`'
json\t'One object a line: `time`, `level`, `event`, `message`; at the end the counts and the exit code'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -l json -d 'Print results as JSON, one object per line'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -s q -l quiet -d 'Print failures only'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -s v -l verbose -d 'Say what goes on (never shows a secret)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "sms" -d 'Send whether SMS messages converted'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "voice" -d 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "batch" -d 'Send a stream of conversions, each as it arrives'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "track" -d 'Send what follows from a log of codes and conversions: silence becomes false'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "ledger" -d 'Look into the ledger: what is pending, refused, settled'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "report" -d 'Show conversion rate, lateness and outcomes, from the ledger'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "check" -d 'Check credentials, file modes, ledger, proxy, CA, TLS and clock'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "config" -d 'Create or show the configuration'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "sandbox" -d 'Run a local Conversion API for tests'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "man" -d 'Print the manual page, or write all pages into a folder'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and not __fish_seen_subcommand_from sms voice batch track ledger report check config sandbox completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "status" -d 'Count what is in it, by account and state, with the oldest'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "show" -d 'Show all that is known about an id: sent when, with which value, and what was answered'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "resume" -d 'Send now what is pending for this account, whatever its next planned attempt'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "refused" -d 'Print what was refused for good, with the reasons; as input lines again with --json'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "forget" -d 'Remove what is older than a time'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from ledger" -f -a "migrate" -d 'Make the tables of a ledger on a server, or change them for this version'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "init" -d 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print every setting, its value and where it comes from; secrets are masked'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print where the configuration file is, or would be'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "profiles" -d 'Print the names of the profiles, one on each line; completions ask for them'
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand ledger; and __fish_seen_subcommand_from forget" -f -a "settled refused pending"
complete -c nexmo-conversion -n "__fish_nexmo_conversion_using_subcommand completions" -f -a "bash elvish fish powershell zsh"
