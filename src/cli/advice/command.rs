//! Which command was probably meant by one that does not exist.

use clap::Command;

/// What other programs call something, and what it is here.
const MEANT: &[(&[&str], &str)] = &[
    (&["call", "tts"], "voice"),
    (&["text", "message"], "sms"),
    (&["import", "stream", "file", "bulk", "upload"], "batch"),
    (&["follow", "watch", "tail"], "track"),
    (&["send", "retry", "flush", "drain", "queue"], "ledger resume"),
    (&["pending", "list", "ls"], "ledger status"),
    (&["get", "find", "log"], "ledger show"),
    (&["failed", "errors", "rejected"], "ledger refused"),
    (&["delete", "rm", "clean", "purge", "prune"], "ledger forget"),
    (&["stats", "rate", "summary"], "report"),
    (&["doctor", "ping", "test", "balance"], "check"),
    (&["login", "configure", "setup", "auth", "profile"], "config init"),
    (&["server", "serve", "mock"], "sandbox"),
    (&["completion"], "completions"),
    (&["manual"], "man"),
];

/// By its name elsewhere, or as the command of another one; behind a command that has others only one of those.
pub(super) fn tip(typed: &str, root: &Command, behind: Option<&str>) -> Option<String> {
    let meant = MEANT.iter().find(|(names, _)| names.contains(&typed)).map(|(_, command)| (*command).to_owned());
    let inner = || root.get_subcommands().find(|outer| outer.get_name() != "help" && has(outer, typed));
    let command = meant.or_else(|| inner().map(|outer| format!("{} {typed}", outer.get_name())))?;
    if behind.is_some_and(|outer| command.split(' ').next() != Some(outer)) {
        return None;
    }
    Some(format!("the command is `nexmo-conversion {command}`"))
}

fn has(outer: &Command, name: &str) -> bool {
    outer.get_subcommands().any(|inner| inner.get_name() == name && name != "help")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::super::args::Cli;
    use super::{MEANT, tip};

    #[test]
    fn what_is_named_exists_and_what_is_typed_does_not() {
        let root = Cli::command();
        for (names, command) in MEANT {
            let found = command.split(' ').try_fold(&root, |outer, name| outer.find_subcommand(name));
            assert!(found.is_some(), "{command}");
            for name in *names {
                assert!(
                    Cli::try_parse_from(["n", name]).is_err() && root.find_subcommand(name).is_none(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_command_is_found_by_another_name_and_without_the_one_above_it() {
        let mut root = Cli::command();
        root.build();
        let said = |typed| tip(typed, &root, None).unwrap_or_default();
        assert_eq!(said("retry"), "the command is `nexmo-conversion ledger resume`");
        assert_eq!(said("status"), "the command is `nexmo-conversion ledger status`");
        assert_eq!(said("init"), "the command is `nexmo-conversion config init`");
        assert_eq!(said("frobnicate"), "");
        assert_eq!(
            tip("list", &root, Some("ledger")),
            Some("the command is `nexmo-conversion ledger status`".to_owned())
        );
        assert_eq!(tip("list", &root, Some("config")), None);
    }
}
