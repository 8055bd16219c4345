//! A run that cannot find out what it has done: it does not do it again as if nothing had been.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::by_socket;
use super::faults::{ANSWER_LOST, Between, LATER_ANSWER_LOST, LONE_ANSWER_LOST, PASS, ledger_schema};
use super::support::Cluster;
use crate::domain::{HostAddress, ServerHost};
use crate::ledger::store::Lease;
use crate::ledger::store::postgres::{Access, PostgresStore, connect};
use crate::ledger::tests::{Fixture, accepted, account, ids, sms};
use crate::ledger::{Due, Known, Ledger, Recorded, Released};

/// A run whose server is waited for no longer than one try, and that finds nobody there when it connects the next `away` times.
struct Impatient {
    fixture: Fixture,
    between: Between,
    away: Arc<AtomicUsize>,
    cluster: &'static Cluster,
}

impl Impatient {
    fn start() -> Option<Self> {
        let fixture = Fixture::on_server()?;
        let cluster = Cluster::shared("doubts")?;
        let between = Between::start(cluster.folder());
        Some(Self { fixture, between, away: Arc::default(), cluster })
    }

    fn open(&self) -> Ledger {
        let (here, nowhere) = (self.between.folder.path().to_owned(), self.between.folder.path().join("nowhere"));
        let (away, cluster) = (Arc::clone(&self.away), self.cluster);
        let access = Access {
            connect: Box::new(move |_| {
                let take = |left: usize| left.checked_sub(1);
                let is_away = away.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
                let folder = if is_away { &nowhere } else { &here };
                let mut server = by_socket(cluster, "postgres");
                let address = HostAddress::Socket(folder.clone());
                server.hosts = vec![ServerHost { address, port: 5432, password: None }];
                connect(&server)
            }),
            patience: Duration::ZERO,
            ..self.fixture.access("one")
        };
        Ledger::over(Box::new(PostgresStore::open(access, &account("abcd1234"), 64, self.fixture.now).unwrap()))
    }

    /// The next answer of this kind is lost, and then the server is away so many times.
    fn lose(&self, answer: usize, away: usize) {
        self.between.break_next(answer);
        self.away.store(away, Ordering::SeqCst);
    }

    fn assert_met(&self) {
        assert_eq!(self.between.fault.load(Ordering::SeqCst), PASS, "the answer was lost");
        assert_eq!(self.away.load(Ordering::SeqCst), 0, "the server was away");
    }

    fn sql(&self, text: &str) {
        self.cluster.sql("postgres", &text.replace('@', &format!("{}.", ledger_schema(&self.fixture))));
    }
}

#[test]
fn a_commit_that_cannot_be_asked_about_is_not_done_again_as_if_its_rows_had_been_there_before() {
    let Some(run) = Impatient::start() else { return };
    let now = run.fixture.now;
    let mut ledger = run.open();
    for (id, answer) in [("0A", ANSWER_LOST), ("0B", LATER_ANSWER_LOST)] {
        if answer == LATER_ANSWER_LOST {
            let first = ledger.ready(&sms(id, 0), now);
            let _ = ledger.end(first, accepted(), now);
        }
        run.lose(answer, 1);
        assert!(ledger.record(&[sms(id, 10)], now).is_err(), "{id}: nobody knows");
        run.assert_met();
    }
    // It was recorded, and whoever comes next sends it.
    ledger.crash();
    run.fixture.end_leases();
    assert_eq!(ids(&run.open().adopted(Due::Everything, now)), ["0A", "0B"]);
}

#[test]
fn nor_is_one_where_others_are_in_the_way_of_the_question() {
    let Some(run) = Impatient::start() else { return };
    let mut ledger = run.open();
    run.sql(
        "CREATE FUNCTION @in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF EXISTS (SELECT 1 FROM @done WHERE run = NEW.run AND serial = NEW.serial) THEN
                 RAISE EXCEPTION USING ERRCODE = '40001';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER in_the_way BEFORE INSERT ON @done FOR EACH ROW EXECUTE FUNCTION @in_the_way()",
    );
    run.lose(ANSWER_LOST, 0);
    assert!(ledger.record(&[sms("0A", 0)], run.fixture.now).is_err(), "nobody knows");
    run.assert_met();
}

#[test]
fn what_is_tidied_up_before_a_transaction_may_fail_without_it() {
    let Some(run) = Impatient::start() else { return };
    let now = run.fixture.now;
    let mut ledger = run.open();
    run.sql(
        "CREATE SEQUENCE @failed;
         CREATE FUNCTION @fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             PERFORM nextval('@failed');
             RAISE EXCEPTION USING ERRCODE = '40001';
         END $$;
         CREATE TRIGGER fail BEFORE DELETE ON @done FOR EACH ROW EXECUTE FUNCTION @fail()",
    );
    for n in 0..70 {
        let ticket = ledger.ready(&sms(&format!("0A{n}"), 0), now);
        assert_eq!(ledger.end(ticket, accepted(), now), Released::default());
    }
    let failed =
        run.cluster.sql("postgres", &format!("SELECT last_value FROM {}.failed", ledger_schema(&run.fixture)));
    assert_eq!(failed, "2");
}

#[test]
fn a_run_that_begins_anew_at_the_second_try_has_what_it_had() {
    let Some(run) = Impatient::start() else { return };
    let now = run.fixture.now;
    let mut ledger = run.open();
    let ticket = ledger.ready(&sms("0A", 0), now);
    run.fixture.end_leases();
    run.lose(LONE_ANSWER_LOST, 1);
    let other = ledger.ready(&sms("0B", 0), now);
    run.assert_met();
    assert_eq!(ledger.beat().unwrap(), Lease::Lost);
    for (id, ticket) in [("0A", ticket), ("0B", other)] {
        assert_eq!(ledger.end(ticket, accepted(), now), Released::default());
        assert_eq!(ledger.enter(&sms(id, 0), now), Recorded::Known(sms(id, 0), Known::Accepted));
    }
}
