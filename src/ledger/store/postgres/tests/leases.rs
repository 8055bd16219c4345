//! Leases: rows of a run that is silent for too long are taken over, once, and the run that comes back does no harm.

use std::time::Duration;

use crate::ledger::store::postgres::{Access, PostgresStore};
use crate::ledger::store::{Lease, Store as _};
use crate::ledger::tests::{Fixture, accepted, account, ids, sms};
use crate::ledger::{Due, Known, Ledger, Recorded, Released, UncleanStops};

/// A lease that has ended when it begins.
const NO_TIME: Duration = Duration::ZERO;

fn open(fixture: &Fixture, machine: &str, lease: Duration) -> Ledger {
    let access = Access { lease, ..fixture.access(machine) };
    Ledger::over(Box::new(PostgresStore::open(access, &account("abcd1234"), 64, fixture.now).unwrap()))
}

fn pass(lease: Duration) {
    crate::clock::sleep(lease + Duration::from_millis(50));
}

#[test]
fn a_run_of_another_machine_is_alive_until_its_lease_ends() {
    let Some(fixture) = Fixture::on_server() else { return };
    let lease = Duration::from_secs(2);
    let (mut far, mut near) = (open(&fixture, "far", lease), open(&fixture, "near", Duration::from_secs(30)));
    let _lost = far.ready(&sms("0A", 0), fixture.now);
    far.crash();
    assert_eq!(near.adopted(Due::Everything, fixture.now), []);
    pass(lease);
    assert_eq!(ids(&near.adopted(Due::Everything, fixture.now)), ["0A"]);
    assert_eq!(near.unclean_stops(), UncleanStops::default(), "it died later");
    near.close(fixture.now).unwrap();
    assert_eq!(open(&fixture, "near", lease).unclean_stops(), UncleanStops { runs: 1, repeats: 64 });
}

#[test]
fn a_run_whose_rows_were_taken_over_settles_nothing_and_goes_on_under_another_number() {
    let Some(fixture) = Fixture::on_server() else { return };
    let (mut late, mut other) =
        (open(&fixture, "late", NO_TIME), open(&fixture, "other", Duration::from_secs(30)));
    // As if it had been stopped: its lease was long enough when it recorded.
    let ticket = {
        let mut long = open(&fixture, "late", Duration::from_secs(1));
        let ticket = long.ready(&sms("0A", 0), fixture.now);
        pass(Duration::from_secs(1));
        let taken = other.adopted(Due::Everything, fixture.now);
        assert_eq!(ids(&taken), ["0A"]);
        let row = ticket.row();
        let released = long.settle(vec![(ticket, accepted())], fixture.now).unwrap();
        assert_eq!(released, Released { taken_over: vec![row], ..Released::default() });
        assert_eq!(long.beat().unwrap(), Lease::Lost);
        assert!(matches!(long.beat().unwrap(), Lease::Until(_)));
        taken.into_iter().next().unwrap()
    };
    let _ = other.end(ticket, accepted(), fixture.now);
    assert_eq!(other.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Accepted));
    pass(NO_TIME);
    assert!(late.record(&[sms("0B", 0)], fixture.now).is_err(), "no lease lasts long enough for it to record");
    assert!(matches!(other.enter(&sms("0B", 0), fixture.now), Recorded::Ready(_)), "it recorded nothing");
}

#[test]
fn what_nobody_has_taken_over_is_settled_after_the_lease_was_lost() {
    let Some(fixture) = Fixture::on_server() else { return };
    let lease = Duration::from_secs(1);
    let mut late = open(&fixture, "late", lease);
    let ticket = late.ready(&sms("0A", 0), fixture.now);
    pass(lease);
    assert_eq!(late.end(ticket, accepted(), fixture.now), Released::default());
    assert_eq!(late.enter(&sms("0A", 0), fixture.now), Recorded::Known(sms("0A", 0), Known::Accepted));
}

#[test]
fn a_lease_is_renewed_before_it_ends() {
    let Some(fixture) = Fixture::on_server() else { return };
    let access = Access { lease: Duration::from_secs(2), ..fixture.access("one") };
    let mut store = PostgresStore::open(access, &account("abcd1234"), 64, fixture.now).unwrap();
    let Lease::Until(first) = store.beat().unwrap() else { panic!("a lease") };
    assert_eq!(store.beat().unwrap(), Lease::Until(first));
    crate::clock::sleep(Duration::from_millis(500));
    let Lease::Until(second) = store.beat().unwrap() else { panic!("a lease") };
    assert!(second >= first + Duration::from_millis(400), "{first:?}, then {second:?}");
}
