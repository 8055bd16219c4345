//! Programs that some tests need and a machine may not have. Without them these tests cannot fail, which must not look like
//! passing: each says so past the harness, which keeps the output of what passes to itself, and is counted in `tests/skipped.rs`.
//! In the gate (`CI` is set) a missing program fails the test.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::{env, io};

use rustix::process::{Pid, getppid};

/// A program that is not a part of every system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    Curl,
    Jq,
    Chromium,
    Bash,
    Zsh,
    Fish,
    Tmux,
    Promtool,
    Strace,
}

impl Needed {
    fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Jq => "jq",
            Self::Chromium => "chromium",
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Tmux => "tmux",
            Self::Promtool => "promtool",
            Self::Strace => "strace",
        }
    }

    /// The package that has it.
    fn package(self) -> &'static str {
        match self {
            Self::Promtool => "prometheus",
            Self::Curl
            | Self::Jq
            | Self::Chromium
            | Self::Bash
            | Self::Zsh
            | Self::Fish
            | Self::Tmux
            | Self::Strace => self.name(),
        }
    }

    /// Whether the gate may do without: a browser is much to ask.
    #[expect(clippy::disallowed_methods, reason = "what the gate asks for is known from the environment only")]
    fn is_required(self) -> bool {
        let excused = self == Self::Chromium && env::var_os("WITHOUT_BROWSER").is_some();
        env::var_os("CI").is_some() && !excused
    }
}

/// Whether the test that asks can be run here; if not, the reason is printed.
pub(crate) fn is_here(program: Needed, what: &str) -> bool {
    let (name, package) = (program.name(), program.package());
    if ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(name).exists()) {
        return true;
    }
    assert!(!program.is_required(), "{what}: needs {name} (apt-get install {package})");
    skip(what, &format!("needs {name} (apt-get install {package})"));
    false
}

/// Says past the harness that a test was skipped, and why.
pub(crate) fn skip(what: &str, why: &str) {
    let note = format!("skipped: {what}: {why}\n");
    // Not with a macro: the harness would keep it.
    let _ = io::stderr().write_all(note.as_bytes());
    let notes = format!("{}/skipped-{}", env!("CARGO_TARGET_TMPDIR"), parent());
    OpenOptions::new().append(true).create(true).open(notes).unwrap().write_all(note.as_bytes()).unwrap();
}

/// The process that runs all test binaries one after the other: cargo.
fn parent() -> i32 {
    getppid().map_or(0, Pid::as_raw_pid)
}
