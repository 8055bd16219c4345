//! What the rest of the machine can see of the program: its arguments and those of its children, and its memory once it has
//! crashed. (Its environment is the user's own.)

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ExitStatus, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

use crate::api;
use crate::cli::{Cli, PROGRAM, wait_until};
use crate::secrets::{MODES, forms};
use crate::sources::{SOURCES, profile};

/// A process that ends with the test.
struct Watched(Child);

impl Watched {
    fn start(cli: &Cli, program: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        let mut command = cli.command(program, &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// What everyone on the machine can read of it and of all that it has started.
    fn command_lines(&self) -> Vec<String> {
        let own = i32::try_from(self.0.id()).unwrap();
        let processes: Vec<(i32, i32)> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
            .filter_map(|pid: i32| Some((pid, parent(pid)?)))
            .collect();
        let mut family = vec![own];
        let mut known = 0;
        while known < family.len() {
            let of = family[known];
            family.extend(processes.iter().filter(|(_, parent)| *parent == of).map(|(pid, _)| *pid));
            known += 1;
        }
        let line = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        family.iter().map(|pid| String::from_utf8_lossy(&line(pid)).replace('\0', " ")).collect()
    }

    fn end(&mut self) -> ExitStatus {
        let child = &mut self.0;
        wait_until("the program ends", || child.try_wait().unwrap().is_some());
        child.wait().unwrap()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The fourth field of `/proc/PID/stat`; the second one may have spaces and ends with the last parenthesis.
fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

fn names_secret(text: &str) -> bool {
    forms(api::SECRET).iter().any(|form| text.contains(form))
}

#[test]
fn no_command_line_has_the_secret() {
    // The control: where one has it, it is seen.
    let cli = Cli::new();
    let careless = Watched::start(&cli, "sh", &["-c", "sh -c 'read end' \"$0\"; :", api::SECRET]);
    wait_until("the careless one has a child", || careless.command_lines().len() == 2);
    assert!(careless.command_lines().iter().all(|line| names_secret(line)), "{:?}", careless.command_lines());

    // Where the configuration has the program run a command that names it, that is the user's choice.
    let sources = SOURCES.iter().filter(|(way, _)| *way != "api_secret_command");
    for (way, keep) in sources.chain(MODES) {
        let sandbox = api::always("stall");
        let cli = keep(Cli::new().at(&sandbox));
        let run = Watched::start(&cli, PROGRAM, &["sms", "A", "--delivered"]);
        wait_until("the request is under way", || api::requests(&sandbox) == 1);
        let lines = run.command_lines();
        assert!(lines[0].contains("sms A --delivered"), "{way}: {lines:?}");
        assert!(!lines.iter().any(|line| names_secret(line)), "{way}: {lines:?}");
    }
}

#[test]
fn a_program_that_is_asked_for_a_secret_is_given_none() {
    let sandbox = api::plain();
    let script = "tr '\\0' '\\n' </proc/$$/environ >environment; : >started; while ! [ -e go ]; do sleep 0.02; done; cat secret";
    let secret = api::SECRET;
    let toml = format!(
        "{}\n[profiles.other]\napi_key = \"efgh5678\"\napi_secret = {secret:?}\n\
         [network]\nproxy = \"http://user:Zq7Odd@127.0.0.1:9\"\n",
        profile(&format!("api_secret_command = [\"sh\", \"-c\", {script:?}]"))
    );
    let cli = Cli::new().at(&sandbox).configured(&toml);
    cli.file("here/secret", secret, 0o600);
    let mut run = Watched::start(&cli, PROGRAM, &["sms", "A", "--delivered", "-p", "a", "--proxy", "none"]);
    wait_until("it is asked", || cli.path("here/started").exists());
    let lines = run.command_lines();
    assert!(lines.len() >= 2 && lines[1].contains("environment"), "the child was seen: {lines:?}");
    assert!(!lines.iter().any(|line| names_secret(line)), "{lines:?}");
    let environment = fs::read_to_string(cli.path("here/environment")).unwrap();
    assert!(environment.contains("HOME=") && !names_secret(&environment), "{environment}");
    cli.file("here/go", "", 0o600);
    assert_eq!(run.end().code(), Some(0));
    assert_eq!(api::requests(&sandbox), 1);
}

/// Starts the program, or another, where memory images are wanted as large as they come.
fn where_images_are_wanted(cli: &Cli, program: &str, arguments: &[&str]) -> Watched {
    let words = ["-c", "ulimit -c unlimited; exec \"$0\" \"$@\"", program];
    Watched::start(cli, "sh", &words.iter().chain(arguments).copied().collect::<Vec<_>>())
}

/// Whether the kernel writes images to files where the program runs, and not to a program or a folder of its own.
fn makes_files() -> bool {
    fs::read_to_string("/proc/sys/kernel/core_pattern").is_ok_and(|pattern| pattern.starts_with("core"))
}

fn images(cli: &Cli) -> usize {
    let is_image = |name: &OsString| name.to_string_lossy().starts_with("core");
    fs::read_dir(cli.path("here")).unwrap().filter(|entry| is_image(&entry.as_ref().unwrap().file_name())).count()
}

#[test]
fn a_crash_leaves_no_image_of_the_memory() {
    let cli = Cli::new();
    let mut control = where_images_are_wanted(&cli, "sh", &["-c", "kill -ABRT $$"]);
    // Where the machine makes none of anybody, the limit is all that can be shown.
    let images_are_made = control.end().core_dumped();
    assert_eq!(images(&cli) > 0, images_are_made && makes_files(), "the control");
    for signal in [Signal::ABORT, Signal::SEGV, Signal::QUIT] {
        let sandbox = api::always("stall");
        let cli = Cli::new().against(&sandbox);
        let mut run = where_images_are_wanted(&cli, PROGRAM, &["sms", "A", "--delivered"]);
        wait_until("the secret is in its memory", || api::requests(&sandbox) == 1);
        let pid = Pid::from_child(&run.0);
        let limits = fs::read_to_string(format!("/proc/{}/limits", run.0.id())).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
        // The limit is one lock, which root can open from outside. The other one: what shows the memory of a process that makes
        // no image belongs to root, whichever user runs it.
        let shows_memory = fs::metadata(format!("/proc/{}/mem", run.0.id())).unwrap();
        assert_eq!(shows_memory.uid(), 0, "another process of the same user could look into it");
        let _ = prlimit(Some(pid), Resource::Core, Rlimit { current: None, maximum: None });
        // Rust's runtime answers the first SIGSEGV by waiting for one that is not its own.
        wait_until("the crash has ended it", || {
            let _ = kill_process(pid, signal);
            run.0.try_wait().unwrap().is_some()
        });
        let status = run.end();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(!status.core_dumped() && images(&cli) == 0, "{signal:?}: {status:?}");
    }
}
