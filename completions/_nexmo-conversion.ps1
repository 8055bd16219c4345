
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
            [CompletionResult]::new('sms', 'sms', [CompletionResultType]::ParameterValue, 'Report conversions of SMS messages')
            [CompletionResult]::new('voice', 'voice', [CompletionResultType]::ParameterValue, 'Report conversions of voice calls (Text-To-Speech, TTS Prompt)')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check credentials, file modes, proxy, CA, TLS and clock')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Create or show the configuration')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local Conversion API for tests')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write all pages into a folder')
            break
        }
        'nexmo-conversion;sms' {
            [CompletionResult]::new('--message-id', '--message-id', [CompletionResultType]::ParameterName, 'Another id, under the API''s own name for it')
            [CompletionResult]::new('--delivered', '--delivered', [CompletionResultType]::ParameterName, 'Whether the user completed the 2FA step [true, false, 1, 0]; there is no default')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'When the user completed the step: UTC time, RFC 3339, Unix seconds or milliseconds, or an age like 20s [default: now]')
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
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show the request and a curl line for it, and send nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the request and a curl line for it, and send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Start a sandbox inside this process, with throw-away credentials, and run against it')
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
            [CompletionResult]::new('--delivered', '--delivered', [CompletionResultType]::ParameterName, 'Whether the user completed the 2FA step [true, false, 1, 0]; there is no default')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'When the user completed the step: UTC time, RFC 3339, Unix seconds or milliseconds, or an age like 20s [default: now]')
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
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show the request and a curl line for it, and send nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the request and a curl line for it, and send nothing')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Start a sandbox inside this process, with throw-away credentials, and run against it')
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
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the output')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print results as JSON, one object per line')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print failures only')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what goes on (never shows a secret)')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write a configuration file (mode 0600) with one profile; never overwrites')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print every setting, its value and where it comes from; secrets are masked')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the configuration file is, or would be')
            break
        }
        'nexmo-conversion;config;init' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The profile''s name')
            [CompletionResult]::new('--api-key', '--api-key', [CompletionResultType]::ParameterName, 'The account''s key; asked for on a terminal when not given')
            [CompletionResult]::new('--api-secret-file', '--api-secret-file', [CompletionResultType]::ParameterName, 'Read the secret from this file, or from standard input with `-`')
            [CompletionResult]::new('--auth', '--auth', [CompletionResultType]::ParameterName, 'How requests prove who sends them')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
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
        'nexmo-conversion;sandbox' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port on 127.0.0.1; 0 takes a free one')
            [CompletionResult]::new('--certificate', '--certificate', [CompletionResultType]::ParameterName, 'With --tls: what is wrong with the certificate [valid, expired, not-yet-valid, wrong-name, self-signed]')
            [CompletionResult]::new('--tls-versions', '--tls-versions', [CompletionResultType]::ParameterName, 'With --tls: the versions on offer [both, 1.2, 1.3]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'With --tls: write the CA''s certificate here [default: a file in the folder for temporary files]')
            [CompletionResult]::new('--api-key', '--api-key', [CompletionResultType]::ParameterName, 'The account that may report')
            [CompletionResult]::new('--api-secret-file', '--api-secret-file', [CompletionResultType]::ParameterName, 'Its secret, and the secret of its signatures [default: made up]')
            [CompletionResult]::new('--signature-method', '--signature-method', [CompletionResultType]::ParameterName, 'How its signatures are made [md5hash, md5, sha1, sha256, sha512]')
            [CompletionResult]::new('--reply', '--reply', [CompletionResultType]::ParameterName, 'Answer the next request so; for the first requests, in order')
            [CompletionResult]::new('--then', '--then', [CompletionResultType]::ParameterName, 'What comes after the replies [normal, cycle, last]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Answer every so many requests so')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'How long each answer takes')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Set a switch for what no document tells')
            [CompletionResult]::new('--clock-skew', '--clock-skew', [CompletionResultType]::ParameterName, 'How far its clock is ahead')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Append each request to this file as a line of JSON before it is answered (`-`: standard output)')
            [CompletionResult]::new('--stop-after', '--stop-after', [CompletionResultType]::ParameterName, 'End by itself after this long')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Use this profile of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Read this configuration file')
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
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
