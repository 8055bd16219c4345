//! `--version`: which source this was built from; with `-v` also what it was built with.

use std::ffi::OsString;
use std::fmt::Write as _;

use crate::ledger;

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// One line.
    Short,
    /// Also the parts on whose versions questions depend.
    Long,
}

/// What was asked for beside `--version`: the parser stops there.
pub(super) fn detail(arguments: &[OsString]) -> Detail {
    let words = arguments.iter().filter_map(|word| word.to_str());
    let is_verbose = |word: &str| {
        word == "--verbose"
            || word.strip_prefix('-').is_some_and(|letters| {
                letters.contains('v') && letters.bytes().all(|letter| b"vVq".contains(&letter))
            })
    };
    if words.take_while(|word| *word != "--").any(is_verbose) { Detail::Long } else { Detail::Short }
}

pub(super) fn text(detail: Detail) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let commit = option_env!("BUILT_FROM_COMMIT").filter(|commit| !commit.is_empty());
    let mut text = format!("nexmo-conversion {version}");
    if let Some(commit) = commit {
        let _ = write!(text, " ({})", commit.get(..10).unwrap_or(commit));
    }
    text.push('\n');
    if detail == Detail::Long {
        let tls = option_env!("BUILT_WITH_RUSTLS").unwrap_or_default();
        let _ = writeln!(text, "commit: {}", commit.unwrap_or("unknown (not built from a git checkout)"));
        let _ = writeln!(text, "SQLite: {}", ledger::sqlite_version());
        let _ = writeln!(text, "{}", format!("TLS: 1.2 and 1.3, rustls {tls}").trim_end());
    }
    text
}
