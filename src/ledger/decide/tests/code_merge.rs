//! Codes in several parts, and conversions that are logged before any line names their channel.

use crate::domain::{Channel, CodeEvent};
use crate::ledger::decide::code::{Code, CodeRef, CodeState};
use crate::ledger::tests::at;
use crate::ledger::tracking::CodeCounts;

use super::code::{CODES_LINE, LASTS, NONE, converted, following, id, open, sent};

const PART: CodeCounts = CodeCounts { parts: 1, ..NONE };
const SENT: CodeCounts = CodeCounts { sent: 1, ..NONE };

#[test]
fn what_is_sent_under_one_ref_within_a_codes_time_is_a_part_of_it() {
    for (time, counts) in [(0, PART), (LASTS, PART), (LASTS + 1, SENT), (-LASTS, PART), (-LASTS - 1, SENT)] {
        let followed = following(&[sent("0A2", time).of("x")], &[open(1, "0A1", 0).of("x")]);
        assert_eq!(followed.counts, counts, "{time}");
        let is_part = counts == PART;
        let code = if is_part { CodeRef::Stored(1) } else { CodeRef::New(0) };
        assert_eq!(followed.plan.parts, [(id("0A2"), code)]);
        assert_eq!(followed.plan.inserts.len(), usize::from(!is_part));
    }
}

#[test]
fn another_ref_or_none_makes_another_code() {
    for other in [sent("0A2", 0).of("y"), sent("0A2", 0)] {
        assert_eq!(following(&[other], &[open(1, "0A1", 0).of("x")]).counts, SENT);
    }
}

#[test]
fn the_earliest_part_sets_the_deadline() {
    let stored = open(1, "0A1", 0).of("x");
    assert_eq!(following(&[sent("0A2", 9).of("x")], std::slice::from_ref(&stored)).plan.updates, []);
    let earlier = following(&[sent("0A2", -9).of("x")], &[stored]);
    assert_eq!(earlier.plan.updates, [open(1, "0A1", -9).of("x")]);
}

#[test]
fn parts_of_a_code_that_was_never_seen_being_sent_are_near_its_conversion() {
    let stored = || open(1, "0A1", 0).never_sent().converted(100).of("x");
    for (time, counts) in [(100 - LASTS, PART), (100 - LASTS - 1, SENT)] {
        assert_eq!(following(&[sent("0A2", time).of("x")], &[stored()]).counts, counts);
    }
}

#[test]
fn a_conversion_under_an_open_or_silent_codes_ref_is_that_codes_however_late() {
    let event = |seconds| [converted("0A2", seconds).of("x")];
    let followed = following(&event(50), &[open(1, "0A1", 0).of("x")]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, 1)]);
    assert_eq!(followed.plan.parts, [(id("0A2"), CodeRef::Stored(1))]);
    let late = following(&event(10_000), &[open(1, "0A1", 0).of("x")]);
    assert_eq!(late.conversions(), [("0A1", false, LASTS, CODES_LINE), ("0A1", true, 10_000, 1)]);
    let silent = following(&event(10_000), &[open(1, "0A1", 0).silent().of("x")]);
    assert_eq!(silent.conversions(), [("0A1", true, 10_000, 1)]);
}

#[test]
fn a_conversion_under_a_converted_codes_ref_is_that_codes_for_as_long_as_one_lasts() {
    for stored in [open(1, "0A1", 0).converted(50), open(1, "0A1", 0).awaiting(50)] {
        for given_up in [false, true] {
            let stored =
                if given_up && stored.channel.is_none() { stored.clone().given_up() } else { stored.clone() };
            let counts =
                |seconds| following(&[converted("0A2", seconds).of("x")], &[stored.clone().of("x")]).counts;
            let (same, another) = (CodeCounts { repeated: 1, ..NONE }, CodeCounts { converted: 1, ..NONE });
            assert_eq!([counts(50 + LASTS), counts(51 + LASTS)], [same, another]);
            assert_eq!([counts(50 - LASTS), counts(49 - LASTS)], [same, another]);
        }
    }
}

#[test]
fn a_part_that_is_known_belongs_to_its_code_whatever_its_ref_says() {
    let stored = [open(1, "0A", 0), open(2, "0B", 0).of("x")];
    let followed = following(&[converted("0A", 9).of("x")], &stored);
    assert_eq!(followed.conversions(), [("0A", true, 9, 1)]);
    assert_eq!((followed.plan.parts, followed.plan.inserts), (vec![], vec![]));
}

#[test]
fn the_newest_code_of_a_ref_within_a_group_is_the_one_that_counts() {
    let far = 10 * LASTS;
    let events = [sent("0B", far).of("x"), sent("0C", far).of("x"), converted("0D", far + 9).of("x")];
    let followed = following(&events, &[open(1, "0A", 0).of("x")]);
    assert_eq!(followed.conversions(), [("0B", true, far + 9, 1)]);
    assert_eq!(followed.counts, CodeCounts { sent: 1, parts: 1, converted: 1, ..NONE });
    let parts = ["0B", "0C", "0D"].map(|part| (id(part), CodeRef::New(0)));
    assert_eq!(followed.plan.parts, parts);
}

#[test]
fn a_code_gets_the_ref_by_which_it_is_seen_being_sent_unless_it_has_one() {
    let never_sent = || open(1, "0A", 0).never_sent().converted(9);
    let followed = following(&[sent("0A", 0).of("x"), sent("0B", 0).of("x")], &[never_sent()]);
    assert_eq!(followed.plan.updates, [open(1, "0A", 0).converted(9).of("x")]);
    assert_eq!(followed.plan.parts, [(id("0B"), CodeRef::Stored(1))], "and is found by it");
    let other = following(&[sent("0A", 0).of("x"), sent("0B", 0).of("x")], &[never_sent().of("y")]);
    assert_eq!(other.plan.updates, [open(1, "0A", 0).converted(9).of("y")]);
    assert_eq!(other.plan.parts, [(id("0B"), CodeRef::New(0))]);
}

#[test]
fn a_code_that_gets_a_ref_is_not_its_newest_where_a_later_one_has_it() {
    let older = open(1, "0A", 0).never_sent().converted(9);
    let newer = open(2, "0B", 5 * LASTS).of("x");
    let followed = following(&[sent("0A", 0).of("x"), converted("0C", 5 * LASTS).of("x")], &[older, newer]);
    assert_eq!(followed.conversions(), [("0B", true, 5 * LASTS, 1)]);
}

#[test]
fn what_names_the_channel_lets_the_conversion_follow_by_its_own_time_and_line() {
    for stored in [open(1, "0A", 0).awaiting(50), open(1, "0A", 0).awaiting(50).given_up()] {
        let followed = following(&[sent("0A", 9).of("x").over(Channel::Voice)], std::slice::from_ref(&stored));
        assert_eq!(followed.conversions(), [("0A", true, 50, CODES_LINE)]);
        assert_eq!(followed.records[0].conversion.channel, Channel::Voice);
        let code = open(1, "0A", 0).converted(50).of("x");
        let code = Code { channel: Some(Channel::Voice), sent: Some(at(9)), deadline: None, ..code };
        assert_eq!((followed.plan.updates, followed.counts), (vec![code], SENT));

        let followed = following(&[converted("0A", 60).over(Channel::Voice)], &[stored]);
        assert_eq!(followed.conversions(), [("0A", true, 50, 1)]);
        let code = Code { channel: Some(Channel::Voice), ..open(1, "0A", 0).never_sent().converted(50) };
        assert_eq!(followed.plan.updates, [code], "it is still not known when it was sent");
        assert_eq!(followed.counts, CodeCounts { repeated: 1, ..NONE });
    }
}

#[test]
fn a_part_that_is_sent_names_the_channel_of_a_conversion_under_its_ref() {
    let followed = following(&[sent("0A2", 9).of("x")], &[open(1, "0A1", 0).awaiting(50).of("x")]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, CODES_LINE)]);
    assert_eq!((followed.plan.parts, followed.plan.merges), (vec![(id("0A2"), CodeRef::Stored(1))], vec![]));
}

#[test]
fn a_code_that_is_the_newest_of_its_own_ref_is_not_merged_with_itself() {
    let followed = following(&[sent("0A", 9).of("x")], &[open(1, "0A", 0).awaiting(50).of("x")]);
    assert_eq!((followed.conversions(), &followed.plan.merges), (vec![("0A", true, 50, CODES_LINE)], &vec![]));
}

/// The open code that the part of the second code turns out to be of.
fn whole() -> Code {
    open(1, "0A1", 0).of("x")
}

#[test]
fn a_conversion_of_a_part_is_its_whole_codes_as_soon_as_that_is_known() {
    for part in [open(2, "0A2", 0).awaiting(50), open(2, "0A2", 0).awaiting(50).given_up()] {
        let followed = following(&[sent("0A2", 1).of("x")], &[whole(), part]);
        assert_eq!(followed.conversions(), [("0A1", true, 50, CODES_LINE)]);
        assert_eq!(followed.plan.updates, [whole().converted(50)]);
        assert_eq!(followed.plan.merges, [(2, CodeRef::Stored(1))]);
        assert_eq!((followed.plan.inserts, followed.plan.parts), (vec![], vec![]));
    }
}

#[test]
fn a_part_that_has_its_own_conversion_converts_its_whole_too_and_stays() {
    let part = || open(2, "0A2", 0).never_sent().converted(50);
    let followed = following(&[sent("0A2", 1).of("x")], &[whole(), part()]);
    let seen = Code { sent: Some(at(1)), deadline: Some(at(1 + LASTS)), ..part().of("x") };
    assert_eq!(followed.conversions(), []);
    // In the order in which they came into the group: by id, then by ref.
    assert_eq!(followed.plan.updates, [seen, whole().converted(50)]);
    assert_eq!(followed.plan.merges, []);
}

#[test]
fn a_code_that_was_seen_being_sent_is_no_part_of_another() {
    let stored = [whole(), open(2, "0A2", 0).converted(50)];
    let followed = following(&[sent("0A2", 1).of("x")], &stored);
    assert_eq!((followed.plan.updates, followed.plan.merges), (vec![], vec![]));
}

#[test]
fn a_conversion_of_a_part_whose_whole_is_not_open_follows_beside_it() {
    for ended in [whole().converted(40), whole().silent()] {
        let followed = following(&[sent("0A2", 1).of("x")], &[ended, open(2, "0A2", 0).awaiting(50)]);
        assert_eq!(followed.conversions(), [("0A2", true, 50, CODES_LINE)]);
        assert_eq!((followed.plan.updates.len(), followed.plan.merges), (1, vec![]));
    }
}

#[test]
fn a_part_that_was_sent_too_far_from_the_newest_code_of_its_ref_is_not_merged() {
    let followed = following(&[sent("0A2", 5 * LASTS).of("x")], &[whole(), open(2, "0A2", 0).awaiting(50)]);
    assert_eq!((followed.conversions(), &followed.plan.merges), (vec![("0A2", true, 50, CODES_LINE)], &vec![]));
}

/// `0A2` converts before anything is seen being sent; `0B` comes after and is another code.
fn early() -> [CodeEvent; 4] {
    [converted("0A2", 50).on_line(4), sent("0A1", 0).of("x"), sent("0A2", 0).of("x"), sent("0B", 0)]
}

#[test]
fn a_code_that_is_new_in_the_same_group_is_merged_without_ever_being_stored() {
    let followed = following(&early(), &[]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, 4)]);
    let code = |at, code: Code| Code { id: CodeRef::New(at), line: 1, ..code };
    // By their places in the group; the store names them by their places among the inserts.
    assert_eq!(followed.plan.inserts, [code(1, whole().converted(50)), code(2, open(0, "0B", 0))]);
    let parts = [("0A2", 0), ("0A1", 0), ("0B", 1)].map(|(part, at)| (id(part), CodeRef::New(at)));
    assert_eq!(followed.plan.parts, parts);
    assert_eq!((followed.plan.updates, followed.plan.merges, followed.taken), (vec![], vec![], 4));
}

#[test]
fn a_stored_part_is_merged_into_a_code_that_is_new() {
    let followed = following(&early()[1..], &[open(9, "0A2", 0).awaiting(50)]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, CODES_LINE)]);
    assert_eq!(followed.plan.inserts[0].state, CodeState::Converted);
    assert_eq!(followed.plan.merges, [(9, CodeRef::New(0))]);
    assert_eq!(followed.plan.updates, [], "a code that goes is not changed before");
}

#[test]
fn an_event_of_a_part_after_it_was_merged_is_the_whole_codes() {
    let events = [sent("0A2", 1).of("x"), converted("0A2", 70).on_line(3)];
    let followed = following(&events, &[whole(), open(2, "0A2", 0).awaiting(50)]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, CODES_LINE), ("0A1", true, 50, 3)]);
}

#[test]
fn a_ref_whose_newest_code_was_merged_away_takes_another_look() {
    let stored = [whole(), open(2, "0A2", 0).awaiting(50).of("y")];
    let merging = [sent("0A2", 1).of("x"), sent("0B", 2), sent("0C", 2).of("x"), sent("0D", 3).of("y")];
    let followed = following(&merging, &stored);
    assert_eq!(followed.plan.merges, [(2, CodeRef::Stored(1))]);
    assert_eq!(followed.taken, 3, "other refs, or none, are known as before");
    assert_eq!(followed.counts.parts, 1);
    let unknown = following(&merging[2..], &[open(1, "0A1", 0)]);
    assert_eq!(unknown.taken, 2, "a ref that no code has is known to have none");
}
