//! The certificate of a sandbox's authority in a file, for clients. It takes the place of an earlier sandbox's certificate and of
//! nothing else: a name that was mistyped must not cost anybody a key.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use rustix::fs::{Mode, OFlags};

use super::exit::Exit;
use super::failure::CommandFailure;
use super::scratch;
use crate::files::{self, Before};

/// The file while its sandbox runs.
pub(super) struct AuthorityFile {
    pub(super) path: PathBuf,
    /// Held, so that no other run takes it for one that was left behind.
    lock: File,
    lasting: Lasting,
}

/// What becomes of the file at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasting {
    /// It was asked for, and stays.
    ForGood,
    /// No `--ca-file` asked for it.
    AsLongAsItsSandbox,
}

impl AuthorityFile {
    /// Writes the certificate to the `chosen` file, or to one in the folder for temporary files.
    pub(super) fn write(chosen: Option<&Path>, port: u16, pem: &str) -> Result<Self, CommandFailure> {
        let (path, lasting) = if let Some(path) = chosen {
            // A client may start in another folder.
            (std::path::absolute(path).unwrap_or_else(|_| path.to_owned()), Lasting::ForGood)
        } else {
            scratch::clear_away(&std::env::temp_dir());
            (scratch::authority_path(port), Lasting::AsLongAsItsSandbox)
        };
        match publish(&path, pem) {
            Ok(Some(lock)) => {
                scratch::hold(&lock);
                Ok(Self { path, lock, lasting })
            }
            Ok(None) => Err(CommandFailure::new(
                Exit::Io,
                anyhow!("cannot write the CA's certificate: {} holds something else", path.display()),
                "name another file with `--ca-file`, or remove this one; only an earlier sandbox's certificate is replaced",
            )),
            Err(error) => Err(CommandFailure::plain(
                Exit::Io,
                anyhow::Error::new(error)
                    .context(format!("cannot write the CA's certificate to {}", path.display())),
            )),
        }
    }

    /// Removes it unless `--ca-file` asked for it, and if it is still this sandbox's.
    pub(super) fn remove(self) {
        if self.lasting == Lasting::AsLongAsItsSandbox && scratch::is_at(&self.lock, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file appears under its name whole. Nothing if something is there that no sandbox has written.
fn publish(path: &Path, pem: &str) -> io::Result<Option<File>> {
    let before = match occupant(path) {
        Ok(file) if scratch::is_written_by_a_sandbox(&file)? => Before::Anything,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Before::Nothing,
        // A link is among these: it leads where another user chose.
        Ok(_) | Err(_) => return Ok(None),
    };
    // Our umask is private; a certificate is public, and another user's client may need it.
    match files::publish(path, pem.as_bytes(), 0o644, before) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

fn occupant(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::AuthorityFile;
    use crate::sandbox::{Sandbox, SandboxOptions};

    fn pem() -> String {
        Sandbox::start(SandboxOptions::default()).unwrap().ca_pem().unwrap().to_owned()
    }

    #[test]
    fn only_an_earlier_sandboxs_certificate_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (first, second) = (pem(), pem());
        let path = at("ca.pem");
        for text in [&first, &second] {
            AuthorityFile::write(Some(&path), 0, text).unwrap().remove();
            assert_eq!(&fs::read_to_string(&path).unwrap(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        }
        // A chain with ours in it, a certificate beside a key, another text, an empty file.
        let both = format!("{first}{second}");
        let with_key = format!("{first}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        let other = include_str!("../../tests/program/testdata/other-authority.pem");
        for (name, text) in
            [("both", &*both), ("key", &with_key), ("other", other), ("id_ed25519", "my key\n"), ("empty", "")]
        {
            fs::write(at(name), text).unwrap();
            let refused = AuthorityFile::write(Some(&at(name)), 0, &first).err().unwrap();
            assert!(format!("{:#}", refused.error).contains("holds something else"), "{name}");
            assert_eq!(fs::read_to_string(at(name)).unwrap(), text, "{name}");
        }
        for (name, target) in [("to-ours", path), ("to-nothing", at("nothing")), ("to-device", "/dev/null".into())]
        {
            symlink(&target, at(name)).unwrap();
            assert!(AuthorityFile::write(Some(&at(name)), 0, &first).is_err(), "{name}");
            assert!(fs::symlink_metadata(at(name)).unwrap().is_symlink(), "{name}");
        }
        assert!(!at("nothing").exists());
        let left = fs::read_dir(folder.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
        assert_eq!(left.count(), 0, "a draft was left behind");
    }
}
