//! Followed files: how far they were read is known to the next run, by what the file is, for as long as a row is remembered.

use std::sync::Arc;

use super::{DAY, Fixture, at, on_every_store};
use crate::domain::{FileHead, FollowedFile, REMEMBERED, ReadTo, Timestamp};

fn file(path: &str, manner: &str) -> Arc<FollowedFile> {
    Arc::new(FollowedFile::new(path.as_bytes(), path.to_owned(), manner))
}

fn position(file: &Arc<FollowedFile>, identity: &str, offset: u64, looked: Timestamp) -> ReadTo {
    let head = FileHead::of(b"the first line\n");
    ReadTo { file: Arc::clone(file), identity: identity.to_owned(), head, offset, lines: offset / 10, looked }
}

fn known(fixture: &Fixture, file: &Arc<FollowedFile>) -> Vec<ReadTo> {
    fixture.open().read_before(file, fixture.now).unwrap()
}

#[test]
fn a_later_run_knows_how_far_each_file_of_a_path_was_read() {
    on_every_store(|mut fixture| {
        let log = file("/log", "batch");
        let mut ledger = fixture.open();
        assert_eq!(ledger.read_before(&log, fixture.now).unwrap(), []);
        let (old, new) = (position(&log, "1:1", 100, at(0)), position(&log, "1:2", 20, at(60)));
        ledger.read_to(std::slice::from_ref(&old)).unwrap();
        fixture.wait(DAY);
        ledger.read_to(std::slice::from_ref(&new)).unwrap();
        ledger.crash();
        assert_eq!(known(&fixture, &log), [new, old.clone()], "the last one first, with the times of the looks");
        let further = position(&log, "1:2", 30, at(61));
        fixture.open().read_to(std::slice::from_ref(&further)).unwrap();
        assert_eq!(known(&fixture, &log), [further, old]);
        for other in [file("/other", "batch"), file("/log", "track")] {
            assert_eq!(known(&fixture, &other), [], "another path, or another way to read it");
        }
    });
}

#[test]
fn a_position_is_its_accounts_own() {
    on_every_store(|fixture| {
        let log = file("/log", "batch");
        fixture.open().read_to(&[position(&log, "1:1", 100, fixture.now)]).unwrap();
        assert_eq!(fixture.open_as("other").read_before(&log, fixture.now).unwrap(), []);
    });
}

#[test]
fn what_nobody_has_read_for_as_long_as_rows_are_remembered_is_forgotten() {
    on_every_store(|mut fixture| {
        let log = file("/log", "batch");
        fixture.open().read_to(&[position(&log, "1:1", 100, fixture.now)]).unwrap();
        fixture.wait(REMEMBERED);
        fixture.open().read_to(&[position(&log, "1:2", 100, fixture.now)]).unwrap();
        assert_eq!(known(&fixture, &log).len(), 2);
        fixture.wait(DAY);
        assert_eq!(known(&fixture, &log), [position(&log, "1:2", 100, at(REMEMBERED.as_secs().cast_signed()))]);
    });
}
