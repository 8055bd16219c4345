//! Standard output and standard error that are full, closed, or without a reader: for every command no panic, and an exit code that
//! says whether its answer was lost.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::process::Stdio;

use crate::api;
use crate::cli::{Cli, PROGRAM};
use crate::examples::{EXAMPLES, Example, Says};

/// What is behind a standard stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// A reader.
    Reader,
    /// A disk without room.
    FullDisk,
    /// A pipe whose reader has gone, as behind `| head`.
    ReaderGone,
    /// Nothing: `>&-`.
    Nothing,
}

const BOTH: [(Behind, Behind); 9] = [
    (Behind::Reader, Behind::Reader),
    (Behind::FullDisk, Behind::Reader),
    (Behind::ReaderGone, Behind::Reader),
    (Behind::Nothing, Behind::Reader),
    (Behind::Reader, Behind::FullDisk),
    (Behind::Reader, Behind::ReaderGone),
    (Behind::Reader, Behind::Nothing),
    (Behind::FullDisk, Behind::FullDisk),
    (Behind::Nothing, Behind::Nothing),
];

#[test]
fn every_command_bears_every_state_of_its_output() {
    for (stdout, stderr) in BOTH {
        let sandbox = api::plain();
        let cli = Cli::new().against(&sandbox);
        for example in EXAMPLES {
            let (status, said) = run(&cli, example, stdout, stderr);
            let shown = format!("{} with {stdout:?} and {stderr:?}: {said}", example.name);
            let usual = if example.name == "batch" { 65 } else { 0 };
            let answer_is_lost = match stdout {
                // A closed stream is opened anew by the runtime, to nowhere: who closes it wants no answer.
                Behind::Reader | Behind::Nothing => false,
                Behind::FullDisk | Behind::ReaderGone => example.says == Says::Results,
            };
            // A reader that has gone ends a program as SIGPIPE would: without a word.
            let lost = if stdout == Behind::ReaderGone { 141 } else { 74 };
            assert_eq!(status, Some(if answer_is_lost { lost } else { usual }), "{shown}");
            assert!(!said.contains("a bug in nexmo") && !said.contains("panicked"), "{shown}");
            if answer_is_lost && stderr == Behind::Reader {
                assert_eq!(said.contains("to standard output"), lost == 74, "it says so: {shown}");
            }
            // What it did not get done it does now, so that the next one finds what it needs.
            cli.run_with_input(example.arguments(), example.input);
        }
        // Nothing was written over: not into the files that got the numbers of closed streams, either.
        let ran = cli.run(["ledger", "status", "--json"]);
        let count = |state: &str| {
            let rows = ran.lines();
            rows.iter().filter(|row| row["state"] == state).filter_map(|row| row["count"].as_u64()).sum::<u64>()
        };
        assert_eq!((count("accepted"), count("unreadable"), count("queued")), (6, 1, 0), "{}", ran.shown());
        assert_eq!(api::requests(&sandbox) - balance_requests(&sandbox), 6, "each once");
    }
}

fn balance_requests(sandbox: &nexmo_conversion::sandbox::Sandbox) -> u64 {
    sandbox.requests().iter().filter(|request| request.method == "GET").count() as u64
}

/// The exit code, and what was printed where there is a reader.
fn run(cli: &Cli, example: &Example, stdout: Behind, stderr: Behind) -> (Option<i32>, String) {
    let closing = |behind, redirection| if behind == Behind::Nothing { redirection } else { "" };
    let line = format!("exec \"$@\" {} {}", closing(stdout, ">&-"), closing(stderr, "2>&-"));
    let words = ["-c", &line, "sh", PROGRAM].map(OsString::from);
    let words: Vec<_> = words.into_iter().chain(example.arguments()).collect();
    let input = cli.file("input", example.input, 0o600);
    let (mut reader, writer) = io::pipe().unwrap();
    let stream = |behind| match behind {
        Behind::Reader => Stdio::from(writer.try_clone().unwrap()),
        Behind::FullDisk => Stdio::from(OpenOptions::new().write(true).open("/dev/full").unwrap()),
        Behind::ReaderGone => Stdio::from(io::pipe().unwrap().1),
        Behind::Nothing => Stdio::inherit(),
    };
    let mut command = cli.command("sh", &words);
    command.stdin(File::open(&input).unwrap()).stdout(stream(stdout)).stderr(stream(stderr));
    let running = cli.spawn(command);
    drop(writer);
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    fs::remove_file(input).unwrap();
    (running.finish().0, said)
}
