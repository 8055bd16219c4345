//! A connection that breaks where it hurts most: around a COMMIT.

use std::io::{Read, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::by_socket;
use super::support::Cluster;
use crate::clock;
use crate::domain::{Durability, HostAddress, REMEMBERED, ServerHost};
use crate::ledger::store::postgres::connect;
use crate::ledger::store::postgres::{Access, PostgresStore, Schema, migrate};
use crate::ledger::tests::{Fixture, accepted, account, ready, sms};
use crate::ledger::{Due, Known, Ledger, Recorded, Released, UncleanStops};

/// As a client sends it; `READ COMMITTED` is something else.
const COMMIT: &[u8] = b"COMMIT\0";

/// What happens to the next COMMIT that passes.
pub(super) const PASS: usize = 0;
const SWALLOWED: usize = 1;
pub(super) const ANSWER_LOST: usize = 2;
/// The same, and the connection breaks once more when the run asks what it has recorded.
const LOST_TWICE: usize = 3;
const LOST_AGAIN: usize = 4;
/// The same, but the guess that comes before what is sure passes.
const LATER_LOST_TWICE: usize = 6;
/// It goes nowhere, and nothing ends.
const HELD_BACK: usize = 5;
/// It goes nowhere, and the answer is lost when the run asks whether it was carried out.
const SWALLOWED_UNSAID: usize = 7;
const UNSAID: usize = 8;
/// The answer is lost to one of a transaction that looks before it changes something.
pub(super) const LATER_ANSWER_LOST: usize = 9;
/// The answer is lost to one that comes alone.
pub(super) const LONE_ANSWER_LOST: usize = 10;

/// Stands between a run and the server.
pub(super) struct Between {
    pub(super) folder: tempfile::TempDir,
    pub(super) fault: Arc<AtomicUsize>,
}

impl Between {
    pub(super) fn start(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let fault = Arc::new(AtomicUsize::new(PASS));
        let (server, faults) = (server.join(".s.PGSQL.5432"), Arc::clone(&fault));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = UnixStream::connect(&server).unwrap();
                let faults = Arc::clone(&faults);
                thread::spawn(move || forward(client, server, &faults));
            }
        });
        Self { folder, fault }
    }

    pub(super) fn break_next(&self, fault: usize) {
        self.fault.store(fault, Ordering::SeqCst);
    }
}

fn forward(mut client: UnixStream, mut server: UnixStream, fault: &AtomicUsize) {
    let (mut back, mut forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let is_mute = Arc::new(AtomicBool::new(false));
    let mute = Arc::clone(&is_mute);
    let answers = thread::spawn(move || {
        let mut bytes = vec![0; 65536];
        while let Ok(read @ 1..) = back.read(&mut bytes) {
            if !mute.load(Ordering::SeqCst) && forth.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
    });
    let mut bytes = vec![0; 65536];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let has = |word: &[u8]| bytes[..read].windows(word.len()).any(|window| window == word);
        let met = match fault.load(Ordering::SeqCst) {
            LOST_AGAIN if has(b"conversion s") && !has(COMMIT) => fault.swap(PASS, Ordering::SeqCst),
            LOST_TWICE if has(COMMIT) => fault.swap(LOST_AGAIN, Ordering::SeqCst),
            LATER_LOST_TWICE if has(COMMIT) && has(b"SERIALIZABLE") => fault.swap(LOST_AGAIN, Ordering::SeqCst),
            SWALLOWED_UNSAID if has(COMMIT) => fault.swap(UNSAID, Ordering::SeqCst),
            UNSAID if has(b"serial) VALUES ($1, $2)") => fault.swap(PASS, Ordering::SeqCst),
            LATER_ANSWER_LOST if has(COMMIT) && has(b"SERIALIZABLE") => fault.swap(PASS, Ordering::SeqCst),
            LONE_ANSWER_LOST if has(COMMIT) && !has(b"BEGIN") => fault.swap(PASS, Ordering::SeqCst),
            PASS | LOST_AGAIN | LATER_LOST_TWICE | UNSAID | LATER_ANSWER_LOST | LONE_ANSWER_LOST => PASS,
            _ if has(COMMIT) => fault.swap(PASS, Ordering::SeqCst),
            _ => PASS,
        };
        if met == HELD_BACK {
            continue;
        }
        if [SWALLOWED, LOST_AGAIN, SWALLOWED_UNSAID].contains(&met) {
            break;
        }
        is_mute.store(met != PASS, Ordering::SeqCst);
        let _ = server.write_all(&bytes[..read]);
        if met != PASS {
            // The server has got it; when it has read the end of the connection it has carried it out, and closes it.
            let _ = server.shutdown(Shutdown::Write);
            let _ = answers.join();
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    let _ = answers.join();
}

fn through(fixture: &Fixture, between: &Between, cluster: &'static Cluster) -> Ledger {
    let address = HostAddress::Socket(between.folder.path().to_owned());
    let access = Access {
        connect: Box::new(move |_| {
            let mut server = by_socket(cluster, "postgres");
            server.hosts = vec![ServerHost { address: address.clone(), port: 5432, password: None }];
            connect(&server)
        }),
        ..fixture.access("one")
    };
    Ledger::over(Box::new(PostgresStore::open(access, &account("abcd1234"), 64, fixture.now).unwrap()))
}

#[test]
fn a_commit_whose_answer_is_lost_counts_if_it_was_done_and_is_done_again_if_it_was_not() {
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared("faults").unwrap();
    let between = Between::start(cluster.folder());
    let mut ledger = through(&fixture, &between, cluster);
    for (n, fault) in [SWALLOWED, ANSWER_LOST].into_iter().enumerate() {
        let id = format!("0A{n}");
        // At once, where nothing of the message-id is known.
        between.break_next(fault);
        let ticket = ledger.ready(&sms(&id, 0), fixture.now);
        between.break_next(fault);
        assert_eq!(ledger.end(ticket, accepted(), fixture.now), Released::default());
        assert_eq!(ledger.enter(&sms(&id, 0), fixture.now), Recorded::Known(sms(&id, 0), Known::Accepted));
        // After its lane was read: the value that was accepted before is there.
        between.break_next(fault);
        let first = ledger.ready(&sms(&id, 10), fixture.now);
        assert!(matches!(ledger.enter(&sms(&id, 20), fixture.now), Recorded::Waiting(..)));
        between.break_next(fault);
        let mut released = ledger.end(first, accepted(), fixture.now);
        let second = released.tickets.pop().unwrap();
        assert_eq!(second.record(), &sms(&id, 20));
        let _ = ledger.end(second, accepted(), fixture.now);
        assert_eq!(between.fault.load(Ordering::SeqCst), PASS, "each fault was met");
    }
    assert_eq!(ledger.adopted(Due::Everything, fixture.now), []);
    assert_eq!(ledger.left_over(fixture.now).unwrap(), None);
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_after_an_interruption() {
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared("an_answer_that_does_not_come_is_not_waited_for_after_an_interruption").unwrap();
    let between = Between::start(cluster.folder());
    let mut ledger = through(&fixture, &between, cluster);
    let stop = Arc::new(AtomicBool::new(false));
    ledger.heed(Arc::clone(&stop));
    between.break_next(HELD_BACK);
    let began = clock::monotonic();
    let recorded = thread::scope(|scope| {
        scope.spawn(|| {
            while between.fault.load(Ordering::SeqCst) == HELD_BACK {
                thread::yield_now();
            }
            stop.store(true, Ordering::SeqCst);
        });
        ledger.record(&[sms("0A", 0)], fixture.now)
    });
    let lasted = clock::monotonic().saturating_sub(began);
    assert!(lasted < Duration::from_secs(8), "{lasted:?}, where an answer has 15 seconds");
    // The server is there, and says by another connection that nothing was done: so it is done now.
    let ticket = recorded.unwrap().recorded.into_iter().map(ready).next().unwrap();
    assert_eq!(ledger.end(ticket, accepted(), fixture.now), Released::default());
}

#[test]
fn what_a_commit_has_recorded_is_asked_for_until_there_is_an_answer() {
    let Some(fixture) = Fixture::on_server() else { return };
    let between = Between::start(Cluster::shared("faults").unwrap().folder());
    let mut ledger = through(&fixture, &between, Cluster::shared("faults").unwrap());
    for (id, fault) in [("0A", LOST_TWICE), ("0B", LATER_LOST_TWICE)] {
        if fault == LATER_LOST_TWICE {
            // Where something is known of the message-id, in the other order of things.
            let first = ledger.ready(&sms(id, 0), fixture.now);
            let _ = ledger.end(first, accepted(), fixture.now);
        }
        between.break_next(fault);
        let ticket = ledger.ready(&sms(id, 10), fixture.now);
        assert_eq!(between.fault.load(Ordering::SeqCst), PASS, "both faults were met");
        let _ = ledger.end(ticket, accepted(), fixture.now);
        assert_eq!(ledger.enter(&sms(id, 10), fixture.now), Recorded::Known(sms(id, 10), Known::Accepted));
    }
}

#[test]
fn a_commit_that_was_not_carried_out_is_not_believed_because_the_question_was_asked_twice() {
    let Some(fixture) = Fixture::on_server() else { return };
    let between = Between::start(Cluster::shared("faults").unwrap().folder());
    let mut ledger = through(&fixture, &between, Cluster::shared("faults").unwrap());
    let break_next = || between.break_next(SWALLOWED_UNSAID);
    let was_met = || assert_eq!(between.fault.load(Ordering::SeqCst), PASS, "both faults were met");
    for time in [0, 10] {
        // At once, and then where something is known of the message-id.
        break_next();
        let ticket = ledger.ready(&sms("0A", time), fixture.now);
        was_met();
        break_next();
        assert_eq!(ledger.end(ticket, accepted(), fixture.now), Released::default());
        was_met();
        assert_eq!(ledger.enter(&sms("0A", time), fixture.now), Recorded::Known(sms("0A", time), Known::Accepted));
    }
    assert_eq!(ledger.left_over(fixture.now).unwrap(), None);
}

#[test]
fn a_run_whose_beginning_was_not_answered_is_not_taken_for_one_that_has_died() {
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared("faults").unwrap();
    let between = Between::start(cluster.folder());
    for fault in [ANSWER_LOST, SWALLOWED] {
        between.break_next(fault);
        let mut ledger = through(&fixture, &between, cluster);
        assert_eq!(between.fault.load(Ordering::SeqCst), PASS, "the fault was met");
        let ticket = ledger.ready(&sms(&format!("0A{fault}"), 0), fixture.now);
        let _ = ledger.end(ticket, accepted(), fixture.now);
        ledger.close(fixture.now).unwrap();
    }
    fixture.end_leases();
    assert_eq!(through(&fixture, &between, cluster).unclean_stops(), UncleanStops::default());
}

#[test]
fn of_a_server_that_is_killed_and_started_again_nothing_is_lost_and_no_run_ends() {
    /// Records of each run, in groups.
    const GROUPS: usize = 60;
    const GROUP: usize = 16;
    let Some(server) = Cluster::prepare("a server that is killed") else { return };
    let cluster = server.start();
    let locks = tempfile::tempdir().unwrap();
    migrate(&mut connect(&by_socket(&cluster, "postgres")).unwrap(), &Schema::named("ledger")).unwrap();
    let now = crate::ledger::tests::at(0);
    let socket = by_socket(&cluster, "postgres");
    let open = || {
        let server = socket.clone();
        let access = Access {
            name: "the test's".to_owned(),
            connect: Box::new(move |_| connect(&server)),
            schema: Schema::named("ledger"),
            locks: locks.path().into(),
            lease: Duration::from_secs(60),
            patience: Duration::from_secs(60),
            keep: REMEMBERED,
            durability: Durability::Strict,
        };
        Ledger::over(Box::new(PostgresStore::open(access, &account("abcd1234"), 64, now).unwrap()))
    };
    let done = AtomicUsize::new(0);
    let work = &|name: usize| {
        let mut ledger = open();
        for group in 0..GROUPS {
            let records: Vec<_> = (0..GROUP).map(|n| sms(&format!("id-{name}-{group}-{n}"), 0)).collect();
            let entries = ledger.record(&records, now).unwrap();
            let tickets = entries.recorded.into_iter().map(|recorded| (ready(recorded), accepted()));
            assert_eq!(ledger.settle(tickets.collect(), now).unwrap(), Released::default());
            done.fetch_add(1, Ordering::SeqCst);
        }
        ledger.close(now).unwrap();
    };
    thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|name| scope.spawn(move || work(name))).collect();
        for kill in 1..=3 {
            while done.load(Ordering::SeqCst) < kill * GROUPS / 2 && runs.iter().any(|run| !run.is_finished()) {
                thread::yield_now();
            }
            cluster.crash();
            cluster.start_again();
        }
        for run in runs {
            run.join().unwrap();
        }
    });
    let states = cluster.sql("postgres", "SELECT state, count(*) FROM ledger.conversion GROUP BY state");
    assert_eq!(states, format!("2|{}", 3 * GROUPS * GROUP), "each accepted, and each once");
}

#[test]
fn others_may_be_in_the_way_more_often_than_a_few_times() {
    let Some(fixture) = Fixture::on_server() else { return };
    let cluster = Cluster::shared("others_may_be_in_the_way_more_often_than_a_few_times").unwrap();
    let mut ledger = fixture.open();
    let schema = ledger_schema(&fixture);
    // A sequence does not go back with the transaction that fails.
    cluster.sql(
        "postgres",
        &format!(
            "CREATE SEQUENCE {schema}.met;
             CREATE FUNCTION {schema}.conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('{schema}.met') <= 40 THEN RAISE EXCEPTION USING ERRCODE = '40001'; END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER conflict BEFORE INSERT ON {schema}.conversion FOR EACH ROW
                 EXECUTE FUNCTION {schema}.conflict()"
        ),
    );
    let ticket = ledger.ready(&sms("0A", 0), fixture.now);
    assert_eq!(cluster.sql("postgres", &format!("SELECT last_value FROM {schema}.met")), "41", "each was met");
    let _ = ledger.end(ticket, accepted(), fixture.now);
}

pub(super) fn ledger_schema(fixture: &Fixture) -> String {
    fixture.access("one").schema.text("@").replace(['"', '.'], "")
}
