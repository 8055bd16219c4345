//! `sandbox`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::super::choice::Choice;
use super::values::parse_time_limit;
use crate::domain::SignatureMethod;
use crate::sandbox::{Answer, CertificateKind, Every, Then, TlsVersions};

/// `sandbox`.
#[derive(Debug, Args)]
#[command(after_help = "\
It prints, as shell exports, what the client needs to find it; everything ends with this process.
An ANSWER is `ok`, `portal`, a status (200 to 599) or a fault: reset-before,
reset, close, half-status, half-headers, truncated, drip, stall,
endless-interim, endless-headers, endless-header, endless-body,
endless-trailers, garbage. After it, with commas: delay=2s, and with a status
retry-after=30 (or date+30), location=URL, type=MEDIA/TYPE, body=TEXT.
What no document says about the API is a switch: `--set NAME=VALUE`; a wrong NAME lists them.

Examples:
  nexmo-conversion sandbox --tls --port 4010
  # two bad answers, then all is well
  nexmo-conversion sandbox --reply 429,retry-after=2 --reply reset
  nexmo-conversion sandbox --every 10:503 --latency 50ms --log requests.jsonl")]
pub struct SandboxArgs {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Speak HTTPS, with a certificate made on the spot
    #[arg(long)]
    pub tls: bool,
    /// With --tls: what is wrong with the certificate
    #[arg(long, value_name = "KIND", default_value = "valid", requires = "tls",
          value_parser = Choice::of(&["valid", "expired", "not-yet-valid", "wrong-name", "self-signed"], str::parse::<CertificateKind>))]
    pub certificate: CertificateKind,
    /// With --tls: the versions on offer
    #[arg(long, value_name = "VERSIONS", default_value = "both", requires = "tls",
          value_parser = Choice::of(&["both", "1.1", "1.2", "1.3"], str::parse::<TlsVersions>))]
    pub tls_versions: TlsVersions,
    /// With --tls: write the CA's certificate here, over an earlier sandbox's only [default: a file in the folder for temporary
    /// files]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_file: Option<PathBuf>,
    /// The account that may report
    #[arg(long, value_name = "KEY", default_value = "sandbox1")]
    pub api_key: String,
    /// The file of its secret, which is the secret of its signatures, too [default: made up]
    #[arg(long, value_name = "FILE")]
    pub api_secret_file: Option<PathBuf>,
    /// How its signatures are made
    #[arg(long, value_name = "METHOD", default_value = "md5hash",
          value_parser = Choice::of(&["md5hash", "md5", "sha1", "sha256", "sha512"], str::parse::<SignatureMethod>))]
    pub signature_method: SignatureMethod,
    /// Answer 402, as for an account for which conversions are not enabled
    #[arg(long)]
    pub not_enabled: bool,
    /// Answer the next request so; for the first requests, in order
    #[arg(long, value_name = "ANSWER")]
    pub reply: Vec<Answer>,
    /// What comes after the replies
    #[arg(long, value_name = "WHAT", default_value = "normal",
          value_parser = Choice::of(&["normal", "cycle", "last"], str::parse::<Then>))]
    pub then: Then,
    /// Answer every so many requests so
    #[arg(long, value_name = "COUNT:ANSWER")]
    pub every: Vec<Every>,
    /// How long each answer takes
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub latency: Option<Duration>,
    /// Set a switch for what no document says
    ///
    /// get, missing, malformed, repeated, contradicting, stale, unknown-id, known-id, success, errors, delivered, timestamp,
    /// signed-timestamp, unsigned-timestamp, signed-duplicate, signed-parameters, query-signature, mislabelled-form, basic, order. A value
    /// that does not exist is answered with those that do.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// How far its clock is ahead
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    pub clock_skew: i64,
    /// Append each request to this file as a line of JSON before it is answered (`-`: standard output); secrets are masked, links not
    /// followed
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// End by itself after this long
    #[arg(long, value_name = "TIME", value_parser = parse_time_limit)]
    pub stop_after: Option<Duration>,
}
