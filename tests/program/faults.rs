//! Every fault that the sandbox has, met by a single report and by a stream: of the right class, in bounded time and memory, and
//! nothing is lost. A new fault does not compile before it has its class here.

use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::{
    Answer, CertificateKind, Encryption, Fault, Sandbox, SandboxOptions, Script, TlsVersions,
};
use serde_json::{Value, json};

use crate::api;
use crate::cli::Cli;
use crate::interruptions::{records, tally};
use crate::together::together;

/// What a fault means for the report that met it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// The reply's head was whole, and that decides.
    Accepted,
    /// The connection ended before a byte of the request left.
    NotSent,
    /// It ended later.
    MaybeSent,
    /// It never ended.
    TimedOut,
    /// What came was not HTTP, or more of it than any reply has.
    Nonsense,
}

fn class(fault: Fault, encryption: Encryption) -> Class {
    match (fault, encryption) {
        // The reset comes before TLS has begun.
        (Fault::ResetBefore, Encryption::Tls { .. }) => Class::NotSent,
        (
            Fault::ResetBefore | Fault::Reset | Fault::Close | Fault::HalfStatus | Fault::HalfHeaders,
            Encryption::Plain | Encryption::Tls { .. },
        ) => Class::MaybeSent,
        (Fault::Drip | Fault::Stall | Fault::EndlessInterim, _) => Class::TimedOut,
        (Fault::EndlessHeaders | Fault::EndlessHeader | Fault::Garbage, _) => Class::Nonsense,
        (Fault::Truncated | Fault::EndlessBody | Fault::EndlessTrailers, _) => Class::Accepted,
    }
}

impl Class {
    /// Outcome, error code, and whether the server was reached.
    fn fields(self) -> [Value; 3] {
        match self {
            Self::Accepted => [json!("accepted"), Value::Null, Value::Null],
            Self::NotSent => [json!("retry"), json!("connect"), json!(false)],
            Self::MaybeSent => [json!("retry"), json!("connect"), Value::Null],
            Self::TimedOut => [json!("retry"), json!("timeout"), Value::Null],
            Self::Nonsense => [json!("retry"), json!("unexpected_reply"), Value::Null],
        }
    }

    /// The exit code where there was one try for each record.
    fn exit(self) -> i32 {
        match self {
            Self::Accepted => 0,
            Self::NotSent | Self::MaybeSent | Self::TimedOut | Self::Nonsense => 75,
        }
    }
}

fn fields(line: &Value) -> [Value; 3] {
    [line["outcome"].clone(), line["error"]["code"].clone(), line["error"]["reached_server"].clone()]
}

const TLS: Encryption = Encryption::Tls { certificate: CertificateKind::Valid, versions: TlsVersions::Both };

fn every(nth: u64, fault: Fault) -> Sandbox {
    let every = vec![format!("{nth}:{fault}").parse().unwrap()];
    api::with(SandboxOptions { script: Script { every, ..Script::default() }, ..api::options() })
}

/// The limit that these runs set for one attempt, and what more a run may take: this machine may be busy.
const MAX_TIME: Duration = Duration::from_millis(600);
const SLACK: Duration = Duration::from_secs(8);

#[test]
fn every_fault_is_of_its_class_and_ends_in_time() {
    for encryption in [Encryption::Plain, TLS] {
        together(Fault::ALL, |fault| {
            let script = Script::always(Answer::fault(*fault));
            let sandbox = api::with(SandboxOptions { script, encryption, ..api::options() });
            let began = clock::monotonic();
            let ran = Cli::new().against(&sandbox).run([
                "sms",
                "A",
                "--delivered",
                "--json",
                "--retry",
                "0",
                "--max-time",
                "600ms",
            ]);
            let took = clock::monotonic().saturating_sub(began);
            let class = class(*fault, encryption);
            assert_eq!(fields(&ran.exits(class.exit()).line()), class.fields(), "{fault}: {}", ran.shown());
            assert!(took < MAX_TIME + SLACK, "{fault}: {took:?}");
            assert_eq!((api::requests(&sandbox), api::fired(&sandbox, fault.as_str())), (1, 1), "{fault}");
        });
    }
}

/// The most memory that a small stream may take, in KiB; it takes a third of that. What never ends sends as much within the time
/// limit of one attempt many times over.
const MEMORY: u64 = 32 * 1024;

#[test]
fn no_fault_costs_memory() {
    const RECORDS: usize = 6;
    together(Fault::ALL, |fault| {
        let sandbox = every(2, *fault);
        let mut run = Cli::new().against(&sandbox).start_with_pipe([
            "batch",
            "--json",
            "--channel",
            "sms",
            "--delivered",
            "true",
            "--jobs",
            "1",
            "--retry",
            "0",
            "--max-time",
            "600ms",
        ]);
        let began = clock::monotonic();
        run.write(records(RECORDS));
        let class = class(*fault, Encryption::Plain);
        for number in 1..=RECORDS {
            let line: Value = serde_json::from_str(&run.next_line()).unwrap();
            let expected = if number % 2 == 0 { class } else { Class::Accepted };
            assert_eq!(fields(&line), expected.fields(), "{fault}, record {number}: {line}");
        }
        let peak = run.peak_memory();
        let took = clock::monotonic().saturating_sub(began);
        let (status, _, stderr) = run.finish();
        assert_eq!(status, Some(class.exit()), "{fault}: {stderr}");
        assert!(peak < MEMORY, "{fault}: {peak} KiB");
        assert!(took < MAX_TIME * 3 + SLACK, "{fault}: {took:?}");
        assert_eq!((api::requests(&sandbox), api::fired(&sandbox, fault.as_str())), (6, 3), "{fault}");
    });
}

#[test]
fn memory_that_grew_would_be_seen() {
    let cli = Cli::new();
    let line = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo; read end";
    let mut command = cli.command("sh", &["-c".into(), line.into()]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut run = cli.spawn(command);
    run.next_line();
    assert!(run.peak_memory() > MEMORY, "{} KiB", run.peak_memory());
}

#[test]
fn a_stream_gets_over_every_fault_that_passes() {
    together(Fault::ALL, |fault| {
        let sandbox = every(3, *fault);
        let flags = ["batch", "--json", "--channel", "sms", "--delivered", "true", "--max-time", "600ms"];
        // One at a time: nonsense three times in a row would end the run. As often as it takes, for one may meet it each time.
        let steady = ["--jobs", "1", "--retry", "50"];
        let ran = Cli::new().against(&sandbox).run_with_input(flags.iter().chain(&steady), records(10));
        let lines = ran.exits(0).lines();
        assert_eq!(lines.len(), 10, "{fault}");
        assert!(lines.iter().all(|line| line["outcome"] == "accepted"), "{fault}: {}", ran.shown());
        let fired = api::fired(&sandbox, fault.as_str());
        assert!(fired >= 3, "{fault}: {fired}");
        let again = match class(*fault, Encryption::Plain) {
            Class::Accepted => 0,
            Class::NotSent | Class::MaybeSent | Class::TimedOut | Class::Nonsense => fired,
        };
        // A busy machine may let another answer come too late; each request is logged all the same.
        let requests = api::requests(&sandbox);
        let attempts: u64 = lines.iter().filter_map(|line| line["attempts"].as_u64()).sum();
        assert!(requests >= 10 + again && requests == attempts, "{fault}: {requests} and {attempts}");
        // What was reset before it was read has no id.
        let ids = tally(&sandbox).keys().filter(|id| !id.is_empty()).count();
        assert_eq!(ids, 10, "{fault}");
        let counted = format!(" {} ambiguous re-send", requests - 10);
        assert!(ran.stderr.contains(&counted), "{fault}: {}", ran.stderr);
    });
}

#[test]
fn a_server_that_knows_nothing_else_costs_a_bounded_number_of_requests_and_loses_nothing() {
    together(Fault::ALL, |fault| {
        let sandbox = api::always(fault.as_str());
        let cli = Cli::new().against(&sandbox);
        let flags = ["batch", "--json", "--channel", "sms", "--delivered", "true"];
        let limits = ["--max-time", "600ms", "--retry-max-time", "1s"];
        let began = clock::monotonic();
        let ran = cli.run_with_input(flags.iter().chain(&limits), records(100));
        let took = clock::monotonic().saturating_sub(began);
        let (exit, most) = match class(*fault, Encryption::Plain) {
            Class::Accepted => (0, 100),
            // The breaker, or the end of the first record's time.
            Class::NotSent | Class::MaybeSent | Class::TimedOut => (75, 20),
            Class::Nonsense => (78, 3),
        };
        ran.exits(exit);
        let (requests, fired) = (api::requests(&sandbox), api::fired(&sandbox, fault.as_str()));
        assert!(requests <= most && fired == requests, "{fault}: {requests} requests, {fired} faults");
        assert!(took < Duration::from_secs(20), "{fault}: {took:?}");
        assert_eq!(ran.lines().len(), 100, "{fault}: one line each");
        // The server is mended: what was not booked is sent, and nothing else.
        let booked = ran.lines().iter().filter(|line| line["outcome"] == "accepted").count();
        sandbox.mend();
        cli.run_with_input(flags, records(100)).exits(0);
        assert_eq!(tally(&sandbox).len(), 100 - booked, "{fault}");
        assert_eq!(api::requests(&sandbox), 100 - booked as u64, "{fault}");
    });
}
