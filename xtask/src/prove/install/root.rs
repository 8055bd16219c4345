//! A root file system in a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::Said;

/// Nothing takes longer.
pub(super) const LIMIT: [&str; 3] = ["timeout", "--kill-after=5", "120"];
/// What is around whatever is run: processes, mounts and a network of its own, of which only loopback is up.
const AROUND: [&str; 8] = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"];
/// Makes that network work, and whatever the root has a place for; `$0` is the root.
const ENTER: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up || exit 125
if [ -d "$0/proc" ]; then mount -t proc proc "$0/proc" || exit 125; fi
if [ -n "$READ_ONLY" ]; then mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 125; fi
exec "$@"
"#;

/// A root, which goes when this is dropped.
pub(super) struct Root {
    folder: TempDir,
}

/// Who runs what, and with what.
#[derive(Default)]
pub(super) struct Entry<'a> {
    /// `UID:GID`; root, if nothing is said.
    pub(super) user: Option<&'a str>,
    pub(super) variables: &'a [(&'a str, &'a str)],
    pub(super) is_read_only: bool,
}

impl Root {
    /// One without anything in it.
    pub(super) fn empty() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("nexmo-conversion-root-").tempdir()?;
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open)?;
        Ok(Self { folder })
    }

    /// A minimal Debian system: of this machine's release, from where this machine has its packages. It is made once.
    pub(super) fn debian(root: &Path) -> anyhow::Result<Self> {
        Self::unpacked(&base(root)?)
    }

    /// The one in an archive, with its owners.
    pub(super) fn unpacked(archive: &Path) -> anyhow::Result<Self> {
        let made = Self::empty()?;
        let status = Command::new("tar").arg("-xpf").arg(archive).arg("-C").arg(made.path()).status();
        ensure!(status.context("cannot run tar")?.success(), "{} cannot be unpacked", archive.display());
        Ok(made)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a file of the root's is for this machine.
    pub(super) fn at(&self, place: &str) -> PathBuf {
        self.path().join(place.trim_start_matches('/'))
    }

    /// A command that enters it.
    pub(super) fn command(&self, entry: &Entry<'_>, words: &[&str]) -> Command {
        let mut command = Command::new(LIMIT[0]);
        command.args(&LIMIT[1..]).args(AROUND).args(["sh", "-c", ENTER]).arg(self.path());
        command.env("READ_ONLY", if entry.is_read_only { "yes" } else { "" });
        command.args(["env", "-i"]);
        command.args(entry.variables.iter().map(|(name, value)| format!("{name}={value}")));
        command.arg("/usr/sbin/chroot").args(entry.user.map(|user| format!("--userspec={user}")));
        command.arg(self.path()).args(words);
        command
    }

    /// Runs a line of shell in it, as root would at a terminal.
    pub(super) fn shell(&self, line: &str) -> anyhow::Result<Said> {
        let variables = [("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root")];
        let entry = Entry { variables: &variables, ..Entry::default() };
        Said::of(&mut self.command(&entry, &["sh", "-c", line]))
    }
}

/// The minimal system as an archive.
fn base(root: &Path) -> anyhow::Result<PathBuf> {
    let release = fs::read_to_string("/etc/os-release").context("what system is this?")?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).context("no Debian")?;
    let archive = root.join("target/roots").join(format!("{suite}.tar"));
    if archive.exists() {
        return Ok(archive);
    }
    fs::create_dir_all(root.join("target/roots"))?;
    let sources = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"];
    let sources = sources.into_iter().filter(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0));
    let draft = archive.with_extension("draft.tar");
    let output = Command::new("mmdebstrap")
        .args(["--quiet", "--variant=minbase", "--include=man-db,bash-completion,systemd"])
        .args(["--dpkgopt=force-unsafe-io", suite])
        .arg(&draft)
        .args(sources)
        .output()
        .context("cannot run mmdebstrap")?;
    ensure!(output.status.success(), "mmdebstrap: {}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&draft, &archive)?;
    Ok(archive)
}
