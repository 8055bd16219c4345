//! Where a ledger may lie: its folder, its files and their modes, and the file systems that cannot hold one.
//!
//! Only the owner can read a ledger, under any umask, and a symbolic link at its name is not followed. This file does not know
//! what a ledger holds.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

use crate::files::{folder_of, make_private_folders};
use crate::ledger::store::StoreError;

/// A ledger's file by a path whose folders are no symbolic links, so that SQLite's own refusal of links concerns the
/// file alone.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(super) file: PathBuf,
    pub(super) folder: PathBuf,
}

/// What stands at the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occupant {
    Nothing,
    Bytes,
}

impl Place {
    /// Finds the place, making its folders where they are missing.
    pub(crate) fn prepare(path: &Path) -> Result<Self, StoreError> {
        let folder = folder_of(path);
        make_private_folders(folder).map_err(|source| StoreError::file("create folder", folder, source))?;
        Self::find(path)
    }

    /// Finds the place in folders that are there.
    pub(crate) fn find(path: &Path) -> Result<Self, StoreError> {
        let folder = folder_of(path);
        let folder = fs::canonicalize(folder).map_err(|source| StoreError::file("find folder", folder, source))?;
        let name = path.file_name().ok_or_else(|| StoreError::NotAFile(path.to_owned()))?;
        let place = Self { file: folder.join(name), folder };
        refuse_network(&place)?;
        Ok(place)
    }

    /// Looks at what is there without opening it.
    pub(super) fn occupant(&self) -> Result<Occupant, StoreError> {
        let path = self.file.clone();
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Occupant::Nothing),
            Err(error) => Err(StoreError::file("look at", &path, error)),
            Ok(meta) if meta.is_symlink() => Err(StoreError::Symlink),
            Ok(meta) if !meta.is_file() => Err(StoreError::NotAFile(path)),
            Ok(meta) if meta.uid() != geteuid().as_raw() => Err(StoreError::Anothers { owner: meta.uid() }),
            Ok(meta) if meta.len() == 0 => Err(StoreError::Empty),
            Ok(_) => Ok(Occupant::Bytes),
        }
    }

    /// Names files that another user's run left beside the ledger as the reason for a failure, where they can be.
    pub(super) fn explain(&self, error: StoreError) -> StoreError {
        let can_be = match &error {
            StoreError::File { source, .. } => source.kind() == ErrorKind::PermissionDenied,
            StoreError::ReadOnly | StoreError::Database(_) => true,
            StoreError::Busy
            | StoreError::DiskFull
            | StoreError::Foreign
            | StoreError::Empty
            | StoreError::Newer { .. }
            | StoreError::Symlink
            | StoreError::NotAFile(_)
            | StoreError::NetworkFileSystem(_)
            | StoreError::Anothers { .. }
            | StoreError::LeftByAnother { .. }
            | StoreError::Damaged(_)
            | StoreError::Server(_)
            | StoreError::SqliteTooOld(_) => false,
        };
        let left = if can_be { self.left_by_another() } else { None };
        left.unwrap_or(error)
    }

    fn left_by_another(&self) -> Option<StoreError> {
        let me = geteuid().as_raw();
        let ledger = self.file.file_name()?.as_bytes();
        for entry in fs::read_dir(&self.folder).ok()?.flatten() {
            let is_beside = entry.file_name().as_bytes().strip_prefix(ledger).is_some_and(|end| !end.is_empty());
            let owner = if is_beside { entry.metadata().ok().map_or(me, |meta| meta.uid()) } else { me };
            if owner != me {
                return Some(StoreError::LeftByAnother {
                    path: entry.path(),
                    owner,
                    ledger: self.file.clone(),
                    me,
                });
            }
        }
        None
    }

    /// A file beside the ledger: `ledger.db` and `ballast` make `ledger.db.ballast`.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(".");
        name.push(suffix);
        name.into()
    }

    /// SQLite's own files beside the ledger: `-wal` and `-shm`.
    pub(super) fn companion(&self, suffix: &str) -> PathBuf {
        let mut name = self.file.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    /// Makes the names in the folder last.
    pub(super) fn sync_names(&self) -> io::Result<()> {
        File::open(&self.folder).and_then(|folder| folder.sync_all())
    }

    /// SQLite gives its companions the mode of the database; a ledger that was copied about may have lost its own.
    pub(super) fn close_to_others(&self) -> Result<(), StoreError> {
        for path in [self.file.clone(), self.companion("-wal"), self.companion("-shm")] {
            match fs::symlink_metadata(&path) {
                Ok(meta) if meta.permissions().mode() & 0o777 == PRIVATE => {}
                Ok(meta) if meta.is_file() => fs::set_permissions(&path, Permissions::from_mode(PRIVATE))
                    .map_err(|source| StoreError::file("protect", &path, source))?,
                Ok(_) => return Err(StoreError::NotAFile(path)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::file("look at", &path, error)),
            }
        }
        Ok(())
    }
}

/// The mode of every file.
pub(super) const PRIVATE: u32 = 0o600;

/// Creates a file that was not there, 0600 whatever the umask.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = private(OpenOptions::new().create_new(true)).open(path)?;
    file.set_permissions(Permissions::from_mode(PRIVATE))?;
    Ok(file)
}

/// Opens a file that is there, never through a symbolic link.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    private(&mut OpenOptions::new()).open(path)
}

/// The same, for a file that may only be read.
pub(super) fn open_to_look(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(NOFOLLOW).open(path)
}

/// Removes a file; it is no error if it is gone already.
pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The standard library sets `O_CLOEXEC` itself: a child that inherited the descriptor would keep its lock.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.read(true).write(true).mode(PRIVATE).custom_flags(NOFOLLOW)
}

const NOFOLLOW: i32 = OFlags::NOFOLLOW.bits().cast_signed();

#[cfg(target_os = "linux")]
fn refuse_network(place: &Place) -> Result<(), StoreError> {
    let looked = |source: rustix::io::Errno| StoreError::file("look at folder", &place.folder, source.into());
    let magic = rustix::fs::statfs(&place.folder).map_err(looked)?.f_type.cast_unsigned();
    let mut kind = network_file_system(magic);
    if magic == FUSE {
        let device = rustix::fs::stat(&place.folder).map_err(looked)?.st_dev;
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        kind = network_fuse(&mounts, rustix::fs::major(device), rustix::fs::minor(device));
    }
    kind.map_or(Ok(()), |kind| Err(StoreError::NetworkFileSystem(kind)))
}

#[cfg(not(target_os = "linux"))]
fn refuse_network(_: &Place) -> Result<(), StoreError> {
    Ok(())
}

/// One number for local and remote file systems alike; the table of mounts shows which it is.
#[cfg(target_os = "linux")]
const FUSE: u64 = 0x6573_5546;

/// Finds the mount by its device number (`proc_pid_mountinfo(5)`: the third field; the type comes after the dash).
#[cfg(target_os = "linux")]
fn network_fuse(mounts: &str, major: u32, minor: u32) -> Option<&'static str> {
    let device = format!("{major}:{minor}");
    let mount = mounts.lines().find(|mount| mount.split(' ').nth(2) == Some(device.as_str()))?;
    let kind = mount.split_once(" - ")?.1.split(' ').next()?;
    ["sshfs", "rclone", "s3fs", "gcsfuse", "glusterfs", "ceph-fuse", "davfs", "curlftpfs", "smbnetfs"]
        .into_iter()
        .find(|name| kind.strip_prefix("fuse.") == Some(name))
}

/// The magic numbers of statfs(2).
#[cfg(target_os = "linux")]
fn network_file_system(magic: u64) -> Option<&'static str> {
    match magic & 0xFFFF_FFFF {
        0x6969 => Some("nfs"),
        0x517B | 0xFE53_4D42 | 0xFF53_4D42 => Some("smb"),
        0x0102_1997 => Some("9p"),
        0x5346_414F | 0x6B41_4653 => Some("afs"),
        0x7375_7245 => Some("coda"),
        0x564C => Some("ncp"),
        0x00C3_6400 => Some("ceph"),
        0x0BD0_0BD0 => Some("lustre"),
        0x0116_1970 => Some("gfs2"),
        0x7461_636F => Some("ocfs2"),
        0x4750_4653 => Some("gpfs"),
        0x1983_0326 => Some("fhgfs"),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{network_file_system, network_fuse};

    #[test]
    fn network_file_systems_are_known_by_their_magic_numbers_and_local_ones_are_not() {
        // From statfs(2), signed as some architectures return them.
        assert_eq!(network_file_system(0x6969), Some("nfs"));
        assert_eq!(network_file_system(i64::from(0xFF53_4D42_u32.cast_signed()).cast_unsigned()), Some("smb"));
        for local in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630] {
            assert_eq!(network_file_system(local), None, "{local:x}");
        }
    }
    #[test]
    fn a_fuse_mount_is_judged_by_its_type() {
        let mounts = "28 1 0:25 / / rw - ext4 /dev/vda rw\n\
                      90 28 0:71 / /home/far rw,nosuid shared:5 - fuse.sshfs host:/home rw\n\
                      91 28 0:72 / /home/near rw,nosuid - fuse.mergerfs pool rw\n";
        assert_eq!(network_fuse(mounts, 0, 71), Some("sshfs"));
        assert_eq!(network_fuse(mounts, 0, 72), None);
        assert_eq!(network_fuse(mounts, 0, 99), None);
    }
}
