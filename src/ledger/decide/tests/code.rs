//! What a log says of a code, and what follows when it says nothing.

use std::time::Duration;

use crate::domain::{
    BadRecord, Channel, CodeEvent, Delivered, ErrorCode, MessageId, MessageIdDoubt, Reference, TimeSource,
    Timestamp,
};
use crate::ledger::decide::code::{
    AwaitingChannel, Code, CodePlan, CodeRef, CodeState, Followed, Kin, Part, SeenCodes, ToldBy, expire, give_up,
    want_codes,
};
use crate::ledger::decide::follow::follow;
use crate::ledger::decide::lane::Owner;
use crate::ledger::decide::parts::{Mark, Streak};
use crate::ledger::tests::at;
pub(super) use crate::ledger::tests::{converted, sent};
use crate::ledger::tracking::{CodeCounts, CodeRules};

use super::FREE;

/// How long a code may take to convert, in seconds.
pub(super) const LASTS: i64 = 600;

/// Within how many seconds the parts of a code are sent.
pub(super) const PARTS_WITHIN: i64 = 10;

pub(super) const RULES: CodeRules = CodeRules {
    lasts: Duration::from_secs(LASTS.unsigned_abs()),
    parts_within: Duration::from_secs(PARTS_WITHIN.unsigned_abs()),
};

/// The line that a stored code was sent on; an event's is 1 unless it is put on another.
pub(super) const CODES_LINE: u64 = 7;

pub(super) const NONE: CodeCounts =
    CodeCounts { sent: 0, parts: 0, converted: 0, late: 0, silent: 0, repeated: 0 };

impl CodeEvent {
    pub(super) fn over(self, channel: Channel) -> Self {
        Self { channel: Some(channel), ..self }
    }

    pub(super) fn of(self, reference: &str) -> Self {
        Self { reference: Some(named(reference)), ..self }
    }

    pub(super) fn on_line(self, line: u64) -> Self {
        Self { line, ..self }
    }

    fn read_now(self) -> Self {
        Self { time: TimeSource::Now, ..self }
    }
}

pub(super) fn named(reference: &str) -> Reference {
    Reference::from_json(&format!("{reference:?}"))
}

pub(super) fn id(id: &str) -> MessageId {
    MessageId::parse(id).unwrap()
}

/// A stored code that is open and this run's.
pub(super) fn open(number: i64, message_id: &str, sent: i64) -> Code {
    Code {
        id: CodeRef::Stored(number),
        channel: Some(Channel::Sms),
        message_id: id(message_id),
        state: CodeState::Open,
        owner: Owner::Me,
        told_by: ToldBy::OurLog(0),
        sent: Some(at(sent)),
        deadline: Some(at(sent + LASTS)),
        converted: None,
        line: CODES_LINE,
        reference: None,
        raw: None,
    }
}

impl Code {
    pub(super) fn of(self, reference: &str) -> Self {
        Self { reference: Some(named(reference)), ..self }
    }

    pub(super) fn converted(self, seconds: i64) -> Self {
        Self { state: CodeState::Converted, converted: Some(at(seconds)), ..self }
    }

    pub(super) fn silent(self) -> Self {
        Self { state: CodeState::Silent, ..self }
    }

    /// Never seen being sent.
    pub(super) fn never_sent(self) -> Self {
        Self { sent: None, deadline: None, ..self }
    }

    pub(super) fn awaiting(self, converted: i64) -> Self {
        let awaiting = Self { state: CodeState::AwaitingChannel, channel: None, ..self.never_sent() };
        Self { converted: Some(at(converted)), ..awaiting }
    }

    pub(super) fn given_up(self) -> Self {
        Self { state: CodeState::GivenUp, ..self }
    }

    pub(super) fn over(self, channel: Channel) -> Self {
        Self { channel: Some(channel), ..self }
    }

    pub(super) fn of_another_log(self) -> Self {
        Self { told_by: ToldBy::AnotherLog, ..self }
    }

    fn owned_by(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }
}

/// What follows from a group where these codes are stored, each with one part.
pub(super) fn following(events: &[CodeEvent], stored: &[Code]) -> Followed {
    let stored: Vec<_> = stored.iter().map(|code| (code.clone(), vec![])).collect();
    following_after(events, &stored, &Streak::default())
}

/// The same where codes have further parts, each with its time.
pub(super) fn following_after(
    events: &[CodeEvent],
    stored: &[(Code, Vec<(&str, i64)>)],
    streak: &Streak,
) -> Followed {
    let want = want_codes(events, RULES, streak);
    let parts = |(code, further): &(Code, Vec<(&str, i64)>)| {
        let first = Part { message_id: code.message_id.clone(), sent: code.sent, line: code.line };
        let further =
            further.iter().map(|(part, sent)| Part { message_id: id(part), sent: Some(at(*sent)), line: 8 });
        std::iter::once(first).chain(further).collect::<Vec<_>>()
    };
    let of_id = |wanted: &&MessageId| {
        let has = |code: &&(Code, Vec<_>)| parts(code).iter().any(|part| part.message_id == **wanted);
        stored.iter().filter(has).map(|(code, _)| code.clone()).collect()
    };
    let near = |mark: &Mark<'_>| {
        let is_near = |code: &Code| {
            code.reference.as_ref() == Some(mark.reference)
                && code.channel == Some(mark.channel)
                && code.sent.is_some_and(|sent| mark.from <= sent && sent <= mark.until)
        };
        let near = stored.iter().filter(|(code, _)| is_near(code));
        near.map(|code| Kin { code: code.0.clone(), parts: parts(code) }).collect::<Vec<_>>()
    };
    let of_ids = want.ids.iter().map(of_id).collect();
    let kin = want.marks.iter().flat_map(near).collect();
    follow(events, want, SeenCodes { of_ids, kin }, RULES)
}

impl CodePlan {
    /// The ids that come to a code, and to which.
    pub(super) fn joined(&self) -> Vec<(&str, CodeRef)> {
        self.parts.iter().map(|(part, code)| (part.message_id.as_str(), *code)).collect()
    }
}

impl Followed {
    /// The conversions, each with its line.
    pub(super) fn conversions(&self) -> Vec<(&str, bool, i64, u64)> {
        let conversions = self.records.iter().map(|record| {
            let conversion = &record.conversion;
            let seconds = at(0).age_at(conversion.timestamp);
            (conversion.message_id.as_str(), conversion.delivered.as_bool(), seconds, record.line)
        });
        conversions.collect()
    }
}

/// What follows from one event.
fn following_one(event: CodeEvent, stored: &[Code]) -> Followed {
    following(&[event], stored)
}

fn seconds(timestamp: Option<Timestamp>) -> Option<i64> {
    timestamp.map(|timestamp| at(0).age_at(timestamp))
}

#[test]
fn a_groups_ids_and_refs_are_wanted_once() {
    let events = [sent("0A", 0).of("x"), converted("0A", 1), sent("0B", 2).of("x"), sent("0C", 3).of("y")];
    let want = want_codes(&events, RULES, &Streak::default());
    assert_eq!(want.ids, [&id("0A"), &id("0B"), &id("0C")]);
    let marks = want
        .marks
        .iter()
        .map(|mark| (mark.reference, mark.channel, at(0).age_at(mark.from), at(0).age_at(mark.until)));
    let mark = |time, reference| (reference, Channel::Sms, time - LASTS, time + LASTS);
    let (x, y) = (named("x"), named("y"));
    assert_eq!(marks.collect::<Vec<_>>(), [mark(0, &x), mark(2, &x), mark(3, &y)]);
}

#[test]
fn a_code_that_is_sent_is_open_until_its_deadline() {
    let followed = following_one(sent("0A", 5).of("x").on_line(3), &[]);
    let code = Code { id: CodeRef::New(0), line: 3, ..open(0, "0A", 5).of("x") };
    assert_eq!(followed.plan.inserts, [code]);
    assert_eq!(
        followed.plan.parts,
        [(Part { message_id: id("0A"), sent: Some(at(5)), line: 3 }, CodeRef::New(0))]
    );
    assert_eq!((followed.plan.updates, followed.plan.moves), (vec![], vec![]));
    assert_eq!((followed.counts, followed.records), (CodeCounts { sent: 1, ..NONE }, vec![]));
}

#[test]
fn a_code_that_is_sent_once_more_changes_nothing_but_by_an_earlier_time() {
    for (time, moved) in [(6, None), (5, None), (4, Some((4, 4 + LASTS)))] {
        let followed = following_one(sent("0A", time), &[open(1, "0A", 5)]);
        let updates = followed.plan.updates.iter().map(|code| (seconds(code.sent), seconds(code.deadline)));
        assert_eq!(
            updates.collect::<Vec<_>>(),
            Vec::from_iter(moved.map(|(sent, deadline)| (Some(sent), Some(deadline))))
        );
        assert_eq!((followed.counts, followed.records), (CodeCounts { repeated: 1, ..NONE }, vec![]));
        assert_eq!((followed.plan.inserts, followed.plan.parts), (vec![], vec![]));
    }
}

#[test]
fn a_time_of_reading_corrects_none_but_sets_one_where_there_is_none() {
    assert_eq!(following_one(sent("0A", 0).read_now(), &[open(1, "0A", 5)]).plan.updates, []);
    let never_sent = open(1, "0A", 0).never_sent().converted(9);
    let followed = following_one(sent("0A", 20).read_now(), std::slice::from_ref(&never_sent));
    let sent = Code { sent: Some(at(20)), deadline: Some(at(20 + LASTS)), ..never_sent };
    assert_eq!((followed.plan.updates, followed.counts), (vec![sent], CodeCounts { sent: 1, ..NONE }));
}

#[test]
fn a_code_whose_run_is_gone_is_this_runs_to_watch_when_it_is_sent_once_more() {
    let free = open(1, "0A", 5).owned_by(FREE);
    assert_eq!(following_one(sent("0A", 5), std::slice::from_ref(&free)).plan.updates, [open(1, "0A", 5)]);
    assert_eq!(following_one(sent("0A", 5), &[open(1, "0A", 5).owned_by(Owner::Other)]).plan.updates, []);
    for ended in [free.clone().converted(9), free.silent()] {
        assert_eq!(following_one(sent("0A", 5), &[ended]).plan.updates, []);
    }
}

#[test]
fn a_silent_code_that_is_sent_once_more_stays_as_it_was() {
    let followed = following_one(sent("0A", 0), &[open(1, "0A", 5).silent()]);
    assert_eq!((followed.plan.updates, followed.records), (vec![], vec![]));
    assert_eq!(followed.counts, CodeCounts { repeated: 1, ..NONE });
}

#[test]
fn a_conversion_by_the_deadline_is_true_at_its_time_and_of_its_line() {
    for time in [-5, 5, 5 + LASTS] {
        let followed = following_one(converted("0A", time), &[open(1, "0A", 5)]);
        assert_eq!(followed.conversions(), [("0A", true, time, 1)]);
        assert_eq!(followed.plan.updates, [open(1, "0A", 5).converted(time)]);
        assert_eq!(followed.counts, CodeCounts { converted: 1, ..NONE });
    }
}

#[test]
fn a_conversion_after_the_deadline_follows_the_false_of_its_code() {
    let time = 5 + LASTS + 1;
    let followed = following_one(converted("0A", time), &[open(1, "0A", 5)]);
    assert_eq!(followed.conversions(), [("0A", false, time - 1, CODES_LINE), ("0A", true, time, 1)]);
    assert_eq!(followed.plan.updates, [open(1, "0A", 5).converted(time)]);
    assert_eq!(followed.counts, CodeCounts { converted: 1, late: 1, silent: 1, ..NONE });
}

#[test]
fn a_conversion_after_its_false_is_late_and_never_the_older_fact() {
    for (time, converted_at) in [(300, LASTS), (LASTS, LASTS), (LASTS + 9, LASTS + 9)] {
        let followed = following_one(converted("0A", time), &[open(1, "0A", 0).silent()]);
        assert_eq!(followed.conversions(), [("0A", true, converted_at, 1)]);
        assert_eq!(followed.plan.updates, [open(1, "0A", 0).converted(converted_at)]);
        assert_eq!(followed.counts, CodeCounts { converted: 1, late: 1, ..NONE });
    }
}

#[test]
fn a_conversion_once_more_is_the_same_one_at_its_first_time() {
    let stored = open(1, "0A", 0).converted(50);
    for again in [converted("0A", 70), converted("0A", 30).over(Channel::Sms)] {
        let followed = following_one(again, std::slice::from_ref(&stored));
        assert_eq!(followed.conversions(), [("0A", true, 50, 1)]);
        assert_eq!(followed.records[0].conversion.channel, Channel::Sms);
        assert_eq!((followed.plan.updates, followed.counts), (vec![], CodeCounts { repeated: 1, ..NONE }));
    }
}

#[test]
fn a_conversion_has_its_lines_doubts_and_its_time_is_no_better_than_the_lines() {
    let doubts = vec![MessageIdDoubt::Trimmed];
    let doubted = |event: CodeEvent| CodeEvent { doubts: doubts.clone(), ..event }.read_now();
    let alone = doubted(converted("0A", 9)).over(Channel::Sms);
    for followed in [following_one(doubted(converted("0A", 9)), &[open(1, "0A", 5)]), following_one(alone, &[])] {
        let record = &followed.records[0];
        assert_eq!((record.time, &record.doubts), (TimeSource::Now, &doubts));
    }
    let late = following_one(doubted(converted("0A", 1000)), &[open(1, "0A", 0)]);
    assert_eq!((late.records[0].time, &late.records[0].doubts), (TimeSource::Given, &vec![]));
}

#[test]
fn what_follows_has_the_ref_of_its_code_and_a_false_the_doubts_of_its_id() {
    let late = following_one(converted("null", 1000).of("y"), &[open(1, "null", 0).of("x")]);
    let reference = Some(named("x"));
    assert_eq!(late.records.iter().map(|record| &record.reference).collect::<Vec<_>>(), [&reference, &reference]);
    assert_eq!(late.records[0].doubts, [MessageIdDoubt::LooksLikeMissingValue]);
    assert_eq!(late.records[1].doubts, [], "a conversion has those of its line");
}

#[test]
fn a_conversion_whose_code_was_never_seen_counts_where_its_channel_is_known() {
    let followed = following_one(converted("0A", 9).over(Channel::Voice).of("x").on_line(3), &[]);
    assert_eq!(followed.conversions(), [("0A", true, 9, 3)]);
    assert_eq!(followed.records[0].conversion.channel, Channel::Voice);
    assert_eq!(followed.records[0].reference, Some(named("x")));
    let code = open(0, "0A", 0).of("x").never_sent().converted(9);
    let code = Code { id: CodeRef::New(0), channel: Some(Channel::Voice), line: 3, ..code };
    assert_eq!((followed.plan.inserts, followed.counts), (vec![code], CodeCounts { converted: 1, ..NONE }));
}

#[test]
fn a_conversion_whose_channel_nothing_names_awaits_it_with_its_line() {
    let followed = following_one(converted("0A", 9), &[]);
    let code = open(0, "0A", 0).awaiting(9);
    let code = Code { id: CodeRef::New(0), line: 1, raw: Some(b"the line".to_vec()), ..code };
    assert_eq!((followed.conversions(), &followed.plan.inserts), (vec![], &vec![code]));
    assert_eq!(followed.counts, CodeCounts { converted: 1, ..NONE });
    let again = following_one(converted("0A", 9), &[open(1, "0A", 0).awaiting(9)]);
    assert_eq!((again.conversions(), &again.plan.updates), (vec![], &vec![]));
    assert_eq!(again.counts, CodeCounts { repeated: 1, ..NONE });
}

#[test]
fn the_first_events_of_a_group_count_for_the_next() {
    let events = [sent("0A", 0).on_line(1), converted("0A", 9).on_line(2), sent("0A", 0), converted("0A", 9)];
    let followed = following(&events, &[]);
    assert_eq!(followed.conversions(), [("0A", true, 9, 2), ("0A", true, 9, 1)]);
    let code = Code { id: CodeRef::New(0), line: 1, ..open(0, "0A", 0).converted(9) };
    assert_eq!((followed.plan.inserts, followed.plan.updates), (vec![code], vec![]));
    assert_eq!(followed.plan.parts.len(), 1);
    assert_eq!(followed.counts, CodeCounts { sent: 1, converted: 1, repeated: 2, ..NONE });
}

#[test]
fn what_is_silent_at_its_deadline_is_false_then_and_by_force_now() {
    let codes = vec![open(1, "0A", 0), open(2, "0B", 300).of("x"), Code { deadline: None, ..open(3, "0C", 0) }];
    let followed = expire(codes, at(700));
    let line = CODES_LINE;
    assert_eq!(
        followed.conversions(),
        [("0A", false, 600, line), ("0B", false, 700, line), ("0C", false, 700, line)]
    );
    assert_eq!(followed.records[1].reference, Some(named("x")));
    assert_eq!(followed.records[0].conversion.delivered, Delivered::False);
    let expired = |code: Code, deadline| Code { deadline: Some(at(deadline)), ..code.silent() };
    let expired =
        [expired(open(1, "0A", 0), 600), expired(open(2, "0B", 300).of("x"), 700), expired(open(3, "0C", 0), 700)];
    assert_eq!(followed.plan.updates, expired);
    assert_eq!(followed.counts, CodeCounts { silent: 3, ..NONE });
}

#[test]
fn a_silence_over_no_channel_is_counted_and_yields_no_conversion() {
    let followed = expire(vec![Code { channel: None, ..open(1, "0A", 0) }], at(700));
    assert_eq!((followed.conversions(), followed.plan.updates.len(), followed.counts.silent), (vec![], 1, 1));
}

#[test]
fn a_channel_that_nothing_named_in_time_is_answered_as_missing() {
    let raw = b"the line".to_vec();
    let awaiting = AwaitingChannel { id: 5, line: 3, reference: Some(named("x")), raw: raw.clone() };
    let [BadRecord { line, reference, code, message, raw: kept, file: None }] = &give_up(vec![awaiting])[..]
    else {
        panic!("one is answered once")
    };
    assert_eq!((*line, reference, *code, kept), (3, &Some(named("x")), ErrorCode::BadRecord, &raw));
    assert!(message.contains("channel is missing"), "{message}");
}
