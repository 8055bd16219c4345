//! Every check over the inputs that are kept and over made-up ones: edits of those, and bytes that mean nothing.
#![expect(clippy::unwrap_used, reason = "a test says by panicking what does not hold")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nexmo_conversion_fuzz::CHECKS;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

#[test]
fn records_keep_their_promises() {
    holds("records");
}

#[test]
fn times_keep_their_promises() {
    holds("times");
}

#[test]
fn settings_keep_their_promises() {
    holds("settings");
}

#[test]
fn retry_after_keeps_its_promises() {
    holds("retry_after");
}

#[test]
fn replies_keep_their_promises() {
    holds("replies");
}

#[test]
fn escaping_keeps_its_promises() {
    holds("escaping");
}

#[test]
fn common_replies_keep_their_promises() {
    holds("common_replies");
}

#[test]
fn every_check_has_a_program_and_kept_inputs() {
    let names: BTreeSet<_> = CHECKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names_in("corpus"), names);
    assert_eq!(names_in("fuzz_targets"), names);
    for (name, _) in CHECKS {
        let program = fs::read_to_string(folder("fuzz_targets").join(format!("{name}.rs"))).unwrap();
        assert!(program.contains(&format!("nexmo_conversion_fuzz::{name}(data)")), "{name}");
    }
}

fn holds(name: &str) {
    let (_, check) = CHECKS.into_iter().find(|(known, _)| *known == name).unwrap();
    let kept = kept(name);
    assert!(kept.len() >= 5, "{name} has hardly any inputs");
    for input in &kept {
        check(input);
    }
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&made_up(kept), |input| {
            check(&input);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

fn kept(name: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = entries(&folder("corpus").join(name)).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Something done to an input.
#[derive(Debug, Clone)]
enum Edit {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    /// Goes on as another input does.
    Continue(Index, Index, Index),
}

fn made_up(kept: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec(edit(), 1..6);
    let edited = (any::<Index>(), edits).prop_map(move |(which, edits)| {
        let input = which.get(&kept).clone();
        edits.iter().fold(input, |input, edit| edited(input, edit, &kept))
    });
    prop_oneof![6 => edited, 1 => prop::collection::vec(any::<u8>(), 0..120), 1 => "[0-4]{4}\\PC{0,60}".prop_map(String::into_bytes)]
}

fn edit() -> impl Strategy<Value = Edit> {
    let special = prop::sample::select(b"\"\\\r\n,;\t {}[]:.0-+\0\x02\x1b\x7f\xff<TZ".to_vec());
    let tokens = [
        "\u{9b}",
        "\u{202e}",
        "\u{feff}",
        "null",
        "1e999",
        "\\ud800",
        "true",
        "  ",
        "\"\"",
        "\r\n",
        "2026-02-30 00:00:00",
        "99999999999",
    ];
    let token = prop::sample::select(tokens.to_vec()).prop_map(|token| token.as_bytes().to_vec());
    prop_oneof![
        (any::<Index>(), special.clone()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (any::<Index>(), special).prop_map(|(at, byte)| Edit::Insert(at, vec![byte])),
        (any::<Index>(), token).prop_map(|(at, token)| Edit::Insert(at, token)),
        (any::<Index>(), 1_usize..20).prop_map(|(at, count)| Edit::Remove(at, count)),
        (any::<Index>(), 1_usize..60).prop_map(|(at, count)| Edit::Repeat(at, count)),
        any::<(Index, Index, Index)>().prop_map(|(at, other, from)| Edit::Continue(at, other, from)),
    ]
}

fn edited(mut input: Vec<u8>, edit: &Edit, kept: &[Vec<u8>]) -> Vec<u8> {
    let place = |at: &Index, length: usize| at.index(length + 1);
    let length = input.len();
    match edit {
        Edit::Replace(at, byte) if length > 0 => input[at.index(length)] = *byte,
        Edit::Replace(..) => {}
        Edit::Insert(at, bytes) => {
            let at = place(at, length);
            input.splice(at..at, bytes.iter().copied());
        }
        Edit::Remove(at, count) => {
            let at = place(at, length);
            input.drain(at..length.min(at + count));
        }
        Edit::Repeat(at, count) => {
            let at = place(at, length);
            let again = input[at..length.min(at + count)].to_vec();
            input.splice(at..at, again);
        }
        Edit::Continue(at, other, from) => {
            let other = other.get(kept);
            input.truncate(place(at, length));
            input.extend(&other[place(from, other.len())..]);
        }
    }
    input
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names_in(name: &str) -> BTreeSet<String> {
    entries(&folder(name)).map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())
}
