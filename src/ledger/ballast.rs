//! A file that is there only to be removed: on a full disk its room lets what is already sent be settled.

use std::fs;
use std::io::Write as _;

use super::place::{Place, create_private};

/// About what the database grows by when a full log is written back into it.
const SIZE: usize = 2 * 1024 * 1024;

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

/// Gives the ballast's room away. That it is gone already is no news.
pub(super) fn burn(place: &Place) {
    let _ = fs::remove_file(place.beside("ballast"));
}
