//! What is decided about files that were moved, copied and cut off, without any; and what a file that is read notices.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use super::{Candidate, Kind, Missing, Part, Plan, Rest, Tracked, look, look_beside, plan};
use crate::domain::{FileHead, FollowedFile, ReadTo, Timestamp};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_795_310_726 + seconds).unwrap()
}

/// Who had a file open may write to it for a while after it was moved.
const FRESH: i64 = 7;

/// A file of this identity, whose content begins with this text.
struct There(&'static str, &'static str, u64, Kind, i64);

/// Read up to there, at this time, when it began so.
fn read(identity: &str, text: &str, offset: u64, when: i64) -> ReadTo {
    let file = Arc::new(FollowedFile::new(b"/log", "/log".to_owned(), "batch"));
    let head = FileHead::of(text.as_bytes());
    ReadTo { file, identity: identity.to_owned(), head, offset, lines: offset / 10, looked: at(when) }
}

/// What is to be read of which file, and what is missing.
fn planned(known: &[ReadTo], there: &[There]) -> (Vec<(&'static str, u64)>, Vec<Missing>) {
    let candidates: Vec<_> = there
        .iter()
        .map(|There(identity, _, size, kind, changed)| Candidate {
            identity: (*identity).to_owned(),
            size: *size,
            changed: Duration::from_secs(at(*changed).unix().unsigned_abs()),
            kind: *kind,
        })
        .collect();
    let begins = |candidate: usize, head: &FileHead| {
        let text = there[candidate].1.as_bytes();
        let size = usize::try_from(head.size).unwrap();
        text.get(..size).is_some_and(|begin| FileHead::of(begin) == *head)
    };
    let Plan { parts, missing } = plan(known, &candidates, at(FRESH), begins);
    (parts.into_iter().map(|Part { candidate, offset, .. }| (there[candidate].0, offset)).collect(), missing)
}

#[test]
fn what_was_never_read_is_read_from_its_beginning_and_nothing_beside_it() {
    let there = [There("1", "aaa", 300, Kind::Rotated, 5), There("2", "bbb", 100, Kind::Current, 9)];
    assert_eq!(planned(&[], &there), (vec![("2", 0)], vec![]));
    assert_eq!(planned(&[], &[]), (vec![], vec![]));
}

#[test]
fn the_same_file_is_read_on() {
    let there = [There("1", "aaaa", 300, Kind::Current, 9)];
    assert_eq!(planned(&[read("1", "aaa", 100, 5)], &there), (vec![("1", 100)], vec![]));
}

#[test]
fn a_renamed_file_is_read_to_its_end_before_the_new_one() {
    for kind in [Kind::Rotated, Kind::Other] {
        let there = [There("2", "bbb", 50, Kind::Current, 9), There("1", "aaa", 300, kind, 6)];
        assert_eq!(planned(&[read("1", "aaa", 100, 5)], &there), (vec![("1", 100), ("2", 0)], vec![]));
        assert_eq!(planned(&[read("1", "aaa", 300, 5)], &there), (vec![("2", 0)], vec![]), "it is at its end");
    }
    let there = [There("2", "bbb", 50, Kind::Current, 9), There("1", "aaa", 300, Kind::Rotated, FRESH)];
    assert_eq!(
        planned(&[read("1", "aaa", 300, 5)], &there).0,
        [("1", 300), ("2", 0)],
        "more may be written to it"
    );
}

#[test]
fn what_stood_there_between_two_looks_is_read_too_in_its_order() {
    let there = [
        There("4", "ddd", 50, Kind::Current, 9),
        There("3", "ccc", 70, Kind::Rotated, 8),
        There("1", "aaa", 300, Kind::Rotated, 6),
        There("2", "bbb", 60, Kind::Rotated, 7),
        There("0", "000", 900, Kind::Rotated, 4),
        There("x", "xxx", 900, Kind::Other, 8),
    ];
    let (parts, missing) = planned(&[read("1", "aaa", 100, 5)], &there);
    assert_eq!(
        parts,
        [("1", 100), ("2", 0), ("3", 0), ("4", 0)],
        "older ones were read before, or never asked for"
    );
    assert_eq!(missing, []);
}

#[test]
fn of_a_file_that_was_copied_and_cut_off_the_rest_is_read_from_the_copy() {
    let there = [There("1", "new", 40, Kind::Current, 9), There("7", "aaaa", 300, Kind::Rotated, 8)];
    assert_eq!(planned(&[read("1", "aaa", 100, 5)], &there), (vec![("7", 100), ("1", 0)], vec![]));
    // It has grown beyond what was read of it: only its beginning tells.
    let there = [There("1", "new", 400, Kind::Current, 9), There("7", "aaaa", 300, Kind::Rotated, 8)];
    assert_eq!(planned(&[read("1", "aaa", 100, 5)], &there), (vec![("7", 100), ("1", 0)], vec![]));
}

#[test]
fn of_several_copies_that_begin_so_the_newest_is_the_one() {
    let there = [
        There("1", "new", 40, Kind::Current, 9),
        There("7", "aaa", 300, Kind::Rotated, 3),
        There("8", "aaa", 300, Kind::Rotated, 4),
        There("9", "aaa", 90, Kind::Rotated, 4),
    ];
    assert_eq!(planned(&[read("1", "aaa", 100, 5)], &there).0, [("8", 100), ("1", 0)]);
}

#[test]
fn what_cannot_be_found_is_said() {
    let cut = Missing::Rest { offset: 100, is_cut: true };
    let gone = Missing::Rest { offset: 100, is_cut: false };
    let known = [read("1", "aaa", 100, 5)];
    assert_eq!(planned(&known, &[There("1", "", 0, Kind::Current, 9)]), (vec![("1", 0)], vec![cut]));
    assert_eq!(planned(&known, &[There("2", "bbb", 9, Kind::Current, 9)]), (vec![("2", 0)], vec![gone.clone()]));
    assert_eq!(planned(&known, &[]), (vec![], vec![gone]));
    let packed = [There("2", "bbb", 9, Kind::Current, 9), There("3", "\u{1f}", 30, Kind::Packed, 7)];
    assert_eq!(planned(&known, &packed), (vec![("2", 0)], vec![Missing::Packed(1)]));
    // What was read before the last one was missed then, if at all.
    let known = [read("2", "bbb", 5, 8), read("1", "aaa", 100, 5)];
    assert_eq!(planned(&known, &packed), (vec![("2", 5)], vec![]));
}

#[test]
fn a_file_of_which_nothing_was_read_yet_is_known_too() {
    let known = [read("1", "", 0, 5)];
    let there = [There("2", "bbb", 9, Kind::Current, 9), There("1", "aaa", 300, Kind::Rotated, 6)];
    assert_eq!(planned(&known, &there), (vec![("1", 0), ("2", 0)], vec![]));
    let there = [There("2", "bbb", 9, Kind::Current, 9), There("0", "000", 300, Kind::Rotated, 4)];
    let gone = Missing::Rest { offset: 0, is_cut: false };
    assert_eq!(planned(&known, &there), (vec![("2", 0)], vec![gone]), "any file begins like nothing");
}

#[test]
fn what_stood_there_since_nothing_did_is_read_and_nothing_is_missing() {
    let known = [read(&super::no_file("m"), "", 0, 5)];
    assert_eq!(planned(&known, &[]), (vec![], vec![]));
    let there = [
        There("m:2", "bbb", 9, Kind::Current, 9),
        There("m:1", "aaa", 300, Kind::Rotated, 6),
        There("m:0", "000", 300, Kind::Rotated, 4),
    ];
    assert_eq!(planned(&known, &there), (vec![("m:1", 0), ("m:2", 0)], vec![]));
}

#[test]
fn a_number_that_was_given_again_is_another_file() {
    let there = [There("1", "new", 400, Kind::Current, 9)];
    let (parts, missing) = planned(&[read("1", "aaa", 100, 5)], &there);
    assert_eq!((parts, missing.len()), (vec![("1", 0)], 1));
}

#[test]
fn names_of_rotated_files_are_known_and_others_beside_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    for name in [
        "app.log",
        "app.log.1",
        "app.log-20261127",
        "app-20261127.log",
        "app.log.2026-11-27T10",
        "app.log.2.gz",
        "app-20261126.log.xz",
        "app.log.bak",
        "app-error.log",
        "app.log.",
        "app.log.1.swp",
        "other",
    ] {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let other = super::identity(&fs::metadata(folder.path().join("other")).unwrap());
    let mut beside: Vec<_> = look_beside(&path, &[&format!("m:{other}")], "m")
        .into_iter()
        .map(|beside| (beside.path.file_name().unwrap().to_str().unwrap().to_owned(), beside.candidate.kind))
        .collect();
    beside.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [
        ("app-20261126.log.xz", Kind::Packed),
        ("app-20261127.log", Kind::Rotated),
        ("app.log-20261127", Kind::Rotated),
        ("app.log.1", Kind::Rotated),
        ("app.log.2.gz", Kind::Packed),
        ("app.log.2026-11-27T10", Kind::Rotated),
        ("other", Kind::Other),
    ];
    assert_eq!(beside, expected.map(|(name, kind)| (name.to_owned(), kind)));
}

#[test]
fn what_is_no_file_is_an_error_and_what_is_not_there_is_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(look(&folder.path().join("app.log"), "m").unwrap().is_none());
    assert!(look(folder.path(), "m").is_err());
    assert!(look("/dev/null".as_ref(), "m").is_err());
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    assert!(look(&pipe, "m").is_err(), "and nobody waits for the other end");
}

/// A file with this text, and what reads it.
fn tracked(text: &str) -> (tempfile::NamedTempFile, Tracked) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    let mut tracked = Tracked::new(File::open(file.path()).unwrap());
    tracked.look().unwrap();
    (file, tracked)
}

fn rest(tracked: &mut Tracked) -> String {
    let mut text = String::new();
    tracked.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_file_that_grows_is_read_on() {
    let (file, mut tracked) = tracked("one\n");
    assert_eq!(rest(&mut tracked), "one\n");
    OpenOptions::new().append(true).open(file.path()).unwrap().write_all(b"two\n").unwrap();
    assert_eq!(rest(&mut tracked), "two\n");
    assert_eq!(tracked.head(6), FileHead::of(b"one\ntw"));
    assert!(!tracked.is_cut());
}

#[test]
fn a_file_that_was_cut_off_is_noticed_also_when_it_has_grown_again() {
    for then in ["", "new\n", "anew, and longer than before\n"] {
        let (file, mut tracked) = tracked("one, and two\n");
        assert_eq!(rest(&mut tracked), "one, and two\n");
        fs::write(file.path(), then).unwrap();
        assert_eq!(rest(&mut tracked), "", "what stands there now is another text's middle");
        assert!(tracked.is_cut());
    }
}

#[test]
fn a_file_of_which_nothing_was_read_is_known_again_by_what_stood_there_at_the_last_look() {
    let (file, mut tracked) = tracked("old\n");
    OpenOptions::new().append(true).open(file.path()).unwrap().write_all(b"more\n").unwrap();
    assert!(!tracked.look().unwrap());
    assert!(!tracked.is_cut(), "it has grown");
    fs::write(file.path(), "new, and longer than before\n").unwrap();
    assert!(!tracked.look().unwrap());
    assert!(tracked.is_cut());
    assert_eq!(rest(&mut tracked), "");
}

#[test]
fn what_was_empty_is_looked_at_again_before_it_is_read() {
    let (file, mut tracked) = tracked("");
    fs::write(file.path(), "one\n").unwrap();
    assert_eq!(rest(&mut tracked), "", "it may be the second text since");
    assert!(tracked.look().unwrap(), "and whoever looks is told");
    assert!(!tracked.look().unwrap());
    assert_eq!(rest(&mut tracked), "one\n");
}

#[test]
fn reading_goes_on_where_it_ended_and_knows_the_beginning() {
    let text = "x".repeat(3000);
    let (_file, mut tracked) = tracked(&text);
    tracked.go_on_at(2000).unwrap();
    assert_eq!(rest(&mut tracked).len(), 1000);
    assert_eq!(tracked.head(2500), FileHead::of(&[b'x'; 1024]));
    assert_eq!(tracked.head(10), FileHead::of(&[b'x'; 10]));
    assert!(tracked.go_on_at(3000).is_ok());
}

#[test]
fn a_quiet_log_is_looked_at_four_times_a_second_and_a_busy_one_at_once() {
    let mut pause = Rest::default();
    let waits: Vec<_> = (0..8).map(|_| pause.wait().as_millis()).collect();
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 250, 250]);
    pause.ended();
    assert_eq!(pause.wait(), Duration::from_millis(5));
}
