//! A proxy of ours between a run and the server. It can lose the answer to a COMMIT, and it can fall silent as a cut cable does:
//! every connection stays open, and nothing passes.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use nexmo_conversion::clock;
use tempfile::TempDir;

use super::fleet::OWN;
use crate::postgres::Cluster;

/// One run's way to the server.
pub(crate) struct Between {
    folder: TempDir,
    line: Arc<Line>,
}

/// What all connections of a way have in common.
struct Line {
    server: PathBuf,
    psql: Psql,
    is_silent: AtomicBool,
    /// When the next answer is to be lost, and the chance that decides on the one after it.
    next: Mutex<Option<(Duration, Rng)>>,
    answers_lost: AtomicU64,
    had_happened: AtomicU64,
    in_the_air: AtomicU64,
}

/// What was done to COMMITs.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    /// Answers that the server gave, "it is committed", and the run never got.
    pub(crate) answers: u64,
    /// Of these, those after which the server showed somebody else what it had not shown before the COMMIT was passed on.
    pub(crate) had_happened: u64,
    /// COMMITs that the server was asked for, and went away without an answer to.
    pub(crate) in_the_air: u64,
}

impl Between {
    /// Listens where the server would, in a folder of its own.
    pub(crate) fn start(cluster: &Cluster, database: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let name = format!(".s.PGSQL.{}", cluster.port());
        let listener = UnixListener::bind(folder.path().join(&name))?;
        let line = Arc::new(Line {
            server: cluster.folder().join(name),
            psql: Psql {
                folder: cluster.folder().to_owned(),
                port: cluster.port(),
                database: database.to_owned(),
            },
            is_silent: AtomicBool::new(false),
            next: Mutex::new(None),
            answers_lost: AtomicU64::new(0),
            had_happened: AtomicU64::new(0),
            in_the_air: AtomicU64::new(0),
        });
        let all = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let line = Arc::clone(&all);
                thread::spawn(move || line.join(&client));
            }
        });
        Ok(Self { folder, line })
    }

    /// What stands for the server's folder in a URL.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Loses answers to COMMITs from now on, some tenths of a second apart.
    pub(crate) fn lose_answers(&self, mut chance: Rng) {
        *self.line.next() = Some((soon(&mut chance), chance));
    }

    /// Loses no more.
    pub(crate) fn lose_nothing(&self) {
        *self.line.next() = None;
    }

    pub(crate) fn cut(&self) {
        self.line.is_silent.store(true, Ordering::Release);
    }

    pub(crate) fn heal(&self) {
        self.line.is_silent.store(false, Ordering::Release);
    }

    pub(crate) fn lost(&self) -> Lost {
        let count = |of: &AtomicU64| of.load(Ordering::Acquire);
        Lost {
            answers: count(&self.line.answers_lost),
            had_happened: count(&self.line.had_happened),
            in_the_air: count(&self.line.in_the_air),
        }
    }
}

fn soon(chance: &mut Rng) -> Duration {
    clock::monotonic() + Duration::from_millis(chance.u64(100..600))
}

/// The server's own client, past this way.
struct Psql {
    folder: PathBuf,
    port: u16,
    database: String,
}

impl Psql {
    /// A record's state: empty without a row, `None` without a server.
    fn state_of(&self, id: &str) -> Option<String> {
        let question = format!("SELECT state FROM nexmo_conversion.conversion WHERE message_id = '{id}'");
        let mut psql = Command::new("psql");
        psql.args([
            "-XAtq",
            "-U",
            "postgres",
            "-d",
            &self.database,
            "-p",
            &self.port.to_string(),
            "-c",
            &question,
        ]);
        let answer = psql.arg("-h").arg(&self.folder).output().ok().filter(|answer| answer.status.success())?;
        String::from_utf8(answer.stdout).ok()
    }
}

/// What is known of a connection's COMMIT.
#[derive(Default)]
struct Commit {
    /// It was passed on, and is not answered.
    is_open: bool,
    /// Its answer is to be lost.
    suspect: Option<Suspect>,
}

/// A record that a transaction changes.
struct Suspect {
    id: String,
    before: Option<String>,
}

impl Line {
    fn next(&self) -> std::sync::MutexGuard<'_, Option<(Duration, Rng)>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for_cable(&self) {
        while self.is_silent.load(Ordering::Acquire) {
            clock::sleep(Duration::from_millis(2));
        }
    }

    /// Joins a run to the server until one of them goes.
    fn join(&self, client: &UnixStream) {
        self.wait_for_cable();
        let Ok(server) = UnixStream::connect(&self.server) else { return };
        let commit = Mutex::new(Commit::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                self.forth(client, &server, &commit);
                let _ = server.shutdown(Shutdown::Both);
            });
            self.back(&server, client, &commit);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
    }

    fn forth(&self, mut client: &UnixStream, mut server: &UnixStream, commit: &Mutex<Commit>) {
        let mut bytes = vec![0; 1 << 18];
        while let Ok(read @ 1..) = client.read(&mut bytes) {
            let some = &bytes[..read];
            if find(some, b"COMMIT").is_some() {
                let suspect = self.choose(some);
                let mut commit = commit.lock().unwrap_or_else(PoisonError::into_inner);
                *commit = Commit { is_open: true, suspect };
            }
            self.wait_for_cable();
            if server.write_all(some).is_err() {
                return;
            }
        }
    }

    /// Whether this COMMIT's answer is the next to be lost: only where a record's id shows what the transaction is about.
    fn choose(&self, asked: &[u8]) -> Option<Suspect> {
        let mut next = self.next();
        let (due, chance) = next.as_mut()?;
        let id = own_id(asked).filter(|_| clock::monotonic() >= *due)?;
        *due = soon(chance);
        drop(next);
        let before = self.psql.state_of(&id);
        Some(Suspect { id, before })
    }

    fn back(&self, mut server: &UnixStream, mut client: &UnixStream, commit: &Mutex<Commit>) {
        let mut bytes = vec![0; 1 << 18];
        let mut held = Vec::new();
        while let Ok(read @ 1..) = server.read(&mut bytes) {
            self.wait_for_cable();
            held.extend_from_slice(&bytes[..read]);
            {
                let mut commit = commit.lock().unwrap_or_else(PoisonError::into_inner);
                let is_committed = find(&held, b"COMMIT\0").is_some();
                let is_answered = is_committed || find(&held, b"ROLLBACK\0").is_some();
                commit.is_open &= !is_answered;
                match commit.suspect.take() {
                    Some(suspect) if is_committed => {
                        self.lose(&suspect);
                        return;
                    }
                    Some(suspect) if !is_answered => {
                        commit.suspect = Some(suspect);
                        continue;
                    }
                    Some(_) | None => {}
                }
            }
            if client.write_all(&held).is_err() {
                return;
            }
            held.clear();
        }
        if commit.lock().unwrap_or_else(PoisonError::into_inner).is_open {
            self.in_the_air.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The run still waits, so that what has changed since was changed by this transaction.
    fn lose(&self, suspect: &Suspect) {
        let after = self.psql.state_of(&suspect.id);
        self.answers_lost.fetch_add(1, Ordering::AcqRel);
        if suspect.before.is_some() && after.is_some() && after != suspect.before {
            self.had_happened.fetch_add(1, Ordering::AcqRel);
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A message-id that no other run has.
fn own_id(asked: &[u8]) -> Option<String> {
    let id = &asked[find(asked, OWN.as_bytes())?..];
    let end = id.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')?;
    String::from_utf8(id[..end].to_vec()).ok()
}
