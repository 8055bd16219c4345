
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'nexmo-conversion' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'nexmo-conversion'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'nexmo-conversion' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('sms', 'sms', [CompletionResultType]::ParameterValue, 'Send whether SMS messages converted')
            [CompletionResult]::new('voice', 'voice', [CompletionResultType]::ParameterValue, 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)')
            [CompletionResult]::new('batch', 'batch', [CompletionResultType]::ParameterValue, 'Send a stream of conversions, each as it arrives')
            [CompletionResult]::new('track', 'track', [CompletionResultType]::ParameterValue, 'Send what follows from a log of codes and conversions: silence becomes false')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Look into the ledger: what is pending, refused, settled')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Show conversion rate, lateness and outcomes, from the ledger')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check credentials, file modes, ledger, proxy, CA, TLS and clock')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Create or show the configuration')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local Conversion API for tests')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages into a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;sms' {
            [CompletionResult]::new('--message-id', '--message-id', [CompletionResultType]::ParameterName, 'Another id, under the API''s own name for it')
            [CompletionResult]::new('--delivered', '--delivered', [CompletionResultType]::ParameterName, 'Whether the user completed the 2FA step; no default')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Send it whatever the ledger says of it')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox in this process; no account needed')
            [CompletionResult]::new('--no-ledger', '--no-ledger', [CompletionResultType]::ParameterName, 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;voice' {
            [CompletionResult]::new('--message-id', '--message-id', [CompletionResultType]::ParameterName, 'Another id, under the API''s own name for it')
            [CompletionResult]::new('--delivered', '--delivered', [CompletionResultType]::ParameterName, 'Whether the user completed the 2FA step; no default')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'When: an age (20s), UTC, RFC 3339 or Unix time [default: now]')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Send it whatever the ledger says of it')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox in this process; no account needed')
            [CompletionResult]::new('--no-ledger', '--no-ledger', [CompletionResultType]::ParameterName, 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;batch' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How records are written')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'The channel of records that do not say')
            [CompletionResult]::new('--field', '--field', [CompletionResultType]::ParameterName, 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them')
            [CompletionResult]::new('--delivered', '--delivered', [CompletionResultType]::ParameterName, 'What holds for records that do not say')
            [CompletionResult]::new('--delivered-when', '--delivered-when', [CompletionResultType]::ParameterName, 'Which values of a field mean that the user converted; any other value means false (`status=verified`)')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Leave out conversions that are older than this')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Start no more than this many requests in a time: 50/s, 600/min')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Send nothing new after this long; what was recorded is kept for the next run')
            [CompletionResult]::new('--ping', '--ping', [CompletionResultType]::ParameterName, 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'Keep the ledger in this file, or on this server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Records end with a NUL byte instead of a line feed')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Records end with a NUL byte instead of a line feed')
            [CompletionResult]::new('--complete', '--complete', [CompletionResultType]::ParameterName, 'Take a last line without its newline, too')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Read on as the files grow, as `tail -F` does, until the run is stopped')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail again for lines that were refused before')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the request and its curl line; send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox in this process; no account needed')
            [CompletionResult]::new('--no-ledger', '--no-ledger', [CompletionResultType]::ParameterName, 'Write nothing down: what is not sent by the end is gone, nothing is known of earlier runs, and values of one id may overtake each other')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;track' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How records are written')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'The channel of records that do not say')
            [CompletionResult]::new('--field', '--field', [CompletionResultType]::ParameterName, 'Where a field stands: a column, or a dotted path into JSON (`message-id=otp.id`)')
            [CompletionResult]::new('--where', '--where', [CompletionResultType]::ParameterName, 'Take only lines whose field has this value (`event=otp`); repeated for one field, any of the values; for several fields, all of them')
            [CompletionResult]::new('--sent-when', '--sent-when', [CompletionResultType]::ParameterName, 'How to recognise a line that says that a code was sent')
            [CompletionResult]::new('--converted-when', '--converted-when', [CompletionResultType]::ParameterName, 'How to recognise a line that says that the user converted')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'How long a code may take before silence becomes false')
            [CompletionResult]::new('--parts-within', '--parts-within', [CompletionResultType]::ParameterName, 'Messages under one `ref` that are sent within this time are the parts of one code; 0s: none are')
            [CompletionResult]::new('--source', '--source', [CompletionResultType]::ParameterName, 'What the log is called, where it comes through a pipe')
            [CompletionResult]::new('--at-end', '--at-end', [CompletionResultType]::ParameterName, 'What becomes of open windows when the input ends: keep them for the next run, wait until they close, or let them all expire at once')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Start no more than this many requests in a time: 50/s, 600/min')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Send nothing new after this long; what was recorded is kept for the next run')
            [CompletionResult]::new('--ping', '--ping', [CompletionResultType]::ParameterName, 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Records end with a NUL byte instead of a line feed')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Records end with a NUL byte instead of a line feed')
            [CompletionResult]::new('--complete', '--complete', [CompletionResultType]::ParameterName, 'Take a last line without its newline, too')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Read on as the files grow, as `tail -F` does, until the run is stopped')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail again for lines that were refused before')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be derived and sent, and send nothing; the windows of earlier runs are not looked at')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Run against a sandbox in this process; no account needed')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Count what is in it, by account and state, with the oldest')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all that is known about an id: sent when, with which value, and what was answered')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Send now what is pending for this account, whatever its next planned attempt')
            [CompletionResult]::new('refused', 'refused', [CompletionResultType]::ParameterValue, 'Print what was refused for good, with the reasons; as input lines again with --json')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Remove what is older than a time')
            [CompletionResult]::new('migrate', 'migrate', [CompletionResultType]::ParameterValue, 'Make the tables of a ledger on a server, or change them for this version')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;ledger;status' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;show' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;resume' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Send up to N at once [default: 16]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Start no more than this many requests in a time: 50/s, 600/min')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Send nothing new after this long; what was recorded is kept for the next run')
            [CompletionResult]::new('--ping', '--ping', [CompletionResultType]::ParameterName, 'Tell a cron monitor when the run begins and how it ends: URL/start, then URL, or URL/CODE where it fails')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;refused' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;forget' {
            [CompletionResult]::new('--older-than', '--older-than', [CompletionResultType]::ParameterName, 'Older than this')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask first')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask first')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Do not ask first')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;migrate' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;ledger;help' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Count what is in it, by account and state, with the oldest')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all that is known about an id: sent when, with which value, and what was answered')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Send now what is pending for this account, whatever its next planned attempt')
            [CompletionResult]::new('refused', 'refused', [CompletionResultType]::ParameterValue, 'Print what was refused for good, with the reasons; as input lines again with --json')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Remove what is older than a time')
            [CompletionResult]::new('migrate', 'migrate', [CompletionResultType]::ParameterValue, 'Make the tables of a ledger on a server, or change them for this version')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;ledger;help;status' {
            break
        }
        'nexmo-conversion;ledger;help;show' {
            break
        }
        'nexmo-conversion;ledger;help;resume' {
            break
        }
        'nexmo-conversion;ledger;help;refused' {
            break
        }
        'nexmo-conversion;ledger;help;forget' {
            break
        }
        'nexmo-conversion;ledger;help;migrate' {
            break
        }
        'nexmo-conversion;ledger;help;help' {
            break
        }
        'nexmo-conversion;report' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'From so long ago, or from this day or time (UTC), until now')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Of this account, by its fingerprint as `ledger status` shows it')
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'Write a page with charts into this file (mode 0600; it needs nothing else), or print it with `-`')
            [CompletionResult]::new('--prometheus', '--prometheus', [CompletionResultType]::ParameterName, 'Write metrics in Prometheus'' text format into this file (mode 0644) for `node_exporter`''s textfile collector, or print them with `-`')
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--all-accounts', '--all-accounts', [CompletionResultType]::ParameterName, 'Of every account in the ledger')
            [CompletionResult]::new('--csv', '--csv', [CompletionResultType]::ParameterName, 'Print the windows as CSV: a row for each mark and channel (all, sms, voice)')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;check' {
            [CompletionResult]::new('--ledger', '--ledger', [CompletionResultType]::ParameterName, 'The ledger''s file, or its server (postgres://...) [default: ledger.db in the state folder]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Check against a sandbox inside this process')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;config' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a configuration file (mode 0600), or add a profile to it; never overwrites')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from; secrets are masked')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the configuration file is, or would be')
            [CompletionResult]::new('profiles', 'profiles', [CompletionResultType]::ParameterValue, 'Print the names of the profiles, one on each line; completions ask for them')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;config;init' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The profile''s name; the same as --profile [default: 2fa]')
            [CompletionResult]::new('--api-key', '--api-key', [CompletionResultType]::ParameterName, 'The account''s key; asked for on a terminal when not given')
            [CompletionResult]::new('--api-secret-file', '--api-secret-file', [CompletionResultType]::ParameterName, 'Read the secret from this file, or from standard input with `-`')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'How requests prove who sends them')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--no-input', '--no-input', [CompletionResultType]::ParameterName, 'Ask nothing: what is missing is an error')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;config;show' {
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times after a failure that may pass [default: 4]')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'Do not try again later than this after the first try [default: 2m]')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Limit for connecting, TLS included [default: 5s]')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'Limit for each whole try [default: 15s]')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Use this proxy (http, https, socks4, socks4a, socks5, socks5h), or `none` [default: from the environment]')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificate authorities in this PEM file instead of the system''s')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Replaces <https://api.nexmo.com>; `/conversions/sms` is appended')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;config;path' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;config;profiles' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;config;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a configuration file (mode 0600), or add a profile to it; never overwrites')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from; secrets are masked')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the configuration file is, or would be')
            [CompletionResult]::new('profiles', 'profiles', [CompletionResultType]::ParameterValue, 'Print the names of the profiles, one on each line; completions ask for them')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;config;help;init' {
            break
        }
        'nexmo-conversion;config;help;show' {
            break
        }
        'nexmo-conversion;config;help;path' {
            break
        }
        'nexmo-conversion;config;help;profiles' {
            break
        }
        'nexmo-conversion;config;help;help' {
            break
        }
        'nexmo-conversion;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port on 127.0.0.1; 0 takes a free one')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'With --tls: what is wrong with the certificate')
            [CompletionResult]::new('--tls-versions', '--tls-versions', [CompletionResultType]::ParameterName, 'With --tls: the versions on offer')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'With --tls: write the CA''s certificate here, over an earlier sandbox''s only [default: a file in the folder for temporary files]')
            [CompletionResult]::new('--api-key', '--api-key', [CompletionResultType]::ParameterName, 'The account that may report')
            [CompletionResult]::new('--api-secret-file', '--api-secret-file', [CompletionResultType]::ParameterName, 'The file of its secret, which is the secret of its signatures, too [default: made up]')
            [CompletionResult]::new('--signature-method', '--signature-method', [CompletionResultType]::ParameterName, 'How its signatures are made')
            [CompletionResult]::new('--reply', '--reply', [CompletionResultType]::ParameterName, 'Answer the next request so; for the first requests, in order')
            [CompletionResult]::new('--then', '--then', [CompletionResultType]::ParameterName, 'What comes after the replies')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Answer every so many requests so')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'How long each answer takes')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Set a switch for what no document says')
            [CompletionResult]::new('--clock-skew', '--clock-skew', [CompletionResultType]::ParameterName, 'How far its clock is ahead')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Append each request to this file as a line of JSON before it is answered (`-`: standard output); secrets are masked, links not followed')
            [CompletionResult]::new('--stop-after', '--stop-after', [CompletionResultType]::ParameterName, 'End by itself after this long')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak HTTPS, with a certificate made on the spot')
            [CompletionResult]::new('--not-enabled', '--not-enabled', [CompletionResultType]::ParameterName, 'Answer 402, as for an account for which conversions are not enabled')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;completions' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;man' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'Write messages on standard error as text, or as one JSON object a line for log collectors')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'nexmo-conversion;help' {
            [CompletionResult]::new('sms', 'sms', [CompletionResultType]::ParameterValue, 'Send whether SMS messages converted')
            [CompletionResult]::new('voice', 'voice', [CompletionResultType]::ParameterValue, 'Send whether voice calls converted (Text-To-Speech, TTS Prompt)')
            [CompletionResult]::new('batch', 'batch', [CompletionResultType]::ParameterValue, 'Send a stream of conversions, each as it arrives')
            [CompletionResult]::new('track', 'track', [CompletionResultType]::ParameterValue, 'Send what follows from a log of codes and conversions: silence becomes false')
            [CompletionResult]::new('ledger', 'ledger', [CompletionResultType]::ParameterValue, 'Look into the ledger: what is pending, refused, settled')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Show conversion rate, lateness and outcomes, from the ledger')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check credentials, file modes, ledger, proxy, CA, TLS and clock')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Create or show the configuration')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local Conversion API for tests')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages into a folder')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'nexmo-conversion;help;sms' {
            break
        }
        'nexmo-conversion;help;voice' {
            break
        }
        'nexmo-conversion;help;batch' {
            break
        }
        'nexmo-conversion;help;track' {
            break
        }
        'nexmo-conversion;help;ledger' {
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Count what is in it, by account and state, with the oldest')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show all that is known about an id: sent when, with which value, and what was answered')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Send now what is pending for this account, whatever its next planned attempt')
            [CompletionResult]::new('refused', 'refused', [CompletionResultType]::ParameterValue, 'Print what was refused for good, with the reasons; as input lines again with --json')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Remove what is older than a time')
            [CompletionResult]::new('migrate', 'migrate', [CompletionResultType]::ParameterValue, 'Make the tables of a ledger on a server, or change them for this version')
            break
        }
        'nexmo-conversion;help;ledger;status' {
            break
        }
        'nexmo-conversion;help;ledger;show' {
            break
        }
        'nexmo-conversion;help;ledger;resume' {
            break
        }
        'nexmo-conversion;help;ledger;refused' {
            break
        }
        'nexmo-conversion;help;ledger;forget' {
            break
        }
        'nexmo-conversion;help;ledger;migrate' {
            break
        }
        'nexmo-conversion;help;report' {
            break
        }
        'nexmo-conversion;help;check' {
            break
        }
        'nexmo-conversion;help;config' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a configuration file (mode 0600), or add a profile to it; never overwrites')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from; secrets are masked')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the configuration file is, or would be')
            [CompletionResult]::new('profiles', 'profiles', [CompletionResultType]::ParameterValue, 'Print the names of the profiles, one on each line; completions ask for them')
            break
        }
        'nexmo-conversion;help;config;init' {
            break
        }
        'nexmo-conversion;help;config;show' {
            break
        }
        'nexmo-conversion;help;config;path' {
            break
        }
        'nexmo-conversion;help;config;profiles' {
            break
        }
        'nexmo-conversion;help;sandbox' {
            break
        }
        'nexmo-conversion;help;completions' {
            break
        }
        'nexmo-conversion;help;man' {
            break
        }
        'nexmo-conversion;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
