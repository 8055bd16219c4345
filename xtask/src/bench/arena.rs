//! Where programs are compared: a release build of ours, a sandbox in a process of its own, and files that both sides read.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tempfile::TempDir;

/// A TLS sandbox on loopback, which ends with this value.
pub(crate) struct Arena {
    folder: TempDir,
    sandbox: Child,
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

impl Arena {
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let binary = release_build(root)?;
        let folder = tempfile::tempdir()?;
        let ca = folder.path().join("ca.pem");
        let mut sandbox = Command::new(&binary)
            .args(["--json", "sandbox", "--tls", "--stop-after", "3600s", "--ca-file"])
            .arg(&ca)
            .arg("--log")
            .arg(folder.path().join("requests.jsonl"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sandbox")?;
        let mut line = String::new();
        let out = sandbox.stdout.take().context("the sandbox has no standard output")?;
        BufReader::new(out).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the sandbox did not say where it is")?;
        let field =
            |name: &str| said[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {line}"));
        Ok(Self {
            binary,
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

    /// How many requests arrived; a benchmark whose requests went elsewhere measured something else.
    pub(crate) fn requests(&self) -> anyhow::Result<usize> {
        Ok(fs::read_to_string(self.folder.path().join("requests.jsonl"))?.lines().count())
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

/// What cargo tells a program that it runs. A cargo that finds it in its own environment builds ring and all above it anew,
/// because ring's build script watches these names.
const TOLD_BY_CARGO: [&str; 7] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_PKG_NAME",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
];

/// Builds the program as users get it, and says where it is.
fn release_build(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    for name in TOLD_BY_CARGO {
        cargo.env_remove(name);
    }
    let output = cargo
        .args(["build", "--release", "--locked", "--bin", "nexmo-conversion"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "the release build failed");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo did not say where the program is")
}
