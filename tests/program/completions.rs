//! Completion as it is used: in a real shell the script is sourced, a line is typed, and the completion key is pressed.

use std::process::Stdio;

use crate::cli::{Cli, wait_until};
use crate::needs::{Needed, is_here};

const CONFIG: &str = "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_file = \"/x\"\n[profiles.alerts]\napi_key = \
                      \"efgh5678\"\napi_secret_file = \"/x\"\n[profiles.\"$(touch hacked)\"]\napi_key = \"ijkl9012\"\n\
                      api_secret_file = \"/x\"\n";
const OTHER: &str = "[profiles.elsewhere]\napi_key = \"abcd1234\"\napi_secret_file = \"/x\"\n";

/// What is typed, what must be offered, and what must not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    ("nexmo-conversion ", &["sms", "voice", "batch", "track", "ledger", "report", "config", "help"], &["auto"]),
    ("nexmo-conversion sms --del", &["--delivered"], &["--max-time"]),
    ("nexmo-conversion sms A --max", &["--max-time"], &["--max-age"]),
    ("nexmo-conversion sms A --delivered ", &["true", "false"], &["sms"]),
    ("nexmo-conversion batch --format ", &["auto", "ndjson", "csv", "tsv", "ids"], &["sms"]),
    ("nexmo-conversion batch --channel v", &["voice"], &["sms"]),
    ("nexmo-conversion track --at-end ", &["keep", "wait", "expire"], &[]),
    ("nexmo-conversion ledger ", &["status", "show", "resume", "refused", "forget"], &["sms"]),
    ("nexmo-conversion ledger forget ", &["settled", "refused", "pending"], &["sms"]),
    ("nexmo-conversion config init --auth ", &["form", "basic", "query", "signature"], &[]),
    ("nexmo-conversion --color ", &["auto", "always", "never"], &[]),
    ("nexmo-conversion sandbox --then ", &["normal", "cycle", "last"], &[]),
    ("nexmo-conversion completions ", &["bash", "zsh", "fish"], &[]),
    ("nexmo-conversion sms A -p ", &["2fa", "alerts"], &["elsewhere"]),
    ("nexmo-conversion sms A --profile al", &["alerts"], &["2fa"]),
    ("nexmo-conversion --config other.toml report --profile ", &["elsewhere"], &["2fa"]),
    ("nexmo-conversion batch ", &["other.toml", "my file.toml"], &["my"]),
    ("nexmo-conversion batch --config my", &["my file.toml"], &["my"]),
];

/// With `--option=`, the candidates may be whole words or only the value.
const JOINED: &[(&str, &[&str])] = &[
    ("nexmo-conversion batch --format=", &["auto", "ndjson", "csv", "tsv", "ids"]),
    ("nexmo-conversion sms A --delivered=f", &["false"]),
    ("nexmo-conversion check --profile=", &["2fa", "alerts"]),
];

fn home() -> Cli<'static> {
    let cli = Cli::new().configured(CONFIG);
    cli.file("here/other.toml", OTHER, 0o600);
    cli.file("here/my file.toml", OTHER, 0o600);
    cli.shell("true").exits(0);
    for shell in ["bash", "zsh", "fish"] {
        cli.file(&format!("completion.{shell}"), cli.run(["completions", shell]).exits(0).stdout.clone(), 0o644);
    }
    cli
}

#[track_caller]
fn check(shell: &str, cli: &Cli, mut offered: impl FnMut(&str) -> Vec<String>) {
    for (line, wanted, unwanted) in CASES {
        let offered = offered(line);
        for word in *wanted {
            assert!(offered.iter().any(|one| one == word), "{shell}: {line}: no {word} in {offered:?}");
        }
        for word in *unwanted {
            assert!(!offered.iter().any(|one| one == word), "{shell}: {line}: {word} in {offered:?}");
        }
    }
    for (line, wanted) in JOINED {
        let offered = offered(line);
        for word in *wanted {
            let is_it = |one: &String| one == word || one.ends_with(&format!("={word}"));
            assert!(offered.iter().any(is_it), "{shell}: {line}: no {word} in {offered:?}");
        }
    }
    assert!(!cli.path("here/hacked").exists(), "{shell}: a profile's name was run");
}

#[test]
fn bash_completes_every_word() {
    if is_here(Needed::Bash, "completion in bash") {
        // Readline's own command that inserts all completions.
        in_a_terminal(
            "bash",
            "bash --noprofile --rcfile",
            "bind '\"\\C-xa\": insert-completions'\nPS1='ready> '\n",
        );
    }
}

#[test]
fn zsh_completes_every_word() {
    if is_here(Needed::Zsh, "completion in zsh") {
        let settings = "autoload -Uz compinit\ncompinit -u\nzstyle ':completion:all:*' completer _all_matches _complete\n\
                        zstyle ':completion:all:*' insert true\nzle -C all complete-word _generic\nbindkey '^Xa' all\n\
                        PS1='ready> '\n";
        in_a_terminal("zsh", "ZDOTDIR=$HOME zsh -i #", settings);
    }
}

#[test]
fn fish_completes_every_word() {
    if !is_here(Needed::Fish, "completion in fish") {
        return;
    }
    let cli = home();
    check("fish", &cli, |line| {
        let script = format!("source $HOME/completion.fish; complete -C'{line}'");
        let ran = cli.shell(&format!("fish --no-config -c \"{}\"", script.replace('$', "\\$")));
        ran.exits(0).stdout.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
    });
}

/// Types every line at a shell on a terminal of its own, has it insert all completions, and runs it: in place of the program
/// stands a function that writes down its words.
fn in_a_terminal(shell: &str, start: &str, settings: &str) {
    let cli = home();
    let words = cli.path("words");
    let stub = format!("nexmo-conversion() {{ printf '%s\\n' \"$@\" END >>'{}'; }}\n", words.display());
    // The function's name is completed as the program's.
    let source = format!("{settings}. \"$HOME/completion.{shell}\"\n{stub}");
    let rc = cli.file(if shell == "zsh" { ".zshrc" } else { "rc" }, source, 0o644);
    let line = format!("PATH=\"$HOME/bin:$PATH\" TERM=dumb script -qefc '{start} {}' screen", rc.display());
    let mut command = cli.command("sh", &["-c".into(), line.into()]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = cli.spawn(command);
    let ready = || std::fs::read_to_string(cli.path("here/screen")).unwrap_or_default().matches("ready> ").count();
    wait_until("the shell is ready", || ready() > 0);
    let said = || std::fs::read_to_string(&words).unwrap_or_default();
    check(shell, &cli, |line| {
        let _ = std::fs::remove_file(&words);
        run.write(format!("{line}\u{18}a\n"));
        wait_until(&format!("{shell} has completed {line:?}"), || said().ends_with("END\n"));
        // What had been typed before the word that is completed comes first.
        said().lines().skip(line.split(' ').count() - 2).map(str::to_owned).collect()
    });
    run.write("exit\n");
    run.finish();
}
