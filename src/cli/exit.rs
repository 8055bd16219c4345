//! What the program's exit code says: would running it again help?

use std::process::ExitCode;

/// Every way to end. The numbers are a contract with scripts; those from 65 on are the ones of `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Everything accepted, or skipped on purpose, and nothing of the account is pending.
    Done,
    /// Some record can never succeed: unparsable, or refused with 400, 420, 422, 423.
    Data,
    /// The network, 429, 5xx, a busy ledger: try again later; what was recorded is kept.
    TryLater,
    /// Local input or output: ledger, disk, stdout.
    Io,
    /// The account was refused: 401, 402, 403.
    Account,
    /// Credentials, file mode, certificate, proxy, URL; or an answer that is not the API's.
    Configuration,
    /// A wrong command line.
    Usage,
    /// Input that is missing or unreadable.
    NoInput,
    /// A bug in this program.
    Bug,
    /// SIGHUP, after what was in flight was settled.
    HungUp,
    /// SIGINT, after what was in flight was settled.
    Interrupted,
    /// The reader of standard output has gone; what SIGPIPE would have made of it.
    ReaderGone,
    /// SIGTERM, likewise.
    Terminated,
}

impl Exit {
    /// Every exit code with its meaning, as the book's table has them.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::Done, "everything accepted, or skipped on purpose; nothing of this account is pending"),
        (Self::Usage, "wrong command line"),
        (Self::Data, "some record can never succeed (unparsable, or refused with 400/420/422/423)"),
        (Self::NoInput, "input missing or unreadable"),
        (Self::Bug, "a bug in this program"),
        (Self::Io, "local I/O: ledger, disk, stdout"),
        (
            Self::TryLater,
            "try again later: network, 429, 5xx, the ledger's server is away; what was recorded is kept",
        ),
        (Self::Account, "the account was refused: 401, 402, 403"),
        (
            Self::Configuration,
            "configuration: credentials, file mode, certificate, proxy, URL; an answer that is not the API's",
        ),
        (Self::HungUp, "SIGHUP, after what was in flight was settled"),
        (Self::Interrupted, "SIGINT, after what was in flight was settled"),
        (Self::ReaderGone, "the reader of stdout went away, as `head` does; what was recorded is kept"),
        (Self::Terminated, "SIGTERM, likewise"),
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::Data => 65,
            Self::NoInput => 66,
            Self::Bug => 70,
            Self::Io => 74,
            Self::TryLater => 75,
            Self::Account => 77,
            Self::Configuration => 78,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::ReaderGone => 141,
            Self::Terminated => 143,
        }
    }

    /// Of several reasons the one that matters most: 78, 77, 74, 75, 65, in this order.
    #[must_use]
    pub fn worst(reasons: impl IntoIterator<Item = Self>) -> Self {
        const ORDER: [Exit; 6] =
            [Exit::Configuration, Exit::Account, Exit::Io, Exit::TryLater, Exit::Data, Exit::Done];
        let rank = |exit: &Exit| ORDER.iter().position(|other| other == exit).unwrap_or(0);
        reasons.into_iter().min_by_key(rank).unwrap_or(Self::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn of_several_reasons_the_contract_names_the_order() {
        let worst = |reasons: &[Exit]| Exit::worst(reasons.iter().copied()).code();
        assert_eq!(worst(&[]), 0);
        assert_eq!(worst(&[Exit::Data, Exit::TryLater]), 75);
        assert_eq!(worst(&[Exit::TryLater, Exit::Io]), 74);
        assert_eq!(worst(&[Exit::Io, Exit::Account]), 77);
        assert_eq!(worst(&[Exit::Account, Exit::Configuration]), 78);
    }

    #[test]
    fn the_books_table_is_this_one() {
        let chapter = include_str!("../../docs/reference/exit-codes.md");
        for (exit, meaning) in Exit::ALL {
            let row = format!("| {} | {meaning} |", exit.code());
            assert!(chapter.contains(&row), "the chapter lacks {row}");
        }
    }
}
