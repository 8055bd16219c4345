//! The one way to start the program: on a clean machine, with a time limit, and with everything it said kept together.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::marker::PhantomData;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::Sandbox;
use predicates::Predicate;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::api;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_nexmo-conversion");
/// No run of the program may take longer; most take milliseconds.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Where everything goes that no test sends elsewhere: nothing listens on this machine's port 9.
const NOWHERE: &str = "http://127.0.0.1:9";
const GLANCE: Duration = Duration::from_millis(2);

/// A machine with nothing on it, and the program. Clones are the same machine with other variables.
///
/// It borrows the sandbox that it knows: a sandbox stops when it is dropped, and a client that outlived it would meet a
/// closed port and could still pass.
#[derive(Clone)]
pub(crate) struct Cli<'s> {
    home: Arc<TempDir>,
    variables: Vec<(OsString, OsString)>,
    without: Vec<OsString>,
    /// As whom the program runs, where that is another user than the test's.
    user: Option<u32>,
    sandbox: PhantomData<&'s Sandbox>,
}

impl<'s> Cli<'s> {
    pub(crate) fn new() -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        folder_at(&home.path().join("here"));
        // No test may ever reach the real API by mistake.
        let variables = vec![("NEXMO_CONVERSION_BASE_URL".into(), NOWHERE.into())];
        Self { home, variables, without: Vec::new(), user: None, sandbox: PhantomData }
    }

    /// Knows where the sandbox is, whom it trusts, and the account.
    pub(crate) fn against(self, sandbox: &'s Sandbox) -> Self {
        self.at(sandbox).with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET)
    }

    /// Knows where the sandbox is and whom it trusts, but has no account.
    pub(crate) fn at(self, sandbox: &'s Sandbox) -> Self {
        let this = self.with("NEXMO_CONVERSION_BASE_URL", sandbox.base_url());
        match sandbox.ca_pem() {
            Some(pem) => {
                let file = this.file("ca.pem", pem, 0o644);
                this.with("NEXMO_CONVERSION_CACERT", file)
            }
            None => this,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// With a variable that is not set at all.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.without.push(name.into());
        self
    }

    /// Gives all files to another user, and runs the program as that user, who is in one more group. Only root can.
    pub(crate) fn owned_by(mut self, user: u32) -> Self {
        give(self.home.path(), user);
        self.user = Some(user);
        self
    }

    /// With this configuration file, private as it should be.
    pub(crate) fn configured(self, toml: &str) -> Self {
        self.file(".config/nexmo-conversion/config.toml", toml, 0o600);
        self
    }

    /// Writes a file below the home folder; the program runs in `here`.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path(name);
        folder_at(path.parent().unwrap());
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        self.run_with_input(arguments, "")
    }

    pub(crate) fn run_with_input(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        input: impl Into<Vec<u8>>,
    ) -> Ran {
        let arguments: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let output = assert_cmd::Command::from_std(self.command(PROGRAM, &arguments))
            .write_stdin(input)
            .timeout(LIMIT)
            .output()
            .unwrap();
        let shown = arguments.iter().fold("nexmo-conversion".to_owned(), |shown, word| {
            let word = word.to_string_lossy();
            let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=./:,@%".contains(&b));
            let word = if plain && !word.is_empty() { word.into_owned() } else { format!("{word:?}") };
            shown + " " + &word
        });
        self.ran(shown, output.status, &output.stdout, &output.stderr)
    }

    /// Runs a line of shell in which `nexmo-conversion` is the program.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        let folder = self.path("bin");
        fs::create_dir_all(&folder).unwrap();
        let _ = std::os::unix::fs::symlink(PROGRAM, folder.join("nexmo-conversion"));
        let line = format!("PATH=\"$HOME/bin:$PATH\"\n{line}");
        let output = assert_cmd::Command::from_std(self.command("sh", &["-c".into(), line.clone().into()]))
            .timeout(LIMIT)
            .output()
            .unwrap();
        self.ran(line, output.status, &output.stdout, &output.stderr)
    }

    /// Starts the program and does not wait for its end.
    pub(crate) fn start(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running<'s> {
        let arguments: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let mut command = self.command(PROGRAM, &arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn(command)
    }

    /// Starts the program with a pipe on standard input that stays open.
    pub(crate) fn start_with_pipe(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Running<'s> {
        let arguments: Vec<OsString> = arguments.into_iter().map(|a| a.as_ref().to_owned()).collect();
        let mut command = self.command(PROGRAM, &arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn(command)
    }

    /// Starts what `command` made, after a test has had its own idea of it.
    pub(crate) fn spawn(&self, mut command: Command) -> Running<'s> {
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        Running { child, stdin, stdout, home: Some(Arc::clone(&self.home)), sandbox: PhantomData }
    }

    /// The process before it is started, for tests that have their own idea of its standard streams.
    pub(crate) fn command(&self, program: &str, arguments: &[OsString]) -> Command {
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                let user = user.to_string();
                command.args(["--reuid", &user, "--regid", &user, "--groups", OTHER_GROUP, "--", program]);
                command
            }
            None => Command::new(program),
        };
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.path(".config"))
            .env("XDG_STATE_HOME", self.path(".local/state"))
            .env("TMPDIR", self.home.path())
            .envs(self.variables.iter().cloned())
            .current_dir(self.path("here"))
            .args(arguments);
        for name in &self.without {
            command.env_remove(name);
        }
        command
    }

    fn ran(&self, command: String, status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ran {
            command,
            status: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
            home: self.home.path().to_owned(),
        }
    }
}

/// The group of a mounted secret.
pub(crate) const OTHER_GROUP: &str = "2000";

fn give(path: &Path, user: u32) {
    lchown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() && !path.is_symlink() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// A folder that only its owner can change, whatever the umask.
fn folder_at(path: &Path) {
    DirBuilder::new().recursive(true).mode(0o755).create(path).unwrap();
}

/// What a run of the program came to.
pub(crate) struct Ran {
    command: String,
    /// Nothing where a signal ended it: the time limit's, for instance.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    home: PathBuf,
}

impl Ran {
    /// Fails with all that was said unless the program ended so.
    #[track_caller]
    pub(crate) fn exits(&self, status: i32) -> &Self {
        assert_eq!(self.status, Some(status), "{}", self.shown());
        self
    }

    /// Fails unless standard error is so.
    #[track_caller]
    pub(crate) fn remarks(&self, so: &impl Predicate<str>) -> &Self {
        assert!(so.eval(&self.stderr), "wanted: {so}\n{}", self.shown());
        self
    }

    /// Both streams.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// The lines of standard output as JSON.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {}", self.shown()));
        self.stdout.lines().map(line).collect()
    }

    /// The only line of standard output as JSON.
    #[track_caller]
    pub(crate) fn line(&self) -> Value {
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{}", self.shown());
        lines.remove(0)
    }

    /// What a person sees: the command, both streams, the status.
    pub(crate) fn shown(&self) -> String {
        let status = self.status.map_or("killed".to_owned(), |status| status.to_string());
        let home = self.home.to_str().unwrap();
        format!("$ {}\n{}--- stderr\n{}--- status {status}\n", self.command, self.stdout, self.stderr)
            .replace(home, "[home]")
    }
}

/// Compares with a snapshot, in which everything that differs from run to run is named and not shown.
#[track_caller]
pub(crate) fn assert_same(name: &str, shown: impl IntoIterator<Item = impl AsRef<str>>) {
    let shown: Vec<String> = shown.into_iter().map(|one| one.as_ref().to_owned()).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"127\.0\.0\.1:[1-9][0-9]{4}\b", "127.0.0.1:[port]");
    settings.add_filter(r"(ago\)|[0-9]{3} [A-Z][A-Za-z ]+|[0-9]{3}) [0-9]+ms", "$1 [time]ms");
    settings.add_filter(
        r"the system's trust store|the built-in roots \(the system has no trust store\)",
        "[trust store]",
    );
    settings.add_filter(r"in [0-9]+ms:", "in [time]ms:");
    settings.add_filter(r#""elapsed_ms":[0-9]+"#, r#""elapsed_ms":"[time]""#);
    settings.add_filter(r#""age_s":-?[0-9]+"#, r#""age_s":"[age]""#);
    settings.add_filter(r#""sent_at":"[^"]+""#, r#""sent_at":"[moment]""#);
    settings.add_filter(r"\([0-9]+[smhd] ago\)", "([age] ago)");
    settings.add_filter(r"the event is [0-9]+[smhd] old", "the event is [age] old");
    settings.add_filter(r"age p50 \S+ p95 \S+ max [0-9]+[smhd]", "age p50 [age] p95 [age] max [age]");
    settings.add_filter(r"this program knows up to [0-9]+", "this program knows up to [schema]");
    settings.bind(|| insta::assert_snapshot!(name, shown.join("\n")));
}

/// The program while it runs, which needs its sandbox. Dropping it ends it.
pub(crate) struct Running<'s> {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    /// Its files stay as long as it runs.
    home: Option<Arc<TempDir>>,
    sandbox: PhantomData<&'s Sandbox>,
}

impl Running<'_> {
    pub(crate) fn signal(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// To all of a shell's processes, where the shell was started as a group of its own.
    pub(crate) fn signal_group(&mut self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Writes into the pipe on standard input, which stays open.
    pub(crate) fn write(&mut self, input: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(input.as_ref()).unwrap();
    }

    /// The end of standard input.
    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// The next line of standard output; waits for it, but not for longer than a run may take.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> String {
        let (line_in, line_out) = mpsc::channel();
        let mut stdout = self.stdout.take().unwrap();
        thread::spawn(move || {
            let mut line = String::new();
            let read = stdout.read_line(&mut line);
            line_in.send(read.map(|_| (line, stdout)))
        });
        let (line, stdout) =
            line_out.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("waited too long for a line")).unwrap();
        self.stdout = Some(stdout);
        line
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The reader of standard output has gone.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Waits for its end: the exit code, what was left on standard output, standard error.
    pub(crate) fn finish(mut self) -> (Option<i32>, String, String) {
        self.stdin = None;
        // Both pipes are emptied meanwhile: a program that waits for its reader never ends.
        let stdout = self.stdout.take().map(|pipe| thread::spawn(|| read_all(pipe)));
        let stderr = self.child.stderr.take().map(|pipe| thread::spawn(|| read_all(pipe)));
        wait_until("the program ends", || self.child.try_wait().unwrap().is_some());
        let status = self.child.wait().unwrap();
        let [stdout, stderr] =
            [stdout, stderr].map(|thread| thread.map(|thread| thread.join().unwrap()).unwrap_or_default());
        (status.code(), stdout, stderr)
    }
}

fn read_all(mut pipe: impl Read) -> String {
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    text
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.home = None;
    }
}

/// Waits for something to become true; fails if it does not.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = clock::monotonic();
    let waited = || clock::monotonic().saturating_sub(began);
    while !is_so() {
        assert!(waited() < LIMIT, "waited too long until {what}");
        clock::sleep(GLANCE);
    }
}

/// The permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
