//! The statements: each finds its rows by an index, also where a message-id has very many values.

use super::super::statements::{HEAD, IS_OF_FEW, IS_OF_MANY, IS_ONLY, KEY, LANE, WAITS};
use crate::ledger::decide::want_records;
use crate::ledger::{Ledger, Recorded};

use super::{Fixture, accepted, at, refused, sms};

#[test]
fn each_statement_about_a_lane_looks_up_its_rows_in_an_index() {
    let fixture = Fixture::new();
    let ledger = fixture.open();
    for sql in [LANE, KEY, WAITS].iter().chain(HEAD) {
        let mut query = ledger.sqlite().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        for number in 1..=query.parameter_count() {
            query.raw_bind_parameter(number, 1).unwrap();
        }
        let mut rows = query.raw_query();
        let mut plan = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push(row.get::<_, String>(3).unwrap());
        }
        assert_eq!(plan.len(), 1, "{sql}: {plan:?}");
        assert!(plan[0].starts_with("SEARCH conversion USING INDEX conversion_"), "{sql}: {plan:?}");
        assert!(plan[0].contains("(message_id=? AND account=? AND channel=?"), "{sql}: {plan:?}");
        // Where a long lane is read, by what shortens it.
        assert!(!sql.contains("alone") || !plan[0].contains("conversion_key"), "{sql}: {plan:?}");
    }
}

#[test]
fn a_row_of_a_message_id_with_few_values_is_in_no_index_for_many() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let alone = |ledger: &Ledger| -> Vec<i64> {
        let mut query = ledger.sqlite().prepare("SELECT alone FROM conversion ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let enter = |ledger: &mut Ledger, time| {
        let ticket = ledger.ready(&sms("0A", time), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
    };
    enter(&mut ledger, 0);
    assert_eq!(alone(&ledger), [IS_ONLY]);
    for time in 1..4 {
        enter(&mut ledger, time);
    }
    assert_eq!(alone(&ledger), [IS_OF_FEW; 4]);
    enter(&mut ledger, 4);
    assert_eq!(alone(&ledger), [IS_OF_MANY; 5]);
}

/// In one group, the second is recorded beside a first that is as new as it is.
#[test]
fn two_rows_of_a_message_id_that_are_recorded_at_once_know_of_each_other() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    let _tickets = ledger.record(&[sms("0A", 0), sms("0A", 1), sms("0B", 0)], fixture.now).unwrap();
    let mut query = ledger.sqlite().prepare("SELECT alone FROM conversion ORDER BY id").unwrap();
    let alone: Vec<i64> = query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(alone, [IS_OF_FEW, IS_OF_FEW, IS_ONLY]);
}

#[test]
fn of_a_message_id_with_very_many_values_no_more_is_read_than_can_matter() {
    let fixture = Fixture::new();
    let mut ledger = fixture.open();
    for time in 1..40 {
        let ticket = ledger.ready(&sms("0A", time), fixture.now);
        let _ = ledger.end(ticket, if time < 30 { accepted() } else { refused() }, fixture.now);
    }
    let under_way = ledger.ready(&sms("0A", 40), fixture.now);
    for time in (41..80).rev() {
        assert!(matches!(ledger.enter(&sms("0A", time), fixture.now), Recorded::Waiting(..)));
    }
    let waiting = [sms("0A", 50)];
    let want = want_records(&waiting);
    let lanes = ledger.write(fixture.now, |tx| tx.lanes(&want)).unwrap();
    let times: Vec<_> = lanes[0].rows.iter().map(|row| row.key_time.unwrap()).collect();
    // With the wanted one, which is known by its key.
    assert_eq!(times, [29, 40, 41, 79, 50].map(at));
    // The first that waits is next, not the one that was recorded first.
    let released = ledger.end(under_way, accepted(), fixture.now).tickets;
    assert_eq!(released.iter().map(|ticket| ticket.conversion().timestamp).collect::<Vec<_>>(), [at(41)]);
}
