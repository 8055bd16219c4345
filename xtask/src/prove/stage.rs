//! Where promises are put to the test: the program in two builds, and a sandbox in a process of its own as the witness.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;
use nexmo_conversion::sandbox::LoggedRequest;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::ledger::{Kind, Ledger, Ledgers};
use crate::build::{Build, build};

/// The variable that selects the promise which the breakable build breaks.
pub(crate) const BREAK: &str = "NEXMO_CONVERSION_BREAK";

/// The program as users get it, and one that can break a promise.
pub(crate) struct Programs {
    _folder: TempDir,
    pub(crate) honest: PathBuf,
    pub(crate) breakable: PathBuf,
}

impl Programs {
    /// Builds both. They are copied away: the second is built to the place of the first.
    pub(crate) fn build(root: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let copy = |which: Build, name: &str| -> anyhow::Result<PathBuf> {
            let place = folder.path().join(name);
            fs::copy(build(root, which)?, &place)?;
            Ok(place)
        };
        let breakable = copy(Build::Breakable, "breakable")?;
        let honest = copy(Build::Honest, "honest")?;
        let named = BREAK.as_bytes();
        let names_it = |program: &Path| -> anyhow::Result<bool> {
            Ok(fs::read(program)?.windows(named.len()).any(|window| window == named))
        };
        ensure!(names_it(&breakable)?, "the breakable build cannot break anything");
        ensure!(!names_it(&honest)?, "the build that users get can break its promises");
        Ok(Self { _folder: folder, honest, breakable })
    }
}

/// What is tried, and what it writes to.
pub(crate) struct Stage {
    pub(crate) programs: Programs,
    pub(crate) ledgers: Ledgers,
}

/// Machines that share a ledger on a server.
const MACHINES: usize = 3;

impl Stage {
    /// Builds the programs, and starts a server where one is asked for.
    pub(crate) fn set(root: &Path, kind: Kind) -> anyhow::Result<Self> {
        Ok(Self { programs: Programs::build(root)?, ledgers: Ledgers::of(kind)? })
    }

    /// Starts a sandbox with these further arguments, and makes a ledger.
    pub(crate) fn witness(&self, arguments: &[&str]) -> anyhow::Result<Witness> {
        Witness::with(&self.programs, &self.ledgers, arguments)
    }

    /// How many machines share the ledger.
    pub(crate) fn machines(&self) -> usize {
        match self.ledgers {
            Ledgers::Files => 1,
            Ledgers::Server(_) => MACHINES,
        }
    }
}

/// A sandbox that writes each request to a file before it answers it. It ends with this value.
pub(crate) struct Witness {
    folder: TempDir,
    sandbox: Child,
    ledger: Ledger,
    base_url: String,
    pub(crate) api_key: String,
    api_secret: String,
}

/// The log is taken to be complete when it has not grown for this long.
const QUIET: Duration = Duration::from_millis(200);

/// The sandbox closes what its client has closed within this time, or something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two runs a shorter rest will do: nothing is counted yet.
const PAUSE: Duration = Duration::from_millis(15);

impl Witness {
    /// Starts a sandbox with these further arguments; the programs' ledger is a file.
    pub(crate) fn start(programs: &Programs, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::with(programs, &Ledgers::Files, arguments)
    }

    /// The same for any kind of ledger.
    pub(crate) fn with(programs: &Programs, ledgers: &Ledgers, arguments: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ledger = ledgers.make(programs, folder.path())?;
        let mut sandbox = Command::new(&programs.honest)
            .args(["--json", "sandbox", "--stop-after", "3600s", "--log"])
            .arg(folder.path().join("requests.ndjson"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sandbox")?;
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().context("the sandbox has no standard output")?)
            .read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the sandbox did not say where it is")?;
        let field =
            |name: &str| said[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {line}"));
        Ok(Self {
            base_url: field("base_url")?,
            api_key: field("api_key")?,
            api_secret: field("api_secret")?,
            ledger,
            folder,
            sandbox,
        })
    }

    /// A folder for throw-away files; the program's home.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The ledger of the programs.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The program with this sandbox as its API, an account, a ledger, and nothing else in its environment.
    pub(crate) fn command(&self, program: &Path) -> Command {
        self.command_on(0, program)
    }

    /// The same on one of several machines: what a machine knows of its own runs lies in its home.
    pub(crate) fn command_on(&self, host: usize, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder().join(format!("host-{host}")))
            .env("NEXMO_CONVERSION_BASE_URL", &self.base_url)
            .envs(self.ledger.settings())
            .env("VONAGE_API_KEY", &self.api_key)
            .env("VONAGE_API_SECRET", &self.api_secret);
        command
    }

    /// Answers nothing for a while, as a server does that hangs.
    pub(crate) fn pause(&self, time: Duration) -> anyhow::Result<()> {
        let process = Pid::from_child(&self.sandbox);
        kill_process(process, Signal::STOP)?;
        clock::sleep(time);
        Ok(kill_process(process, Signal::CONT)?)
    }

    /// Keeps the folder, for somebody to look at.
    pub(crate) fn keep(&mut self) -> anyhow::Result<PathBuf> {
        Ok(std::mem::replace(&mut self.folder, tempfile::tempdir()?).keep())
    }

    /// Every request that arrived, once no more arrive.
    pub(crate) fn requests(&self) -> anyhow::Result<Vec<LoggedRequest>> {
        Ok(self.requests_with_places()?.into_iter().map(|(_, request)| request).collect())
    }

    /// The same, each with the byte of the log at which it stands.
    pub(crate) fn requests_with_places(&self) -> anyhow::Result<Vec<(u64, LoggedRequest)>> {
        self.log_length_after(QUIET);
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        let mut place = 0;
        let mut requests = Vec::new();
        for line in text.split_inclusive('\n') {
            requests.push((place, serde_json::from_str(line).with_context(|| line.to_owned())?));
            place += line.len() as u64;
        }
        Ok(requests)
    }

    /// How long the log is once it has all that a run had sent that has just ended: the sandbox has read each of its
    /// connections to the end, and the log rests for a moment.
    pub(crate) fn log_at_rest(&self) -> anyhow::Result<u64> {
        let began = clock::monotonic();
        while self.open_connections()? > 0 {
            ensure!(clock::monotonic().saturating_sub(began) < PATIENCE, "the sandbox reads no further");
            clock::sleep(Duration::from_millis(1));
        }
        Ok(self.log_length_after(PAUSE))
    }

    /// Connections that the sandbox has not closed, those included that it has not even taken; by the kernel's table
    /// (`proc_pid_net(5)`: addresses and states in hexadecimal).
    fn open_connections(&self) -> anyhow::Result<usize> {
        const TIME_WAIT: &str = "06";
        const LISTEN: &str = "0A";
        let port: u16 = self.base_url.rsplit(':').next().unwrap_or_default().parse()?;
        let local = format!("0100007F:{port:04X}");
        let table = fs::read_to_string("/proc/net/tcp").context("cannot see the kernel's connections")?;
        let open = table.lines().filter(|line| {
            let mut fields = line.split_ascii_whitespace().skip(1);
            fields.next() == Some(local.as_str()) && !matches!(fields.nth(1), Some(TIME_WAIT | LISTEN) | None)
        });
        Ok(open.count())
    }

    fn log_length_after(&self, rest: Duration) -> u64 {
        let length = || fs::metadata(self.log()).map_or(0, |meta| meta.len());
        let mut before = length();
        loop {
            clock::sleep(rest);
            let now = length();
            if now == before {
                return now;
            }
            before = now;
        }
    }

    /// The log as it is at this moment.
    pub(crate) fn log_now(&self) -> anyhow::Result<String> {
        match fs::read_to_string(self.log()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            other => other.context("cannot read the sandbox's log"),
        }
    }

    fn log(&self) -> PathBuf {
        self.folder().join("requests.ndjson")
    }

    /// How long the log is now.
    pub(crate) fn log_length(&self) -> u64 {
        fs::metadata(self.log()).map_or(0, |meta| meta.len())
    }

    /// The requests that arrived since the log had this length. They are complete when every program that sent any has ended
    /// by itself, because a request is logged before it is answered.
    pub(crate) fn requests_since(&self, length: u64) -> anyhow::Result<Vec<LoggedRequest>> {
        let mut log = File::open(self.log())?;
        log.seek(SeekFrom::Start(length))?;
        BufReader::new(log).lines().map(|line| Ok(serde_json::from_str(&line?)?)).collect()
    }

    /// How often each message-id with its value was delivered and answered with 200.
    pub(crate) fn deliveries(&self) -> anyhow::Result<BTreeMap<(String, bool), u64>> {
        let mut deliveries = BTreeMap::new();
        for request in self.requests()? {
            if request.status == Some(200) {
                let id = request.parameter("message-id").context("a request without message-id")?.to_owned();
                let delivered = request.parameter("delivered").is_some_and(|value| value != "false");
                *deliveries.entry((id, delivered)).or_default() += 1;
            }
        }
        Ok(deliveries)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}
