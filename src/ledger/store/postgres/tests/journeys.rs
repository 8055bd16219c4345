//! How often a run waits for the server's answer: what most of a group's time is, where the server is far away.

use std::cell::{Cell, RefCell};

use crate::domain::{Record, Timestamp};
use crate::ledger::decide::{self, Lane};
use crate::ledger::store::postgres::PostgresStore;
use crate::ledger::tests::{Fixture, accepted, account, at, ready, sms};
use crate::ledger::{Known, Ledger, Recorded, Released};

fn open(fixture: &Fixture, machine: &str) -> Ledger {
    Ledger::over(Box::new(
        PostgresStore::open(fixture.access(machine), &account("abcd1234"), 64, fixture.now).unwrap(),
    ))
}

fn store(ledger: &Ledger) -> &PostgresStore {
    ledger.store.as_any().downcast_ref().unwrap()
}

/// Does something, and counts the answers that it waited for.
fn journeys<T>(ledger: &mut Ledger, work: impl FnOnce(&mut Ledger) -> T) -> (u64, T) {
    let before = store(ledger).connection.answers;
    let done = work(ledger);
    (store(ledger).connection.answers - before, done)
}

#[test]
fn a_group_takes_one_journey_where_nothing_else_is_known_of_its_message_ids_and_two_where_something_is() {
    let Some(fixture) = Fixture::on_server() else { return };
    let now = fixture.now;
    let mut ledger = open(&fixture, "here");
    let group: Vec<_> = (0..8).map(|n| sms(&format!("0A{n}"), 0)).collect();
    let (count, entries) = journeys(&mut ledger, |ledger| ledger.record(&group, now).unwrap());
    assert_eq!(count, 1, "recorded where nothing is known");
    let tickets: Vec<_> = entries.recorded.into_iter().map(|recorded| (ready(recorded), accepted())).collect();
    let (count, released) = journeys(&mut ledger, |ledger| ledger.settle(tickets, now).unwrap());
    assert_eq!((count, released), (1, Released::default()), "settled where nothing waits");

    let (count, recorded) = journeys(&mut ledger, |ledger| ledger.enter(&group[0], now));
    assert_eq!((count, recorded), (1, Recorded::Known(group[0].clone(), Known::Accepted)), "a repeated one");
    let mixed = [sms("0A0", 10), sms("0B0", 0)];
    let (count, entries) = journeys(&mut ledger, |ledger| ledger.record(&mixed, now).unwrap());
    assert_eq!(count, 2, "one of them has an earlier value");
    let first = entries.recorded.into_iter().map(ready).next().unwrap();
    let (count, recorded) = journeys(&mut ledger, |ledger| ledger.enter(&sms("0A0", 20), now));
    assert!(matches!(recorded, Recorded::Waiting(..)));
    assert_eq!(count, 2, "recorded behind another one");
    let (count, released) = journeys(&mut ledger, |ledger| ledger.end(first, accepted(), now));
    assert_eq!((count, released.tickets.len()), (2, 1), "settled before another one");
}

#[test]
fn only_the_first_wrong_guess_in_a_long_time_takes_a_third_journey() {
    let Some(fixture) = Fixture::on_server() else { return };
    let now = fixture.now;
    let mut ledger = open(&fixture, "here");
    for n in 0..20 {
        let ticket = ledger.ready(&sms(&format!("0A{n}"), 0), now);
        let (count, _) = journeys(&mut ledger, |ledger| ledger.end(ticket, accepted(), now));
        assert_eq!(count, 1);
    }
    let mut again = |n| journeys(&mut ledger, |ledger| ledger.ready(&sms(&format!("0A{n}"), 10), now)).0;
    assert_eq!([0, 1, 2].map(&mut again), [3, 2, 2]);
}

/// The plan for one record, as [`Ledger::record`] makes it.
fn plan(record: &Record, lanes: Option<Vec<Lane>>, now: Timestamp) -> decide::Recording {
    let records = std::slice::from_ref(record);
    let want = decide::want_records(records);
    decide::record(records, &want, lanes.unwrap_or_else(|| vec![Lane::default()]), now)
}

#[test]
fn what_was_decided_of_lanes_that_have_changed_since_is_decided_again() {
    let Some(fixture) = Fixture::on_server() else { return };
    let now = fixture.now;
    let (mut here, mut there) = (open(&fixture, "here"), open(&fixture, "there"));
    let first = here.ready(&sms("0A", 0), now);
    let _ = here.end(first, accepted(), now);
    let (between, tries) = (RefCell::new(Some(&mut there)), Cell::new(0));
    let record = sms("0A", 10);
    let answer = here.write(now, |tx| {
        let want = decide::want_records(std::slice::from_ref(&record));
        assert!(tx.apply_guess(&want, &plan(&record, None, now).plan)?.is_none());
        let lanes = tx.lanes(&want)?;
        tries.set(tries.get() + 1);
        // A newer value is sent and accepted, from its first row to its last, before this one is written.
        if let Some(there) = between.take() {
            let newer = there.ready(&sms("0A", 20), now);
            let _ = there.end(newer, accepted(), now);
        }
        let decided = plan(&record, Some(lanes), now);
        tx.apply_last(&decided.plan)?;
        Ok(decided.plan.inserts.into_iter().map(|row| row.state.is_pending()).collect::<Vec<_>>())
    });
    assert_eq!((answer.unwrap(), tries.get()), (vec![false], 2), "overtaken, as the second try has seen");
    assert_eq!(here.enter(&record, now), Recorded::Known(record.clone(), Known::Stale));
    assert_eq!(record.conversion.timestamp, at(10));
}
