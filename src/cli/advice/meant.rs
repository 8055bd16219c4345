//! Options by the names that other programs have for them.

/// What other programs call something, and what it is here.
pub(super) struct Meant {
    pub(super) typed: &'static [&'static str],
    /// The first that the command has is named.
    pub(super) options: &'static [&'static str],
    /// What is said where it has none of them, if it has this option (or in any case).
    pub(super) otherwise: Option<(&'static str, &'static str)>,
}

const fn meant(
    typed: &'static [&'static str],
    options: &'static [&'static str],
    otherwise: Option<(&'static str, &'static str)>,
) -> Meant {
    Meant { typed, options, otherwise }
}

const CREDENTIALS: &str = "a secret is never an option, which others could see: set VONAGE_API_KEY and VONAGE_API_SECRET, or run \
                           `nexmo-conversion config init`";

pub(super) const MEANT: &[Meant] = &[
    meant(
        &[
            "--api-secret",
            "--secret",
            "--password",
            "--pass",
            "--token",
            "--api-token",
            "--signature-secret",
            "--secret-file",
        ],
        &["--api-secret-file FILE"],
        Some(("", CREDENTIALS)),
    ),
    meant(
        &["--api-key", "--key", "--user", "--username", "-u"],
        &["--api-key KEY"],
        Some(("profile", "choose the account with `--profile NAME`, or set VONAGE_API_KEY and VONAGE_API_SECRET")),
    ),
    meant(
        &[
            "--converted",
            "--success",
            "--succeeded",
            "--completed",
            "--verified",
            "--conversion",
            "--true",
            "--yes",
        ],
        &["--delivered", "--converted-when FIELD=VALUE"],
        None,
    ),
    meant(
        &[
            "--not-delivered",
            "--no-delivered",
            "--undelivered",
            "--not-converted",
            "--no-conversion",
            "--unconverted",
            "--failed",
            "--failure",
            "--fail",
            "--false",
            "--no",
        ],
        &[],
        Some(("delivered", "that is `--delivered=false`")),
    ),
    meant(&["--timeout", "--time-out", "--request-timeout", "--read-timeout", "-m"], &["--max-time TIME"], None),
    meant(
        &["--output", "--out", "--output-file", "--outfile", "-o"],
        &["--html FILE"],
        Some(("", "results go to standard output: `> FILE`")),
    ),
    meant(&["--tail", "-f", "-F"], &["--follow"], None),
    meant(
        &["--insecure", "--no-verify", "--skip-verify", "--no-check-certificate", "--verify", "-k"],
        &[],
        Some(("cacert", "certificates are always verified; `--cacert FILE` trusts another authority")),
    ),
    meant(
        &["--ca", "--ca-cert", "--cafile", "--ca-bundle", "--cert", "--ca-certificate"],
        &["--cacert FILE", "--ca-file FILE"],
        None,
    ),
    meant(
        &["--url", "--host", "--endpoint", "--api-url", "--server", "--base", "--api"],
        &["--base-url URL"],
        None,
    ),
    meant(&["--concurrency", "--threads", "--workers", "--parallel", "--connections", "-P"], &["--jobs N"], None),
    meant(&["--retries", "--max-retries", "--attempts", "--tries"], &["--retry N"], None),
    meant(&["--ledger-file", "--db", "--database", "--state", "--state-file"], &["--ledger FILE"], None),
    meant(
        &["--file", "--input", "--in", "--input-file", "--from-file", "-i"],
        &[],
        Some(("format", "files are named without an option: `nexmo-conversion batch FILE`")),
    ),
    meant(&["--verbose-level", "--verbosity", "--debug", "--trace", "--log-level", "-d"], &["--verbose"], None),
    meant(&["--dryrun", "--dry", "--simulate", "--no-send", "--noop", "--test"], &["--dry-run"], None),
    meant(&["--silent", "-s"], &["--quiet"], None),
    meant(&["--no-color", "--no-colour"], &[], Some(("color", "that is `--color never`"))),
    meant(&["--colour"], &["--color WHEN"], None),
    meant(&["--id", "--message", "--messageid", "--msg-id", "--call-id", "--uuid"], &["--message-id ID"], None),
    meant(&["--time", "--date", "--when", "--at", "--ts"], &["--timestamp WHEN"], None),
    meant(&["--type"], &["--channel CHANNEL", "--format FORMAT"], None),
    meant(&["--throttle", "--rate-limit", "--limit", "--limit-rate", "--rps"], &["--rate N/UNIT"], None),
    meant(&["--noproxy", "--no-proxy"], &[], Some(("proxy", "that is `--proxy none`"))),
    meant(&["--days", "--last", "--from", "--period"], &["--since AGE"], None),
    meant(&["--account"], &["--profile NAME"], None),
    meant(
        &["--file", "--input", "--in", "--input-file", "--from-file", "-i", "--follow", "--tail", "-f", "-F"],
        &[],
        Some(("message-id", "ids in a file are for `nexmo-conversion batch --format ids FILE`")),
    ),
    meant(
        &["--concurrency", "--threads", "--workers", "--parallel", "--connections", "-P"],
        &[],
        Some(("message-id", "ids that are typed are sent one after the other; `batch` has `--jobs N`")),
    ),
];
