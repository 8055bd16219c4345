//! Files that appear whole. They are written beside their place, synced, and given their name in one step: a crash leaves the old
//! file or the new one, and of two programs that create one at once, one gets the error that it exists. And files that are held:
//! by a lock that ends with its holder, however that ends.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::Builder;

/// What may be at a file's place before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// Nothing; anything fails with `AlreadyExists`.
    Nothing,
    /// Another file, which is replaced.
    Anything,
}

/// Writes a file of this mode, whatever the umask, and returns it once it is durable.
pub fn publish(path: &Path, bytes: &[u8], mode: u32, before: Before) -> io::Result<File> {
    let folder = folder_of(path);
    let mut draft = Builder::new().prefix(".nexmo-conversion-").tempfile_in(folder)?;
    draft.as_file().set_permissions(Permissions::from_mode(mode))?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    let published = match before {
        Before::Nothing => draft.persist_noclobber(path),
        Before::Anything => draft.persist(path),
    };
    let file = published.map_err(|failed| failed.error)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// A file that is locked until this is dropped, or its process ends. To close the file would not be enough: a program that another
/// thread is just starting has it open, too, for a moment.
#[derive(Debug)]
pub struct Held(File);

impl Held {
    /// Locks a file. Where another has it locked, the error is `WouldBlock`.
    pub fn lock(file: File) -> io::Result<Self> {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self(file))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It can only fail where locks do not work, and there none was taken.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Makes the missing folders, 0700, one by one: a umask may take bits from a mode, and `set_permissions` gives them back. A new
/// folder is synced into the one above it: without its folder the best-synced file is gone with the power.
pub fn make_private_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    // The parent of a bare name is "", where there is nothing to make.
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_private_folders(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o700))?,
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Err(_) if folder.is_dir() => {}
        Err(_) => return Err(ErrorKind::NotADirectory.into()),
    }
    File::open(folder_of(folder))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{Before, Held, make_private_folders, publish};

    #[test]
    fn a_file_is_free_once_its_holder_has_gone_also_if_a_program_that_is_starting_has_it_open() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let held = Held::lock(file.reopen().unwrap()).unwrap();
        // What a fork has.
        let copy = held.0.try_clone().unwrap();
        let refused = Held::lock(file.reopen().unwrap()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::WouldBlock);
        drop(held);
        Held::lock(file.reopen().unwrap()).unwrap();
        drop(copy);
    }

    #[test]
    fn a_file_appears_whole_with_its_mode_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        publish(&path, b"one", 0o640, Before::Nothing).unwrap();
        let again = publish(&path, b"two", 0o600, Before::Nothing).unwrap_err();
        assert_eq!(
            (again.kind(), fs::read_to_string(&path).unwrap()),
            (ErrorKind::AlreadyExists, "one".to_owned())
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        publish(&path, b"two", 0o600, Before::Anything).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = folder.path().join("link");
        symlink("nowhere", &link).unwrap();
        assert_eq!(publish(&link, b"x", 0o600, Before::Nothing).unwrap_err().kind(), ErrorKind::AlreadyExists);
        fs::create_dir(folder.path().join("folder")).unwrap();
        publish(&folder.path().join("folder"), b"x", 0o600, Before::Anything).unwrap_err();
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["file", "folder", "link"]);
    }

    #[test]
    fn folders_are_made_private_and_a_file_in_the_way_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        make_private_folders(&deep).unwrap();
        make_private_folders(&deep).unwrap();
        for made in ["a", "a/b", "a/b/c"] {
            assert_eq!(fs::metadata(folder.path().join(made)).unwrap().permissions().mode() & 0o777, 0o700);
        }
        fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(
            make_private_folders(&folder.path().join("file")).unwrap_err().kind(),
            ErrorKind::NotADirectory
        );
    }
}
