//! Codes in several parts, ids over two channels, and conversions that are logged before any line names their channel.

use crate::domain::{Channel, CodeEvent, Reference};
use crate::ledger::decide::code::{Code, CodeRef, CodeState, ToldBy};
use crate::ledger::decide::parts::Streak;
use crate::ledger::tests::at;
use crate::ledger::tracking::CodeCounts;

use super::code::{
    CODES_LINE, LASTS, NONE, PARTS_WITHIN, converted, following, following_after, id, named, open, sent,
};

const PART: CodeCounts = CodeCounts { parts: 1, ..NONE };
const SENT: CodeCounts = CodeCounts { sent: 1, ..NONE };

#[test]
fn what_is_sent_under_one_ref_within_seconds_is_a_part() {
    let within = PARTS_WITHIN;
    for (time, counts) in [(0, PART), (within, PART), (within + 1, SENT), (-within, PART), (-within - 1, SENT)] {
        let followed = following(&[sent("0A2", time).of("x")], &[open(1, "0A1", 0).of("x")]);
        assert_eq!(followed.counts, counts, "{time}");
        let is_part = counts == PART;
        let code = if is_part { CodeRef::Stored(1) } else { CodeRef::New(0) };
        assert_eq!(followed.plan.joined(), [("0A2", code)]);
        assert_eq!(followed.plan.inserts.len(), usize::from(!is_part));
    }
}

#[test]
fn another_ref_or_none_or_another_channel_or_log_makes_another_code() {
    let whole = open(1, "0A1", 0).of("x");
    for other in [sent("0A2", 0).of("y"), sent("0A2", 0), sent("0A2", 0).of("x").over(Channel::Voice)] {
        assert_eq!(following(&[other], std::slice::from_ref(&whole)).counts, SENT);
    }
    assert_eq!(following(&[sent("0A2", 0).of("x")], &[whole.of_another_log()]).counts, SENT);
}

#[test]
fn what_programs_write_where_they_have_no_ref_joins_nothing() {
    for nothing in ["\"\"", "\"  \"", "0", "\"0\"", "false", "\"false\"", "\"null\"", "\"None\"", "\"undefined\""]
    {
        let named = |event: CodeEvent| CodeEvent { reference: Some(Reference::from_json(nothing)), ..event };
        let followed = following(&[named(sent("0A", 0)), named(sent("0B", 0))], &[]);
        assert_eq!(followed.counts, CodeCounts { sent: 2, ..NONE }, "{nothing}");
        let many: Vec<_> = (0..30).map(|n| named(sent(&format!("0A{n}"), n))).collect();
        assert_eq!(following(&many, &[]).shared_ref, None, "nothing is no ref that is shared");
    }
}

/// A returning `ref`, as the id of a user is one.
#[test]
fn a_ref_that_returns_joins_no_two_codes() {
    let (hour, u) = (3600, "u");
    let log = [
        sent("A", hour).of(u),
        sent("X", 3 * hour),
        converted("B", 3 * hour).over(Channel::Sms).of(u),
        sent("B", 3 * hour).of(u),
        sent("Z", 4 * hour),
    ];
    let followed = following(&log, &[]);
    assert_eq!(followed.conversions(), [("B", true, 3 * hour, 1)]);
    let open = followed.plan.inserts.iter().filter(|code| code.state == CodeState::Open);
    assert_eq!(open.map(|code| code.message_id.as_str()).collect::<Vec<_>>(), ["A", "X", "Z"]);

    let resent = [sent("A", 0).of(u), sent("B", 300).of(u), converted("B", 310).of(u)];
    let followed = following(&resent, &[]);
    assert_eq!(followed.conversions(), [("B", true, 310, 1)]);
    assert_eq!(followed.plan.inserts[0].state, CodeState::Open, "the first was never used");
}

#[test]
fn a_call_that_follows_a_message_under_its_ref_is_another_code() {
    let log = [sent("A", 0).of("x"), sent("B", 5).of("x").over(Channel::Voice), converted("B", 30).of("x")];
    let followed = following(&log, &[]);
    assert_eq!(followed.conversions(), [("B", true, 30, 1)]);
    assert_eq!(followed.records[0].conversion.channel, Channel::Voice);
    assert_eq!(followed.plan.inserts[0].state, CodeState::Open);
}

#[test]
fn the_earliest_part_sets_the_deadline() {
    let stored = open(1, "0A1", 0).of("x");
    assert_eq!(following(&[sent("0A2", 9).of("x")], std::slice::from_ref(&stored)).plan.updates, []);
    let earlier = following(&[sent("0A2", -9).of("x")], &[stored]);
    assert_eq!(earlier.plan.updates, [open(1, "0A1", -9).of("x")]);
}

#[test]
fn of_two_codes_near_it_a_part_belongs_to_the_nearest() {
    let stored = [open(1, "0A", 0).of("x"), open(2, "0B", 14).of("x")];
    for (time, code) in [(6, 1), (8, 2), (7, 1)] {
        let followed = following(&[sent("0C", time).of("x")], &stored);
        assert_eq!(followed.plan.joined(), [("0C", CodeRef::Stored(code))], "{time}");
    }
}

#[test]
fn a_conversion_is_known_by_its_id_alone() {
    let whole = || open(1, "0A1", 0).of("x");
    let followed = following(&[converted("0A2", 5).over(Channel::Sms).of("x")], &[whole()]);
    assert_eq!((followed.conversions(), &followed.plan.updates), (vec![("0A2", true, 5, 1)], &vec![]));
    let known = [whole(), open(2, "0B", 0)];
    assert_eq!(following(&[converted("0B", 9).of("x")], &known).conversions(), [("0B", true, 9, 1)]);
    let stored = [(whole(), vec![("0A2", 1)])];
    let part = following_after(&[converted("0A2", 9)], &stored, &Streak::default());
    assert_eq!(part.conversions(), [("0A1", true, 9, 1)]);
}

#[test]
fn one_id_over_two_channels_is_two_codes() {
    let both = [open(1, "0A", 0), open(2, "0A", 20).over(Channel::Voice)];
    for (channel, code) in [(Channel::Sms, &both[0]), (Channel::Voice, &both[1])] {
        let followed = following(&[converted("0A", 30).over(channel)], &both);
        assert_eq!(followed.plan.updates, [code.clone().converted(30)]);
        assert_eq!(followed.records[0].conversion.channel, channel);
    }
    let followed = following(&[sent("0A", 20).over(Channel::Voice), converted("0A", 9)], &both[..1]);
    assert_eq!(followed.counts, CodeCounts { sent: 1, converted: 1, ..NONE });
    let other = following(&[converted("0A", 9).over(Channel::Voice)], &both[..1]);
    assert_eq!((other.plan.updates, other.plan.inserts.len()), (vec![], 1));
}

#[test]
fn a_conversion_without_a_channel_is_of_the_code_that_was_sent_last_before_it() {
    let (sms, voice) = (open(1, "0A", 0), open(2, "0A", 20).over(Channel::Voice));
    for (time, code) in [(10, &sms), (30, &voice)] {
        let followed = following(&[converted("0A", time)], &[sms.clone(), voice.clone()]);
        assert_eq!(followed.plan.updates, [code.clone().converted(time)]);
    }
    let ended = following(&[converted("0A", 30)], &[sms.clone(), voice.clone().silent()]);
    assert_eq!(ended.plan.updates, [sms.clone().converted(30)], "one that is open comes first");
    // The same line again is of the code that it was counted for, and not of the one that is still open.
    let counted = [sms.clone(), voice.clone().converted(30)];
    let again = following(&[converted("0A", 30)], &counted);
    assert_eq!((again.conversions(), again.plan.updates.len()), (vec![("0A", true, 30, 1)], 0));
    assert_eq!(again.records[0].conversion.channel, Channel::Voice);
    let twice = following(&[converted("0A", 30), converted("0A", 30)], &[sms.clone(), voice.clone()]);
    assert_eq!(twice.plan.updates, [voice.clone().converted(30)]);
    // It came when the false had been sent, which it must not be older than.
    let deadline = voice.deadline.unwrap();
    let late = Code { state: CodeState::Converted, converted: Some(deadline), ..voice };
    assert_eq!(following(&[converted("0A", 30)], &[sms, late]).plan.updates, []);
}

#[test]
fn a_ref_with_too_many_ids_is_told_and_parts_what_it_had_joined() {
    let ids: Vec<_> = (0..25).map(|n| format!("0A{n:02}")).collect();
    // Some twenty seconds between them: three are near each other.
    let stored = [
        (open(1, "0B1", 0).of("x"), vec![("0B2", 3), ("0B3", 9)]),
        (open(2, "0C1", 30).of("x").converted(40), vec![("0C2", 31)]),
    ];
    let events: Vec<_> = (0..).zip(&ids).map(|(n, id)| sent(id, 60 + 5 * n).of("x")).collect();
    let others = [sent("0D", 61).of("y"), sent("0E", 62).of("y")];
    let log = [&events[..15], &others[..], &events[15..]].concat();
    let followed = following_after(&log, &stored, &Streak::default());
    assert_eq!(followed.shared_ref, Some(named("x")));
    let code = |id: &str| followed.plan.inserts.iter().find(|code| code.message_id.as_str() == id);
    for id in &ids {
        assert_eq!(code(id).map(|code| code.state), Some(CodeState::Open), "{id}");
    }
    for (id, time) in [("0B2", 3), ("0B3", 9)] {
        let code = code(id).unwrap();
        assert_eq!((code.sent, code.deadline), (Some(at(time)), Some(at(time + LASTS))));
    }
    let moved = followed.plan.moves.iter().map(|(id, from, _)| (id.as_str(), *from));
    assert_eq!(moved.collect::<Vec<_>>(), [("0B2", 1), ("0B3", 1)]);
    assert_eq!(followed.plan.updates, [open(1, "0B1", 0).of("x")], "what has converted stays as it was told");
    assert!(code("0D").is_some() && code("0E").is_none(), "another ref joins as ever");
    // Each id is of one code, by which its conversion is found.
    let mut all = followed.plan.joined();
    all.sort_unstable();
    let count = all.len();
    all.dedup_by_key(|(id, _)| *id);
    assert_eq!((all.len(), count), (27, 27));
}

#[test]
fn a_message_may_have_twenty_parts() {
    let ids: Vec<_> = (0..21).map(|n| format!("0A{n:02}")).collect();
    let parts: Vec<_> = ids.iter().map(|id| sent(id, 0).of("x")).collect();
    let other = sent("0B", 0);
    let twenty = following(&[&parts[..10], std::slice::from_ref(&other), &parts[10..20]].concat(), &[]);
    assert_eq!((twenty.counts.sent, twenty.counts.parts, twenty.shared_ref), (2, 19, None));
    let more = following(&[&parts[..10], &[other], &parts[10..]].concat(), &[]);
    assert_eq!((more.plan.inserts.len(), more.shared_ref), (22, Some(named("x"))));
}

#[test]
fn a_ref_that_never_changes_joins_nothing_however_slowly_it_comes() {
    let log: Vec<_> =
        (0..30).flat_map(|n| [sent(&format!("0A{n}"), 900 * n), sent(&format!("0B{n}"), 900 * n + 5)]).collect();
    let constant: Vec<_> = log.into_iter().map(|event| event.of("signup")).collect();
    let followed = following(&constant, &[]);
    assert_eq!(followed.counts, CodeCounts { sent: 60, ..NONE });
    assert_eq!(followed.shared_ref, Some(named("signup")));
    // A group at a time, it shows after twenty.
    let (mut streak, mut joined) = (Streak::default(), 0);
    for pair in constant.chunks(2) {
        let followed = following_after(pair, &[], &streak);
        joined += followed.counts.parts;
        streak = followed.streak;
    }
    assert_eq!(joined, 10);
    // Users take turns.
    let turns: Vec<_> =
        (0..60).map(|n| sent(&format!("0A{n}"), n / 2).of(if n % 2 == 0 { "u" } else { "v" })).collect();
    assert!(following(&turns[..30], &[]).counts.parts > 0);
}

#[test]
fn the_same_line_again_is_no_streak() {
    let again: Vec<_> = (0..50).map(|n| sent("0A", n).of("x")).chain([sent("0B", 1).of("x")]).collect();
    assert_eq!(following(&again, &[]).counts, CodeCounts { sent: 1, repeated: 49, parts: 1, ..NONE });
}

#[test]
fn a_code_gets_the_ref_by_which_it_is_seen_being_sent_unless_it_has_one() {
    let never_sent = || open(1, "0A", 0).never_sent().converted(9);
    let followed = following(&[sent("0A", 0).of("x"), sent("0B", 0).of("x")], &[never_sent()]);
    assert_eq!(followed.plan.updates, [open(1, "0A", 0).converted(9).of("x")]);
    assert_eq!(followed.plan.joined(), [("0B", CodeRef::Stored(1))], "and is found by it");
    let other = following(&[sent("0A", 0).of("x"), sent("0B", 0).of("x")], &[never_sent().of("y")]);
    assert_eq!(other.plan.updates, [open(1, "0A", 0).converted(9).of("y")]);
    assert_eq!(other.plan.joined(), [("0B", CodeRef::New(0))]);
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

/// The open code that the part of the second code turns out to be of.
fn whole() -> Code {
    open(1, "0A1", 0).of("x")
}

#[test]
fn a_part_that_converts_before_it_is_seen_being_sent_converts_its_whole() {
    let seen = |code: Code| Code { sent: Some(at(1)), ..code.of("x") };
    let known = || open(2, "0A2", 0).never_sent().converted(50);
    let followed = following(&[sent("0A2", 1).of("x")], &[whole(), known()]);
    assert_eq!(followed.conversions(), [], "it is told already");
    let part = Code { deadline: Some(at(1 + LASTS)), ..seen(known()) };
    // In the order in which they came into the group: by id, then by mark.
    assert_eq!(followed.plan.updates, [part, whole().converted(50)]);

    for awaiting in [open(2, "0A2", 0).awaiting(50), open(2, "0A2", 0).awaiting(50).given_up()] {
        let followed = following(&[sent("0A2", 1).of("x")], &[whole(), awaiting]);
        assert_eq!(followed.conversions(), [("0A1", true, 50, CODES_LINE)], "nothing was told of it yet");
        assert_eq!(followed.plan.updates[1], whole().converted(50));
        assert_eq!(followed.plan.moves, [(id("0A2"), 2, CodeRef::Stored(1))]);
    }
}

#[test]
fn a_part_that_converts_first_changes_no_code_that_has_ended_or_is_too_far() {
    for other in [whole().converted(40), whole().silent(), open(1, "0A1", 5 * LASTS).of("x")] {
        let followed = following(&[sent("0A2", 1).of("x")], &[other, open(2, "0A2", 0).awaiting(50)]);
        assert_eq!(followed.conversions(), [("0A2", true, 50, CODES_LINE)]);
        assert_eq!(followed.plan.updates.len(), 1);
    }
}

#[test]
fn the_parts_of_a_code_whose_conversion_another_log_has_told_are_told_by_the_log_that_says_that_it_was_sent() {
    let converted = open(1, "0A1", 0).never_sent().converted(50).of_another_log();
    let followed = following(&[sent("0A1", 1).of("x"), sent("0A2", 1).of("x")], &[converted]);
    assert_eq!(followed.counts, CodeCounts { sent: 1, parts: 1, ..NONE });
    assert_eq!(followed.plan.updates[0].told_by, ToldBy::OurLog(0));
}

#[test]
fn a_code_that_was_seen_being_sent_is_no_part_of_another() {
    let stored = [whole(), open(2, "0A2", 0).converted(50)];
    let followed = following(&[sent("0A2", 1).of("x")], &stored);
    assert_eq!((followed.plan.updates, followed.plan.parts), (vec![], vec![]));
}

#[test]
fn codes_that_are_new_in_a_group_are_each_others_parts() {
    let log = [converted("0A2", 50).on_line(4), sent("0A1", 0).of("x"), sent("0A2", 0).of("x"), sent("0B", 0)];
    let followed = following(&log, &[]);
    assert_eq!(followed.conversions(), [("0A1", true, 50, 4)]);
    let states: Vec<_> = followed.plan.inserts.iter().map(|code| (code.message_id.as_str(), code.state)).collect();
    assert_eq!(states, [("0A1", CodeState::Converted), ("0B", CodeState::Open)]);
    assert_eq!(followed.plan.joined(), [("0A2", 0), ("0A1", 0), ("0B", 1)].map(|(id, at)| (id, CodeRef::New(at))));
    assert_eq!(id("0B"), followed.plan.inserts[1].message_id);
}
