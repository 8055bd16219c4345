//! Message-ids with very many values (a wrong mapping): of these no more is read than can matter.

use super::{Cluster, by_socket};
use crate::ledger::decide::want_records;
use crate::ledger::store::postgres::schema::{known_version, make_version};
use crate::ledger::store::postgres::{PostgresStore, Schema, connect, migrate};
use crate::ledger::tests::{Fixture, accepted, at, ready, refused, sms};
use crate::ledger::{Due, Ledger, Recorded};

fn rows_fetched(ledger: &Ledger) -> u64 {
    ledger.store.as_any().downcast_ref::<PostgresStore>().unwrap().connection.rows
}

#[test]
fn of_a_message_id_with_very_many_values_no_more_is_read_than_can_matter() {
    let Some(fixture) = Fixture::on_server() else { return };
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
    let mut times: Vec<_> = lanes[0].rows.iter().map(|row| row.key_time.unwrap()).collect();
    times.sort_unstable();
    // The last that was accepted, what is under way, the first and the last that wait, and the wanted one; and one of those that
    // wait for this run, whichever.
    let expected = [29, 40, 41, 50, 79].map(at);
    assert!(expected.iter().all(|time| times.contains(time)) && times.len() <= 6, "{times:?}");
    // The first that waits is next, not the one that was recorded first.
    let released = ledger.end(under_way, accepted(), fixture.now).tickets;
    assert_eq!(released.iter().map(|ticket| ticket.conversion().timestamp).collect::<Vec<_>>(), [at(41)]);
}

/// Rows fetched for one more value that is recorded, sent and accepted, of a message-id that had so many before.
fn fetched_for_one_more(fixture: &Fixture, ledger: &mut Ledger, id: &str, values: i64) -> u64 {
    let all: Vec<_> = (0..values).map(|time| sms(id, time)).collect();
    let entries = ledger.record(&all, fixture.now).unwrap();
    let mut ticket = entries.recorded.into_iter().next().map(ready);
    while let Some(under_way) = ticket {
        ticket = ledger.end(under_way, accepted(), fixture.now).tickets.pop();
    }
    assert_eq!(ledger.left_over(fixture.now).unwrap(), None, "all are accepted");
    let before = rows_fetched(ledger);
    let ticket = ledger.ready(&sms(id, values), fixture.now);
    let _ = ledger.end(ticket, accepted(), fixture.now);
    rows_fetched(ledger) - before
}

#[test]
fn one_more_value_costs_the_same_however_many_there_are() {
    let Some(fixture) = Fixture::on_server() else { return };
    let mut ledger = fixture.open();
    let few = fetched_for_one_more(&fixture, &mut ledger, "0A", 10);
    let many = fetched_for_one_more(&fixture, &mut ledger, "0B", 200);
    assert!(many <= few && few < 40, "{few} rows with 10 values, {many} with 200");
}

#[test]
fn what_waits_in_a_long_lane_for_another_run_is_found_and_what_was_overtaken_is_stale() {
    let Some(fixture) = Fixture::on_server() else { return };
    let mut first = fixture.open();
    let values: Vec<_> = (0..12).map(|time| sms("0A", time)).collect();
    let _ = first.record(&values, fixture.now).unwrap();
    first.crash();
    let mut second = fixture.open();
    let last = second
        .ready(&crate::domain::Record { time: crate::domain::TimeSource::Forced, ..sms("0A", 20) }, fixture.now);
    let released = second.end(last, accepted(), fixture.now);
    assert_eq!((released.tickets.len(), released.stale.len()), (0, 12), "{released:?}");
    assert_eq!(second.adopted(Due::Everything, fixture.now), []);
}

#[test]
fn an_older_ledger_learns_which_message_ids_have_many_values() {
    let Some(cluster) = Cluster::shared("an_older_ledger_learns_which_message_ids_have_many_values") else {
        return;
    };
    let database = cluster.database();
    let (server, schema) = (by_socket(cluster, &database), Schema::named("old"));
    let migrate = || migrate(&mut connect(&server).unwrap(), &schema).unwrap();
    make_version(&mut connect(&server).unwrap(), &schema, 1).unwrap();
    let sql = |text: &str| cluster.sql(&database, text);
    sql("INSERT INTO old.conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded,
                                     next_attempt, line)
         SELECT 1, 0, m, true, t, t, 2, 0, 0, 0, 1 FROM (VALUES ('few', 4), ('many', 5)) v(m, n), generate_series(1, n) t");
    assert_eq!(migrate(), (Some(1), known_version()));
    let alone = sql("SELECT message_id, count(*) FROM old.conversion WHERE alone GROUP BY 1");
    assert_eq!(alone, "few|4");
}
