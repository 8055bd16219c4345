//! The statements: each finds its rows by an index, also where a message-id has very many values.

use super::super::statements::{HEAD, KEY, LANE, WAITS};
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
    let alone = |ledger: &Ledger| -> Vec<bool> {
        let mut query = ledger.sqlite().prepare("SELECT alone FROM conversion ORDER BY id").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    for time in 0..4 {
        let ticket = ledger.ready(&sms("0A", time), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
    }
    assert_eq!(alone(&ledger), [true; 4]);
    let ticket = ledger.ready(&sms("0A", 4), fixture.now);
    let _ = ledger.end(ticket, accepted(), fixture.now);
    assert_eq!(alone(&ledger), [false; 5]);
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
