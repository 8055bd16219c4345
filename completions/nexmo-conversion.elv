
use builtin;
use str;

set edit:completion:arg-completer[nexmo-conversion] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'nexmo-conversion'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'nexmo-conversion'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand sms 'Send whether SMS messages converted'
            cand voice 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)'
            cand batch 'Send a stream of conversions, each as it arrives'
            cand track 'Send what follows from a log of codes and conversions: silence becomes false'
            cand ledger 'Look into the ledger: what is pending, refused, settled'
            cand report 'Show conversion rate, lateness and outcomes, from the ledger'
            cand check 'Check credentials, file modes, ledger, proxy, CA, TLS and clock'
            cand config 'Create or show the configuration'
            cand sandbox 'Run a local Conversion API for tests'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write all pages into a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;sms'= {
            cand --message-id 'Another id, under the API''s own name for it'
            cand --delivered 'Whether the user completed the 2FA step; no default'
            cand --timestamp 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]'
            cand --ledger 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --force 'Send it whatever the ledger says of it'
            cand -n 'Show the request and its curl line; send nothing'
            cand --dry-run 'Show the request and its curl line; send nothing'
            cand --sandbox 'Run against a sandbox in this process; no account needed'
            cand --no-ledger 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;voice'= {
            cand --message-id 'Another id, under the API''s own name for it'
            cand --delivered 'Whether the user completed the 2FA step; no default'
            cand --timestamp 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]'
            cand --ledger 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --force 'Send it whatever the ledger says of it'
            cand -n 'Show the request and its curl line; send nothing'
            cand --dry-run 'Show the request and its curl line; send nothing'
            cand --sandbox 'Run against a sandbox in this process; no account needed'
            cand --no-ledger 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;batch'= {
            cand --format 'How records are written'
            cand --channel 'The channel of records that do not say'
            cand --field 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)'
            cand --where 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them'
            cand --delivered 'What holds for records that do not say'
            cand --delivered-when 'Which values of a field mean that the user converted; any other value means false (`status=verified`)'
            cand --max-age 'Leave out conversions that are older than this'
            cand -j 'Send up to N at once [default: 16]'
            cand --jobs 'Send up to N at once [default: 16]'
            cand --rate 'Start no more than this many requests in a time: 50/s, 600/min'
            cand --deadline 'Send nothing new after this long; what was recorded is kept for the next run'
            cand --ping 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails'
            cand --ledger 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand -0 'Records end with a NUL byte instead of a line feed'
            cand --null 'Records end with a NUL byte instead of a line feed'
            cand --complete 'Take a last line without its newline, too'
            cand --follow 'Read on as the files grow, as `tail -F` does, until the run is stopped'
            cand --strict 'Fail again for lines that were refused before'
            cand -n 'Show the request and its curl line; send nothing'
            cand --dry-run 'Show the request and its curl line; send nothing'
            cand --sandbox 'Run against a sandbox in this process; no account needed'
            cand --no-ledger 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;track'= {
            cand --format 'How records are written'
            cand --channel 'The channel of records that do not say'
            cand --field 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)'
            cand --where 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them'
            cand --sent-when 'How to recognise a line that says that a code was sent'
            cand --converted-when 'How to recognise a line that says that the user converted'
            cand --window 'How long a code may take before silence becomes false'
            cand --parts-within 'Messages under one `ref` that are sent within this time are the parts of one code; 0s: none are'
            cand --source 'What the log is called, where it comes through a pipe'
            cand --at-end 'What becomes of open windows when the input ends: keep them for the next run, wait until they close, or let them all expire at once'
            cand -j 'Send up to N at once [default: 16]'
            cand --jobs 'Send up to N at once [default: 16]'
            cand --rate 'Start no more than this many requests in a time: 50/s, 600/min'
            cand --deadline 'Send nothing new after this long; what was recorded is kept for the next run'
            cand --ping 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails'
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand -0 'Records end with a NUL byte instead of a line feed'
            cand --null 'Records end with a NUL byte instead of a line feed'
            cand --complete 'Take a last line without its newline, too'
            cand --follow 'Read on as the files grow, as `tail -F` does, until the run is stopped'
            cand --strict 'Fail again for lines that were refused before'
            cand -n 'Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at'
            cand --dry-run 'Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at'
            cand --sandbox 'Run against a sandbox in this process; no account needed'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand status 'Count what is in it, by account and state, with the oldest'
            cand show 'Show all that is known about an id: sent when, with which value, and what was answered'
            cand resume 'Send now what is pending for this account, whatever its next planned attempt'
            cand refused 'Print what was refused for good, with the reasons; as input lines again with --json'
            cand forget 'Remove what is older than a time'
            cand migrate 'Make the tables of a ledger on a server, or change them for this version'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;ledger;status'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;show'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;resume'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -j 'Send up to N at once [default: 16]'
            cand --jobs 'Send up to N at once [default: 16]'
            cand --rate 'Start no more than this many requests in a time: 50/s, 600/min'
            cand --deadline 'Send nothing new after this long; what was recorded is kept for the next run'
            cand --ping 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;refused'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;forget'= {
            cand --older-than 'Older than this'
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand -y 'Do not ask first'
            cand --yes 'Do not ask first'
            cand --no-input 'Do not ask first'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;migrate'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;ledger;help'= {
            cand status 'Count what is in it, by account and state, with the oldest'
            cand show 'Show all that is known about an id: sent when, with which value, and what was answered'
            cand resume 'Send now what is pending for this account, whatever its next planned attempt'
            cand refused 'Print what was refused for good, with the reasons; as input lines again with --json'
            cand forget 'Remove what is older than a time'
            cand migrate 'Make the tables of a ledger on a server, or change them for this version'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;ledger;help;status'= {
        }
        &'nexmo-conversion;ledger;help;show'= {
        }
        &'nexmo-conversion;ledger;help;resume'= {
        }
        &'nexmo-conversion;ledger;help;refused'= {
        }
        &'nexmo-conversion;ledger;help;forget'= {
        }
        &'nexmo-conversion;ledger;help;migrate'= {
        }
        &'nexmo-conversion;ledger;help;help'= {
        }
        &'nexmo-conversion;report'= {
            cand --since 'From so long ago, or from this day or time (UTC), until now'
            cand --account 'Of this account, by its fingerprint as `ledger status` shows it'
            cand --html 'Write a page with charts into this file (mode 0600; it needs nothing else), or print it with `-`'
            cand --prometheus 'Write metrics in Prometheus'' text format into this file (mode 0644) for `node_exporter`''s textfile collector, or print them with `-`'
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --all-accounts 'Of every account in the ledger'
            cand --csv 'Print the windows as CSV: a row for each mark and channel (all, sms, voice)'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;check'= {
            cand --ledger 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]'
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --sandbox 'Check against a sandbox inside this process'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;config'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand init 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
            cand show 'Print every setting, its value and where it comes from; secrets are masked'
            cand path 'Print where the configuration file is, or would be'
            cand profiles 'Print the names of the profiles, one on each line; completions ask for them'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;config;init'= {
            cand --name 'The profile''s name; the same as --profile [default: 2fa]'
            cand --api-key 'The account''s key; asked for on a terminal when not given'
            cand --api-secret-file 'Read the secret from this file, or from standard input with `-`'
            cand --auth 'How requests prove who sends them'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --no-input 'Ask nothing: what is missing is an error'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;config;show'= {
            cand --retry 'Try again up to N times after a failure that may pass [default: 4]'
            cand --retry-max-time 'Do not try again later than this after the first try [default: 2m]'
            cand --connect-timeout 'Limit for connecting, TLS included [default: 5s]'
            cand --max-time 'Limit for each whole try [default: 15s]'
            cand --proxy 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]'
            cand --cacert 'Trust the certificate authorities in this PEM file instead of the system''s'
            cand --base-url 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;config;path'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;config;profiles'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;config;help'= {
            cand init 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
            cand show 'Print every setting, its value and where it comes from; secrets are masked'
            cand path 'Print where the configuration file is, or would be'
            cand profiles 'Print the names of the profiles, one on each line; completions ask for them'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;config;help;init'= {
        }
        &'nexmo-conversion;config;help;show'= {
        }
        &'nexmo-conversion;config;help;path'= {
        }
        &'nexmo-conversion;config;help;profiles'= {
        }
        &'nexmo-conversion;config;help;help'= {
        }
        &'nexmo-conversion;sandbox'= {
            cand --port 'The port on 127.0.0.1; 0 takes a free one'
            cand --certificate 'With --tls: what is wrong with the certificate'
            cand --tls-versions 'With --tls: the versions on offer'
            cand --ca-file 'With --tls: write the CA''s certificate here, over an earlier sandbox''s only [default: a file in the folder for temporary files]'
            cand --api-key 'The account that may report'
            cand --api-secret-file 'The file of its secret, which is the secret of its signatures, too [default: made up]'
            cand --signature-method 'How its signatures are made'
            cand --reply 'Answer the next request so; for the first requests, in order'
            cand --then 'What comes after the replies'
            cand --every 'Answer every so many requests so'
            cand --latency 'How long each answer takes'
            cand --set 'Set a switch for what no document says'
            cand --clock-skew 'How far its clock is ahead'
            cand --log 'Append each request to this file as a line of JSON before it is answered (`-`: standard output); secrets are masked, links not followed'
            cand --stop-after 'End by itself after this long'
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --tls 'Speak HTTPS, with a certificate made on the spot'
            cand --not-enabled 'Answer 402, as for an account for which conversions are not enabled'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;completions'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;man'= {
            cand -p 'Use this profile of the configuration file'
            cand --profile 'Use this profile of the configuration file'
            cand --config 'Read this configuration file'
            cand --log-format 'Write messages on standard error as text, or as one JSON object a line for log collectors'
            cand --color 'Colour the output'
            cand --json 'Print results as JSON, one object per line'
            cand -q 'Print failures only'
            cand --quiet 'Print failures only'
            cand -v 'Say what goes on (never shows a secret)'
            cand --verbose 'Say what goes on (never shows a secret)'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'nexmo-conversion;help'= {
            cand sms 'Send whether SMS messages converted'
            cand voice 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)'
            cand batch 'Send a stream of conversions, each as it arrives'
            cand track 'Send what follows from a log of codes and conversions: silence becomes false'
            cand ledger 'Look into the ledger: what is pending, refused, settled'
            cand report 'Show conversion rate, lateness and outcomes, from the ledger'
            cand check 'Check credentials, file modes, ledger, proxy, CA, TLS and clock'
            cand config 'Create or show the configuration'
            cand sandbox 'Run a local Conversion API for tests'
            cand completions 'Print a completion script for a shell'
            cand man 'Print the manual page, or write all pages into a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'nexmo-conversion;help;sms'= {
        }
        &'nexmo-conversion;help;voice'= {
        }
        &'nexmo-conversion;help;batch'= {
        }
        &'nexmo-conversion;help;track'= {
        }
        &'nexmo-conversion;help;ledger'= {
            cand status 'Count what is in it, by account and state, with the oldest'
            cand show 'Show all that is known about an id: sent when, with which value, and what was answered'
            cand resume 'Send now what is pending for this account, whatever its next planned attempt'
            cand refused 'Print what was refused for good, with the reasons; as input lines again with --json'
            cand forget 'Remove what is older than a time'
            cand migrate 'Make the tables of a ledger on a server, or change them for this version'
        }
        &'nexmo-conversion;help;ledger;status'= {
        }
        &'nexmo-conversion;help;ledger;show'= {
        }
        &'nexmo-conversion;help;ledger;resume'= {
        }
        &'nexmo-conversion;help;ledger;refused'= {
        }
        &'nexmo-conversion;help;ledger;forget'= {
        }
        &'nexmo-conversion;help;ledger;migrate'= {
        }
        &'nexmo-conversion;help;report'= {
        }
        &'nexmo-conversion;help;check'= {
        }
        &'nexmo-conversion;help;config'= {
            cand init 'Write a configuration file (mode 0600), or add a profile to it; never overwrites'
            cand show 'Print every setting, its value and where it comes from; secrets are masked'
            cand path 'Print where the configuration file is, or would be'
            cand profiles 'Print the names of the profiles, one on each line; completions ask for them'
        }
        &'nexmo-conversion;help;config;init'= {
        }
        &'nexmo-conversion;help;config;show'= {
        }
        &'nexmo-conversion;help;config;path'= {
        }
        &'nexmo-conversion;help;config;profiles'= {
        }
        &'nexmo-conversion;help;sandbox'= {
        }
        &'nexmo-conversion;help;completions'= {
        }
        &'nexmo-conversion;help;man'= {
        }
        &'nexmo-conversion;help;help'= {
        }
    ]
    $completions[$command]
}
