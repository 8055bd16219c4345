//! Many runs that meet in the same message-ids at once.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use super::faults::ledger_schema;
use super::support::Cluster;
use crate::domain::{CodeEvent, Reference};
use crate::ledger::store::postgres::PostgresStore;
use crate::ledger::tests::{Fixture, accepted, account, sent, sms};
use crate::ledger::{CodeRules, Due, Known, Ledger, LogSource, Recorded, Ticket};

fn on_machine(fixture: &Fixture, machine: i64) -> Ledger {
    let access = fixture.access(&format!("machine {machine}"));
    let store = PostgresStore::open(access, &account("abcd1234"), 64, fixture.now).unwrap();
    Ledger::over(Box::new(store))
}

#[test]
fn runs_that_meet_in_the_same_message_ids_send_one_value_at_a_time_and_all_in_their_order() {
    const RUNS: i64 = 6;
    const IDS: usize = 48;
    let Some(fixture) = Fixture::on_server() else { return };
    let (now, ids): (_, Vec<_>) = (fixture.now, (0..IDS).map(|n| format!("0A{n}")).collect());
    // What is under way, and what was accepted last, of each message-id.
    let sent: Mutex<BTreeMap<String, (usize, i64)>> = Mutex::default();
    let begin = |ticket: &Ticket| {
        let mut sent = sent.lock().unwrap();
        let lane = sent.entry(ticket.conversion().message_id.as_str().to_owned()).or_insert((0, i64::MIN));
        lane.0 += 1;
        assert_eq!(lane.0, 1, "two values of {} under way", ticket.conversion().message_id);
        let time = ticket.conversion().timestamp.unix();
        assert!(time > lane.1, "an older value after a newer one");
        lane.1 = time;
    };
    let end = |ticket: &Ticket| {
        sent.lock().unwrap().get_mut(ticket.conversion().message_id.as_str()).unwrap().0 -= 1;
    };
    thread::scope(|scope| {
        for run in 0..RUNS {
            let (fixture, ids, begin, end) = (&fixture, &ids, &begin, &end);
            scope.spawn(move || {
                let mut ledger = on_machine(fixture, run);
                let group: Vec<_> = ids.iter().map(|id| sms(id, run)).collect();
                let mut entries = ledger.record(&group, now).unwrap();
                let mut tickets = std::mem::take(&mut entries.released.tickets);
                tickets.extend(entries.recorded.into_iter().filter_map(|recorded| match recorded {
                    Recorded::Ready(ticket) => Some(ticket),
                    Recorded::Waiting(..) | Recorded::Known(..) => None,
                }));
                loop {
                    tickets.iter().for_each(begin);
                    tickets.iter().for_each(end);
                    let group = tickets.into_iter().map(|ticket| (ticket, accepted())).collect();
                    tickets = ledger.settle(group, now).unwrap().tickets;
                    if tickets.is_empty() {
                        tickets = ledger.adopt(64, Due::Everything, now).unwrap().tickets;
                    }
                    if tickets.is_empty() {
                        break;
                    }
                }
                ledger.close(now).unwrap();
            });
        }
    });
    let mut last = fixture.open();
    assert_eq!(last.adopted(Due::Everything, now), []);
    assert_eq!(last.left_over(now).unwrap(), None);
}

#[test]
fn what_was_accepted_while_a_group_waited_for_a_lock_overtakes_what_the_group_has() {
    let test = "what_was_accepted_while_a_group_waited_for_a_lock_overtakes_what_the_group_has";
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared(test).unwrap();
    let (now, schema) = (fixture.now, ledger_schema(&fixture));
    let (mut late, mut early) = (fixture.open(), fixture.open());
    let group = [sms("0A", 10), sms("0B", 10)];
    // Another session has the place of the first message-id, and gives it up again.
    let place = format!(
        "BEGIN; INSERT INTO {schema}.conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner,
                                                 recorded, next_attempt, line)
         VALUES (1, 0, '0A', true, 1, 1, 1, 0, 1, 1, 1);\n"
    );
    let mut holder = Command::new("psql");
    holder.args(["-XAtq", "-U", "postgres", "-d", "postgres", "-p", &cluster.port().to_string(), "-h"]);
    let mut holder = holder.arg(cluster.folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut session = holder.stdin.take().unwrap();
    writeln!(session, "{place}SELECT 'held';").unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "held");
    let entries = thread::scope(|scope| {
        let recording = scope.spawn(|| late.record(&group, now).unwrap());
        let waiting = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{schema}%'"
        );
        while cluster.sql("postgres", &waiting) != "1" {
            assert!(!recording.is_finished(), "it waits");
        }
        let newer = early.ready(&sms("0B", 20), now);
        let _ = early.end(newer, accepted(), now);
        writeln!(session, "ROLLBACK;").unwrap();
        recording.join().unwrap()
    });
    drop(session);
    holder.wait().unwrap();
    let [first, second] = <[_; 2]>::try_from(entries.recorded).unwrap();
    assert!(matches!(first, Recorded::Ready(_)), "{first:?}");
    assert_eq!(second, Recorded::Known(group[1].clone(), Known::Stale), "a newer value was accepted");
}

#[test]
fn parts_that_two_machines_tell_at_the_same_moment_are_one_code() {
    const MESSAGES: usize = 40;
    let rules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared("parts_that_two_machines_tell_at_the_same_moment_are_one_code").unwrap();
    let together = Barrier::new(2);
    thread::scope(|scope| {
        for machine in 1..=2 {
            let (fixture, together) = (&fixture, &together);
            scope.spawn(move || {
                let mut ledger = on_machine(fixture, machine);
                // Both read one log, by its name.
                let log = LogSource { name: Some("/otp.log".to_owned()), identity: None };
                together.wait();
                ledger.reads(&[log], fixture.now).unwrap();
                for message in 0..MESSAGES {
                    let reference = Some(Reference::from_json(&format!("\"message {message}\"")));
                    let part = CodeEvent { reference, ..sent(&format!("0{message:03}A{machine}"), -60) };
                    let twice = sent(&format!("0{message:03}B"), -60);
                    together.wait();
                    let _ = ledger.observe(&[part, twice], rules, fixture.now).unwrap();
                }
                ledger.close(fixture.now).unwrap();
            });
        }
    });
    let schema = ledger_schema(&fixture);
    let count = |table: &str| cluster.sql("postgres", &format!("SELECT count(*) FROM {schema}.{table}"));
    assert_eq!(count("source"), "1", "they began to read it at the same moment");
    assert_eq!(count("part"), (3 * MESSAGES).to_string());
    assert_eq!(count("code"), (2 * MESSAGES).to_string(), "one for both parts, and one for what both have told");
}
