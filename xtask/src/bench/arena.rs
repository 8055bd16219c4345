//! Where programs are compared: a release build of ours, a sandbox in a process of its own, and files that both sides read.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use super::cores::Core;
use super::tally::Tally;
use crate::build::{Build, build};

/// A TLS sandbox on loopback, which ends with this value.
pub(crate) struct Arena {
    folder: TempDir,
    sandbox: Child,
    /// The requests that arrived: the sandbox writes each to a pipe before it answers, and keeps none in memory.
    tally: Tally,
    pub(crate) binary: PathBuf,
    pub(crate) base_url: String,
    pub(crate) api_key: String,
    pub(crate) api_secret: String,
    /// The sandbox's CA alone.
    pub(crate) ca: PathBuf,
    /// The system's trust store with the sandbox's CA, if the system has one where it is looked for.
    pub(crate) system: Option<SystemStore>,
}

/// A trust store as OpenSSL has it: clients read the file and, some of them, the folder too.
pub(crate) struct SystemStore {
    /// A copy of the system's own file, and the sandbox's CA.
    pub(crate) file: PathBuf,
    /// Links to all that the system's own has, but for that file: it stands in the folder too, and would be read twice.
    pub(crate) folder: PathBuf,
}

/// Where Debian, Alpine and Arch, and where Fedora keep file and folder.
const SYSTEM_STORES: [(&str, &str); 2] = [
    ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs"),
    ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/tls/certs"),
];

/// How long the last requests may take from the sandbox to the tally.
const TALLY_TIME: Duration = Duration::from_secs(10);

impl Arena {
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        Self::with(&build(root, Build::Honest)?, Duration::ZERO, None)
    }

    /// A sandbox that takes its time for each answer, on a core of its own where there is one.
    pub(crate) fn with(binary: &Path, latency: Duration, core: Option<&Core>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ca = folder.path().join("ca.pem");
        let mut sandbox = core
            .map_or_else(|| Command::new(binary), |core| core.command(binary))
            .args(["--json", "sandbox", "--tls", "--stop-after", "3600s", "--log", "-"])
            .args((!latency.is_zero()).then(|| format!("--latency={}ms", latency.as_millis())))
            .arg("--ca-file")
            .arg(&ca)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sandbox")?;
        let mut line = String::new();
        let mut out = BufReader::new(sandbox.stdout.take().context("the sandbox has no standard output")?);
        out.read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the sandbox did not say where it is")?;
        let field =
            |name: &str| said[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {line}"));
        Ok(Self {
            binary: binary.to_owned(),
            tally: Tally::of(out),
            base_url: field("base_url")?,
            api_key: field("api_key")?,
            api_secret: field("api_secret")?,
            system: system_and(&ca, folder.path())?,
            ca,
            folder,
            sandbox,
        })
    }

    /// A home without configuration.
    pub(crate) fn home(&self) -> OsString {
        self.folder.path().as_os_str().to_owned()
    }

    /// Where throw-away files go.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What ours finds in its environment, and nothing else.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        vec![
            ("HOME", self.home()),
            ("NEXMO_CONVERSION_BASE_URL", self.base_url.clone().into()),
            ("VONAGE_API_KEY", self.api_key.clone().into()),
            ("VONAGE_API_SECRET", self.api_secret.clone().into()),
        ]
    }

    /// How many requests arrived, once it is at least so many; a benchmark whose requests went elsewhere measured
    /// something else.
    pub(crate) fn requests(&self, at_least: u64) -> u64 {
        self.tally.wait_for(at_least, TALLY_TIME)
    }

    /// How many requests have arrived when this time is over.
    pub(crate) fn requests_after(&self, quiet: Duration) -> u64 {
        self.tally.wait_for(u64::MAX, quiet)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

fn system_and(ca: &Path, scratch: &Path) -> anyhow::Result<Option<SystemStore>> {
    let Some((bundle, system)) = SYSTEM_STORES.iter().find(|(file, _)| Path::new(file).exists()) else {
        return Ok(None);
    };
    let store = SystemStore { file: scratch.join("system-and-ca.pem"), folder: scratch.join("certs") };
    fs::write(&store.file, format!("{}\n{}", fs::read_to_string(bundle)?, fs::read_to_string(ca)?))?;
    fs::create_dir(&store.folder)?;
    for entry in fs::read_dir(system)? {
        let entry = entry?;
        if entry.path() != Path::new(bundle) {
            symlink(entry.path(), store.folder.join(entry.file_name()))?;
        }
    }
    Ok(Some(store))
}
