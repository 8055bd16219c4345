//! What a real server makes of the statements: each finds its rows by the index that is meant for it, whatever is known of the
//! tables.

use std::time::Duration;

use super::faults::ledger_schema;
use super::support::Cluster;
use crate::domain::{Channel, CodeEvent, Conversion, Happening, Record};
use crate::ledger::store::postgres::PostgresStore;
use crate::ledger::tests::{Fixture, accepted, account, at, ready, sent, sms};
use crate::ledger::{CodeRules, Due, Expiry, Ledger, LogSource};

const RULES: CodeRules = CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) };

/// Tables that stay small, or are read beside the work: one row for each live run, and one for each log.
const SMALL: [&str; 2] = ["lease", "source"];

/// Fills the tables with old rows. A tenth is pending, of another account; a third is of one message-id.
const FILL: [&str; 4] = [
    "INSERT INTO @conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded,
                              next_attempt, line, settled, alone)
     SELECT CASE WHEN n % 10 = 0 THEN 2 ELSE 1 END, 0, CASE WHEN n % 3 = 0 THEN 'long' ELSE 'old-' || n END, true, n, n,
            CASE WHEN n % 10 = 0 THEN 0 ELSE 2 END, 0, 0, 0, 1, n, n % 3 > 0
     FROM generate_series(1, @rows) n",
    "INSERT INTO @code (account, channel, message_id, state, owner, source, sent, closes, arrived, line)
     SELECT 1, 0, 'old-' || n, 3, 0, 0, n, n, n, 1 FROM generate_series(1, @rows) n",
    "INSERT INTO @part (message_id, account, code, sent, line)
     SELECT 'old-' || n, 1, n, n, 1 FROM generate_series(1, @rows) n",
    "INSERT INTO @run (started, unsettled_max, host, dead, reported)
     SELECT 1, 1, '', true, true FROM generate_series(1, @rows / 100)",
];

/// Does what runs do all the time, and returns what the server planned for each statement.
fn plans(fixture: &Fixture) -> Vec<(String, String)> {
    let now = fixture.now;
    let mut store = PostgresStore::open(fixture.access("here"), &account("abcd1234"), 64, now).unwrap();
    store.connection.plans = Some(Vec::new());
    let mut ledger = Ledger::over(Box::new(store));
    ledger.reads(&[LogSource { name: Some("/log".to_owned()), identity: None }], now).unwrap();
    let group: Vec<_> = (0..64).map(|n| sms(&format!("hot-{n}"), 0)).collect();
    let later = group
        .iter()
        .cloned()
        .map(|record| Record { conversion: Conversion { timestamp: at(5), ..record.conversion }, ..record });
    let entries = ledger.record(&group, now).unwrap();
    let _ = ledger.record(&later.collect::<Vec<_>>(), now).unwrap();
    let tickets = entries.recorded.into_iter().map(|recorded| (ready(recorded), accepted())).collect();
    let released = ledger.settle(tickets, now).unwrap().tickets;
    assert_eq!(released.len(), 64);
    let _ = ledger.settle(released.into_iter().map(|ticket| (ticket, accepted())).collect(), now).unwrap();
    let long: Vec<_> = (0..12).map(|n| sms("long", n)).collect();
    let entries = ledger.record(&long, now).unwrap();
    let first = ready(entries.recorded.into_iter().next().unwrap());
    let _ = ledger.settle(vec![(first, accepted())], now).unwrap();
    let _ = ledger.record(&long[4..6], now).unwrap();
    let _ = ledger.adopt(64, Due::Everything, now).unwrap();
    let codes: Vec<_> = (0..16).map(|n| sent(&format!("code-{n}"), -700)).collect();
    let _ = ledger.observe(&codes, RULES, now).unwrap();
    let used = codes[..8].iter().map(|code| CodeEvent {
        happening: Happening::Converted,
        channel: Some(Channel::Sms),
        timestamp: at(-690),
        ..code.clone()
    });
    let _ = ledger.observe(&used.collect::<Vec<_>>(), RULES, now).unwrap();
    let _ = ledger.expire_codes(Expiry::ByLog(at(0)), 64, now).unwrap();
    let _ = ledger.left_over(now).unwrap();
    ledger.store.as_any().downcast_ref::<PostgresStore>().unwrap().connection.plans.clone().unwrap()
}

/// What the server expects a statement to cost: what it was forbidden and did not find a way around costs 10¹⁰.
fn cost(plan: &str) -> f64 {
    plan.split_once("..").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok()).unwrap()
}

#[test]
fn each_statement_finds_its_rows_by_its_index_whatever_is_known_of_the_tables() {
    let test = "each_statement_finds_its_rows_by_its_index_whatever_is_known_of_the_tables";
    for (rows, analysed) in [(0, false), (20, true), (100_000, false), (100_000, true)] {
        let Some(fixture) = Fixture::on_server() else { return };
        let cluster = Cluster::shared(test).unwrap();
        let prefix = format!("{}.", ledger_schema(&fixture));
        let sql = |text: &str| {
            cluster.sql("postgres", &text.replace("@rows", &rows.to_string()).replace('@', &prefix));
        };
        for fill in FILL {
            sql(fill);
        }
        if analysed {
            sql("ANALYZE @conversion, @code, @part, @run, @lease, @done, @unreadable");
        }
        let plans = plans(&fixture);
        let plans_of = |word: &str| plans.iter().filter(|(text, _)| text.contains(word)).collect::<Vec<_>>();
        // The sweep of dead runs is no part of a transaction, and not done for each.
        for (text, plan) in plans.iter().filter(|(text, _)| !text.starts_with("WITH gone AS")) {
            let shown = || format!("{rows} rows, analysed: {analysed}\n{text}\n{plan}");
            let mut whole = plan.split("Seq Scan on ").skip(1).filter_map(|rest| rest.split(' ').next());
            assert_eq!(whole.find(|table| !SMALL.contains(table)), None, "{}", shown());
            assert!(cost(plan) < 1e9, "{}", shown());
            // It is full of entries of what is settled by now: only who searches for pending rows goes there.
            assert!(!plan.contains("conversion_pending") || text.contains("c.owner = o.id"), "{}", shown());
        }
        for (word, index) in [
            ("LIMIT 5) s", "conversion_key"),
            ("AND NOT alone AND state + 0 = 2", "conversion_lane"),
            ("AND NOT alone AND state * 1 = 0 AND owner", "conversion_waiting"),
            ("c.owner = o.id", "conversion_pending"),
            ("r.dead AND r.id <> $2", "run_dead"),
            ("AND c.state + 0 = 1 AND c.owner + 0", "conversion_pkey"),
        ] {
            assert!(!plans_of(word).is_empty(), "{word} was asked");
            for (text, plan) in plans_of(word) {
                assert!(plan.contains(index), "{rows} rows, analysed: {analysed}, {index}\n{text}\n{plan}");
            }
        }
    }
}
