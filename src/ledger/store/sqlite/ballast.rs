//! A file that exists only to be removed: on a full disk its room lets conversions that were sent be settled, and old ones be forgotten.

use std::fs;
use std::io::{self, ErrorKind, Write as _};

use rusqlite::Connection;

use super::place::{Place, create_private, open_private};

/// About as much as the database grows when a full log is written back into it.
const SIZE: usize = 2 * 1024 * 1024;

/// Puts the ballast in place, or what is missing of it.
pub(super) fn lay(place: &Place) -> io::Result<()> {
    let path = place.beside("ballast");
    let mut file = match create_private(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open_private(&path),
        other => other,
    }?;
    // The run that laid it may have been killed halfway.
    if file.metadata()?.len() >= SIZE as u64 {
        return Ok(());
    }
    file.write_all(&vec![0; SIZE]).inspect_err(|_| {
        let _ = fs::remove_file(&path);
    })
}

/// Removes the ballast, if it is there, then writes the log back and truncates it: it may hold one page many times. What fails here
/// fails again, and is reported, where the room was wanted.
pub(super) fn make_room(db: &Connection, place: &Place) {
    let _ = fs::remove_file(place.beside("ballast"));
    let _ = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
}
