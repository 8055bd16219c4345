//! PostgreSQL servers for tests: real ones, each in a folder of its own, on a socket and, where a test wants it, on a loopback port.
//! Shared by the unit tests, the tests of the whole program and the proofs, which all include this file.
//!
//! PostgreSQL refuses to run as root, so root's tests run it as `nobody`. A shell keeps each server, and stops it as soon as the
//! pipe from the test's process is closed: also when that was killed. Without PostgreSQL these tests cannot fail, which must not
//! look like passing: each says so past the harness, and `tests/skipped.rs` counts them. In the gate (`CI` is set) that fails.
#![allow(dead_code, reason = "the unit tests, the tests of the whole program and the proofs each use their part")]

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, geteuid, getppid, kill_process};

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    keeper: Child,
}

/// A server that is to be started.
#[derive(Debug)]
pub(crate) struct Preparation {
    bin: PathBuf,
    folder: PathBuf,
    settings: Vec<String>,
    port: u16,
}

impl Cluster {
    /// A server with the settings it comes with, which all tests of one process share: each makes a database of its own. `None`, and
    /// the reason is printed, where PostgreSQL is not installed.
    pub(crate) fn shared(test: &str) -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        installed(test)?;
        SHARED.get_or_init(|| Some(Self::prepare(test)?.start())).as_ref()
    }

    /// A server of the test's own; the same where PostgreSQL is not installed.
    pub(crate) fn prepare(test: &str) -> Option<Preparation> {
        let bin = installed(test)?;
        let folder = new_folder();
        let data = folder.join("data");
        let initdb = bin.join("initdb");
        done(as_owner(&initdb).arg("-D").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        ]));
        Some(Preparation { bin, folder, settings: Vec::new(), port: 5432 })
    }

    /// A new, empty database, by its name.
    pub(crate) fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// What `psql` prints for a statement of the superuser's: the values, separated by `|`.
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let mut psql = Command::new("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", statement]);
        let ran = psql.arg("-h").arg(&self.folder).args(["-p", &self.port.to_string()]).output().unwrap();
        assert!(ran.status.success(), "{statement}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap().trim().to_owned()
    }

    /// Ends the server as a power cut does: SIGKILL for it and for each process that serves a client. Returns how many there were.
    pub(crate) fn crash(&self) -> usize {
        let lock = self.folder.join("data/postmaster.pid");
        let first = fs::read_to_string(&lock).unwrap().lines().next().unwrap().parse().unwrap();
        let server = Pid::from_raw(first).unwrap();
        // A server that stands still starts nobody more: what it had begun to start, whoever looks before would miss, and it would
        // keep the memory that the next server wants.
        kill_process(server, Signal::STOP).unwrap();
        while state(server).is_some_and(|state| state != 'T') {
            thread::yield_now();
        }
        let all: Vec<_> = [server].into_iter().chain(children(server)).collect();
        for process in &all {
            let _ = kill_process(*process, Signal::KILL);
        }
        while all.iter().any(|process| state(*process).is_some_and(|state| state != 'Z')) {
            thread::yield_now();
        }
        // Where nobody takes note of orphans' ends, the next server would take this one for alive.
        fs::remove_file(lock).unwrap();
        let _ = fs::remove_file(self.folder.join(format!(".s.PGSQL.{}.lock", self.port)));
        all.len()
    }

    /// Starts it after a crash, and waits until it answers.
    pub(crate) fn start_again(&self) {
        assert!(self.pg_ctl(&["start"]), "{}", self.log());
    }

    /// A server that repeats all that this one does, and will be asked before this one acknowledges a commit if `name` is among
    /// this one's `synchronous_standby_names`.
    pub(crate) fn standby(&self, name: &str) -> Preparation {
        let folder = new_folder();
        let mut copy = as_owner(&self.bin.join("pg_basebackup"));
        copy.arg("-D").arg(folder.join("data")).args(["-R", "-X", "stream", "-c", "fast", "-U", "postgres", "-d"]);
        let from = format!("host={} port={} application_name={name}", self.folder.display(), self.port);
        done(copy.arg(from));
        Preparation { bin: self.bin.clone(), folder, settings: Vec::new(), port: self.port }
    }

    /// Makes a standby a server of its own, and waits until it is.
    pub(crate) fn promote(&self) {
        assert!(self.pg_ctl(&["promote"]), "{}", self.log());
    }

    /// One of the programs that came with it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Asks the server's own `pg_ctl` for something, such as to stop it, or to start it again. Whether that could be done.
    pub(crate) fn pg_ctl(&self, words: &[&str]) -> bool {
        let mut command = as_owner(&self.program("pg_ctl"));
        command.arg("-D").arg(self.folder.join("data")).arg("-l").arg(self.folder.join("log")).args(["-w", "-s"]);
        // What it starts would keep a pipe open.
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().unwrap().success()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The folder of its socket.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its port, also of its socket.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Preparation {
    /// A line of `postgresql.conf`.
    pub(crate) fn setting(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// A file in the data folder, readable by the server only.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        let path = self.folder.join("data").join(name);
        let _ = fs::remove_file(&path);
        fs::write(&path, content).unwrap();
        done(Command::new("chmod").arg("600").arg(&path));
        if geteuid().is_root() {
            done(Command::new("chown").arg(OWNER).arg(&path));
        }
        self
    }

    /// Listens on a loopback port, too.
    pub(crate) fn tcp(mut self) -> Self {
        self.port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        self
    }

    /// Starts it, and waits until it answers.
    pub(crate) fn start(self) -> Cluster {
        let Self { bin, folder, mut settings, port } = self;
        let data = folder.join("data");
        let listen = if port == 5432 { "" } else { "127.0.0.1" };
        settings.insert(0, format!("listen_addresses = '{listen}'"));
        settings.insert(0, format!("port = {port}"));
        settings.insert(0, format!("unix_socket_directories = '{}'", folder.display()));
        let conf = data.join("postgresql.conf");
        let mut conf = OpenOptions::new().append(true).open(conf).unwrap();
        conf.write_all(format!("\n{}\n", settings.join("\n")).as_bytes()).unwrap();
        let mut keeper = as_owner(Path::new("sh"))
            .args(["-c", KEEP, "keeper"])
            .arg(bin.join("pg_ctl"))
            .arg(&data)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What ends the tests' whole group must not end who tidies up after them.
            .process_group(0)
            .spawn()
            .unwrap();
        let mut answer = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut answer).unwrap();
        let cluster = Cluster { bin, folder, port, keeper };
        assert_eq!(answer.trim(), "ready", "{}", cluster.log());
        cluster
    }
}

/// Who runs it where root runs the tests.
const OWNER: &str = "nobody";

/// Starts the server, says so, and stops it when the pipe is closed.
const KEEP: &str = r#"
"$1" -D "$2" -w -s -l "$3/log" start >/dev/null 2>&1 </dev/null && echo ready || echo failed
exec >/dev/null
cat
# One that has crashed has no number to stop it by.
[ ! -e "$2/postmaster.pid" ] || "$1" -D "$2" -w -s -m immediate stop
rm -rf "$3"
"#;

fn new_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("pg-").tempdir().unwrap().keep();
    if geteuid().is_root() {
        done(Command::new("chown").arg(OWNER).arg(&folder));
    }
    folder
}

fn as_owner(program: &Path) -> Command {
    let mut command = if geteuid().is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", OWNER, "--regid", "nogroup", "--clear-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/");
    command
}

fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    let is_child = |process: &Pid| stat(*process).is_some_and(|(_, of)| of == parent.as_raw_nonzero().get());
    processes.filter(is_child).collect()
}

fn state(process: Pid) -> Option<char> {
    stat(process).map(|(state, _)| state)
}

/// A process's state and its parent (`proc_pid_stat(5)`: they stand behind the name, in which anything may stand).
fn stat(process: Pid) -> Option<(char, i32)> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn done(command: &mut Command) {
    let ran = command.stdin(Stdio::null()).output().unwrap();
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

/// Where the newest PostgreSQL of this machine has its programs, or those that `POSTGRES_BIN` names; if nowhere, the reason is printed.
#[expect(
    clippy::disallowed_methods,
    reason = "which server is tested, and what the gate asks for, only the environment says"
)]
fn installed(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("POSTGRES_BIN").map(PathBuf::from);
    let packaged = || {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
        let newest = versions.map(|entry| entry.path()).max_by_key(version)?;
        Some(newest.join("bin")).filter(|bin| bin.join("initdb").exists())
    };
    if let Some(bin) = named.or_else(packaged) {
        return Some(bin);
    }
    let note = format!("skipped: {test}: needs PostgreSQL (apt-get install postgresql)\n");
    assert!(std::env::var_os("CI").is_none(), "{note}");
    // Not with a macro: the harness would keep it.
    let _ = io::stderr().write_all(note.as_bytes());
    // Beside the folder that has this very program, as `CARGO_TARGET_TMPDIR` is, which unit tests are not told.
    let target = std::env::current_exe().ok()?.ancestors().nth(3)?.join("tmp");
    let notes = target.join(format!("skipped-{}", getppid().map_or(0, Pid::as_raw_pid)));
    OpenOptions::new().append(true).create(true).open(notes).ok()?.write_all(note.as_bytes()).ok()?;
    None
}
