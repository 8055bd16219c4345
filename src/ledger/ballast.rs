//! A file that is there only to be removed: on a full disk its room lets what is already sent be settled.

use std::fs;
use std::io::Write as _;

use super::place::{Place, create_private};

const SIZE: usize = 1024 * 1024;

/// Puts the ballast in place. A disk that has no room even for it is no reason not to open.
pub(super) fn lay(place: &Place) {
    let path = place.beside("ballast");
    let Ok(mut file) = create_private(&path) else {
        return;
    };
    if file.write_all(&vec![0; SIZE]).is_err() {
        let _ = fs::remove_file(&path);
    }
}

/// Whether removing the ballast made any room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Made,
    None,
}

/// Gives the ballast's room away.
pub(super) fn burn(place: &Place) -> Room {
    match fs::remove_file(place.beside("ballast")) {
        Ok(()) => Room::Made,
        Err(_) => Room::None,
    }
}
