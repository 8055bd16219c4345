//! Standard input belongs to the loop around the program.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use crate::api;
use crate::cli::{Cli, PROGRAM};

#[test]
fn inside_a_while_read_loop_every_line_is_reported() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ids: Vec<String> = (0..12).map(|n| format!("ID{n:03}")).collect();
    cli.file("here/ids", ids.join("\n") + "\n", 0o644);
    cli.shell("while read -r id; do nexmo-conversion sms \"$id\" --delivered || exit; done < ids").exits(0);
    let sent: Vec<_> =
        sandbox.requests().iter().map(|request| request.parameter("message-id").unwrap().to_owned()).collect();
    assert_eq!(sent, ids);
}

#[test]
fn a_pipe_on_standard_input_is_as_full_afterwards() {
    for arguments in [
        &["sms", "A", "--delivered"][..],
        &["voice", "A", "B", "--delivered=false", "--json"],
        &["sms", "A", "--delivered", "--dry-run"],
        &["sms", "not one", "--delivered"],
        &["sms", "--delivered"],
        &["sms", "A", "--delivered", "--sandbox"],
        &["check"],
        &["report"],
        &["config", "show"],
        &["config", "path"],
        &["completions", "zsh"],
        &["--help"],
        // The positive control: this one does read.
        &["config", "init", "--api-key", "abcd1234", "--api-secret-file", "-"],
    ] {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"first\n").unwrap();
        drop(writer);
        let words: Vec<_> = arguments.iter().map(Into::into).collect();
        let mut command = cli.command(PROGRAM, &words);
        command.stdin(reader.try_clone().unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = cli.spawn(command).finish().0;
        let mut left = String::new();
        reader.read_to_string(&mut left).unwrap();
        let reads = arguments[0] == "config" && arguments[1] == "init";
        assert_eq!(left, if reads { "" } else { "first\n" }, "{arguments:?} ended with {status:?}");
    }
}
