//! The engine stepped by hand: no thread, no wait, and any time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Engine, GLANCE, Happened};
use crate::domain::{
    Channel, CodeEvent, Conversion, Delivered, ErrorCode, Happening, MessageId, Outcome, Reached, Record,
    TimeSource,
};
use crate::ledger::{CodeRules, Effort, Ledger, Origin, Recorded, Settlement};
use crate::pipeline::deadlines::Input;
use crate::pipeline::gate::Gate;
use crate::pipeline::job::{Attempt, Job};
use crate::pipeline::tests::{Heard, LIMITS, account, after, plan, record};
use crate::pipeline::{
    Adopt, AtEnd, Event, Item, Limits, Listener, ListenerGone, Outbox, RunPlan, State, Stopped, Tracking,
};
use crate::transport::{Cause, ConnectionAge, Phase, Sent, TransportError};
use crate::wire::{Body, BodyEnd, Reply};

const ONE: Limits = Limits { jobs: 1, ..LIMITS };

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn arrives(arrived: impl IntoIterator<Item = Item>, input: Input) -> Happened {
    Happened { arrived: arrived.into_iter().collect(), input, returned: Vec::new(), interrupted: false }
}

fn nothing(input: Input) -> Happened {
    arrives([], input)
}

fn returns(returned: impl IntoIterator<Item = (Job, Option<Attempt>)>) -> Happened {
    Happened { returned: returned.into_iter().collect(), ..nothing(Input::Ended) }
}

fn tried(job: Job, at: Duration, result: Result<Reply, TransportError>) -> (Job, Option<Attempt>) {
    (job, Some(Attempt { at: after(at).wall, began: at, ended: at, result }))
}

fn answered(job: Job, at: Duration, status: u16) -> (Job, Option<Attempt>) {
    let body = Body::new(b"OK".to_vec(), None, None, BodyEnd::Reached);
    tried(job, at, Ok(Reply { status, retry_after: None, body }))
}

fn failed(job: Job, at: Duration, sent: Sent, cause: Cause) -> (Job, Option<Attempt>) {
    tried(job, at, Err(TransportError { sent, cause, connection: ConnectionAge::Fresh }))
}

/// The only job that is to be sent now.
#[track_caller]
fn only_job(engine: &mut Engine<'_>, now: Duration) -> Job {
    let mut start = engine.orders(now).start;
    assert_eq!(start.len(), 1);
    start.remove(0)
}

fn durable(folder: &Path) -> Outbox {
    Outbox::Durable(Box::new(
        Ledger::open(&folder.join("ledger.db"), &account(), 1, after(seconds(0)).wall).unwrap(),
    ))
}

/// Lines and codes of the results; no code where it was accepted.
fn came_to(heard: &Heard) -> Vec<(u64, Option<ErrorCode>)> {
    heard.0.iter().map(|result| (result.line, result.outcome.failure().map(|failure| failure.code))).collect()
}

#[test]
fn a_step_records_what_arrives_and_the_next_orders_send_it() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(Outbox::Off, plan(ONE), &gate, &mut heard, after(seconds(0)));
    let orders = engine.orders(seconds(0));
    assert_eq!((orders.start.len(), orders.in_flight, orders.room, orders.wait), (0, 0, 1024, GLANCE));
    engine.step(arrives([record(1)], Input::Flows), after(seconds(1)));
    let mut orders = engine.orders(seconds(1));
    assert_eq!((orders.start.len(), orders.in_flight, orders.room), (1, 1, 1023));
    engine.step(nothing(Input::Ended), after(seconds(1)));
    assert!(!engine.is_over(), "one is under way");
    engine.step(returns([answered(orders.start.remove(0), seconds(2), 200)]), after(seconds(2)));
    assert!(engine.is_over() && !engine.is_stopped());
    assert_eq!(engine.end(after(seconds(2)).wall), None);
    assert_eq!(came_to(&heard), [(1, None)]);
}

#[test]
fn a_deadline_that_passes_ends_the_sending_and_waits_for_what_is_under_way() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let limits = Limits { deadline: Some(seconds(10)), ..ONE };
    let mut engine = Engine::new(Outbox::Off, plan(limits), &gate, &mut heard, after(seconds(5)));
    engine.step(arrives([record(1), record(2)], Input::Flows), after(seconds(5)));
    let job = only_job(&mut engine, seconds(5));
    engine.step(nothing(Input::Rests), after(Duration::from_millis(14_999)));
    assert!(!engine.is_stopped() && !gate.is_closed());
    engine.step(nothing(Input::Rests), after(seconds(15)));
    assert!(engine.is_stopped() && gate.is_closed() && !engine.is_over());
    let orders = engine.orders(seconds(15));
    assert_eq!((orders.start.len(), orders.room), (0, 0));
    engine.step(returns([answered(job, seconds(16), 200)]), after(seconds(16)));
    assert!(engine.is_over());
    engine.take_the_rest(vec![record(3)], after(seconds(16)).wall);
    assert_eq!(engine.end(after(seconds(16)).wall), Some(Stopped::DeadlinePassed));
    let unsent = Some(ErrorCode::Interrupted);
    assert_eq!(came_to(&heard), [(2, unsent), (1, None), (3, unsent)]);
}

#[test]
fn an_interruption_does_not_turn_maybe_sent_into_not_sent() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(Outbox::Off, plan(ONE), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives([record(1), record(2)], Input::Flows), after(seconds(0)));
    let job = only_job(&mut engine, seconds(0));
    engine.step(Happened { interrupted: true, ..nothing(Input::Flows) }, after(seconds(1)));
    assert!(gate.is_closed() && !engine.is_over(), "it waits for what is in flight");
    let timed_out = failed(job, seconds(2), Sent::Maybe, Cause::Timeout(Phase::Exchange));
    engine.step(Happened { interrupted: true, ..returns([timed_out]) }, after(seconds(2)));
    assert!(engine.is_over());
    assert_eq!(engine.end(after(seconds(2)).wall), Some(Stopped::Interrupted));
    let reached = heard.0.iter().map(|result| result.outcome.failure().unwrap().reached_server);
    assert_eq!(reached.collect::<Vec<_>>(), [Reached::No, Reached::Unknown]);
    assert_eq!(came_to(&heard), [(2, Some(ErrorCode::Interrupted)), (1, Some(ErrorCode::Timeout))]);
}

#[test]
fn what_comes_back_untouched_after_a_stop_is_as_if_it_had_not_been_handed_out() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(Outbox::Off, plan(ONE), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives([record(1)], Input::Flows), after(seconds(0)));
    let job = only_job(&mut engine, seconds(0));
    engine.has_no_thread("no thread".to_owned());
    engine.step(returns([(job, None)]), after(seconds(1)));
    assert!(engine.is_over());
    assert_eq!(engine.end(after(seconds(1)).wall), Some(Stopped::NoThread("no thread".to_owned())));
    assert_eq!((came_to(&heard), heard.0[0].attempts), (vec![(1, Some(ErrorCode::Interrupted))], 0));
}

#[test]
fn a_429_closes_the_gate_and_the_next_job_opens_it() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(Outbox::Off, plan(ONE), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives([record(1)], Input::Flows), after(seconds(0)));
    let job = only_job(&mut engine, seconds(0));
    engine.step(returns([answered(job, seconds(0), 429)]), after(seconds(0)));
    assert!(gate.is_closed() && engine.orders(Duration::from_millis(999)).start.is_empty());
    let job = only_job(&mut engine, seconds(2));
    assert!(!gate.is_closed());
    engine.step(returns([answered(job, seconds(2), 200)]), after(seconds(2)));
    assert!(engine.is_over() && !gate.is_closed());
}

#[test]
fn a_rate_is_kept_by_the_time_at_which_jobs_are_handed_out() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let limits = Limits { interval: Some(seconds(1)), ..LIMITS };
    let mut engine = Engine::new(Outbox::Off, plan(limits), &gate, &mut heard, after(seconds(0)));
    // The disk takes two seconds to sync.
    engine.step(arrives((1..4).map(record), Input::Flows), after(seconds(0)));
    let job = only_job(&mut engine, seconds(2));
    engine.step(returns([answered(job, seconds(2), 200)]), after(seconds(2)));
    let orders = engine.orders(Duration::from_millis(2999));
    assert_eq!((orders.start.len(), orders.wait), (0, Duration::from_millis(1)));
    only_job(&mut engine, seconds(3));
}

#[test]
fn what_an_earlier_run_left_is_adopted_beside_flowing_input_and_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let Outbox::Durable(mut crashed) = durable(folder.path()) else { panic!() };
    let Item::Record(left) = record(100) else { panic!() };
    let _ = crashed.record(&[left], after(seconds(0)).wall).unwrap();
    drop(crashed);
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let plan = RunPlan { adopt: Adopt::Due, ..plan(ONE) };
    let mut engine = Engine::new(durable(folder.path()), plan, &gate, &mut heard, after(seconds(10)));
    engine.step(arrives((1..4).map(record), Input::Flows), after(Duration::from_millis(11_999)));
    let first = only_job(&mut engine, seconds(12));
    assert_eq!(first.record().line, 1, "new input has two seconds for itself");
    let flows = Happened { input: Input::Flows, ..returns([answered(first, seconds(12), 200)]) };
    engine.step(flows, after(seconds(12)));
    let adopted = only_job(&mut engine, seconds(12));
    assert_eq!(adopted.record().line, 100);
    engine.step(returns([answered(adopted, seconds(12), 200)]), after(seconds(12)));
    for line in [2, 3] {
        let job = only_job(&mut engine, seconds(13));
        assert_eq!(job.record().line, line);
        engine.step(returns([answered(job, seconds(13), 200)]), after(seconds(13)));
    }
    // A last search, now that the input has ended, may be all that is left to do.
    engine.step(nothing(Input::Ended), after(seconds(14)));
    assert!(engine.is_over());
    assert_eq!(engine.end(after(seconds(14)).wall), None);
    let origins: Vec<_> = heard.0.iter().map(|result| result.origin).collect();
    assert_eq!(origins, [Origin::Input, Origin::Adopted, Origin::Input, Origin::Input]);
}

#[test]
fn what_waits_behind_another_runs_value_goes_as_soon_as_that_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let Outbox::Durable(mut other) = durable(folder.path()) else { panic!("it is durable") };
    let Item::Record(first) = record(1) else { panic!("it is one") };
    let now = after(seconds(0));
    let value = |delivered, seconds| {
        let timestamp = now.wall.after(Duration::from_secs(seconds));
        let conversion = Conversion { delivered, timestamp, ..first.conversion.clone() };
        Record { conversion, time: TimeSource::Given, ..first.clone() }
    };
    let Recorded::Ready(ticket) =
        other.record(&[value(Delivered::False, 0)], now.wall).unwrap().recorded.remove(0)
    else {
        panic!("nothing is before it")
    };
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(durable(folder.path()), plan(ONE), &gate, &mut heard, now);
    engine.step(arrives([Item::Record(value(Delivered::True, 1))], Input::Flows), now);
    assert!(engine.orders(seconds(0)).start.is_empty());
    let accepted = Settlement::Accepted { http_status: 200, effort: Effort { attempts: 1, ambiguous_resends: 0 } };
    let _ = other.settle(vec![(ticket, accepted)], now.wall).unwrap();
    let [before, then] = [99, 100].map(Duration::from_millis);
    engine.step(nothing(Input::Flows), after(before));
    assert!(engine.orders(before).start.is_empty());
    engine.step(nothing(Input::Flows), after(then));
    assert_eq!(only_job(&mut engine, then).record().conversion.delivered, Delivered::True);
}

#[test]
fn a_code_expires_while_the_input_rests() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let tracking = Some(Tracking {
        rules: CodeRules { lasts: seconds(600), parts_within: seconds(10) },
        at_end: AtEnd::Keep,
    });
    let plan = RunPlan { tracking, ..plan(ONE) };
    let mut engine = Engine::new(durable(folder.path()), plan, &gate, &mut heard, after(seconds(0)));
    let sent = CodeEvent {
        source: 0,
        line: 1,
        reference: None,
        happening: Happening::Sent,
        message_id: MessageId::parse("0A").unwrap(),
        channel: Some(Channel::Sms),
        timestamp: after(seconds(0)).wall,
        time: TimeSource::Given,
        doubts: Vec::new(),
        raw: Vec::new(),
    };
    engine.step(arrives([Item::Event(sent)], Input::Flows), after(seconds(0)));
    // A quarter of the time that a code lasts is left for lines that are out of order.
    engine.step(nothing(Input::Rests), after(seconds(750)));
    assert!(engine.orders(seconds(750)).start.is_empty());
    engine.step(nothing(Input::Flows), after(seconds(751)));
    assert!(engine.orders(seconds(751)).start.is_empty(), "more is being read, and may say that it was used");
    engine.step(nothing(Input::Rests), after(seconds(751)));
    let job = only_job(&mut engine, seconds(751));
    let conversion = &job.record().conversion;
    assert_eq!((conversion.delivered, conversion.timestamp), (Delivered::False, after(seconds(600)).wall));
    engine.step(returns([answered(job, seconds(751), 200)]), after(seconds(751)));
    assert!(engine.is_over());
}

#[test]
fn what_a_full_disk_does_not_let_be_settled_is_not_called_accepted_and_ends_the_sending() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let limits = Limits { jobs: 2, retries: 0, ..LIMITS };
    let mut engine = Engine::new(durable(folder.path()), plan(limits), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives((1..=100).map(record), Input::Flows), after(seconds(0)));
    let first = only_job(&mut engine, seconds(0));
    engine.step(returns([answered(first, seconds(1), 200)]), after(seconds(1)));
    let Outbox::Durable(ledger) = &engine.outbox else { panic!() };
    ledger.leave_no_room();
    let mut start = engine.orders(seconds(1)).start;
    let larger_than_a_page = Cause::Connect("127.0.0.1:9".to_owned(), "x".repeat(10_000));
    let returned = [
        answered(start.remove(0), seconds(2), 200),
        failed(start.remove(0), seconds(2), Sent::No, larger_than_a_page),
    ];
    engine.step(returns(returned), after(seconds(2)));
    engine.step(returns(start.into_iter().map(|job| (job, None))), after(seconds(2)));
    assert!(gate.is_closed() && engine.is_over() && engine.orders(seconds(3)).start.is_empty());
    let stopped = engine.end(after(seconds(3)).wall);
    assert!(matches!(stopped, Some(Stopped::LedgerFailed(_))), "{stopped:?}");
    let came_to = came_to(&heard);
    let kept = |code| Some(code);
    assert_eq!(came_to[..3], [(1, None), (2, kept(ErrorCode::Interrupted)), (3, kept(ErrorCode::Connect))]);
    assert!(came_to.len() == 100 && came_to[3..].iter().all(|(_, code)| *code == kept(ErrorCode::Interrupted)));
}

#[test]
fn what_a_full_disk_does_not_let_be_recorded_is_reported_as_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = durable(folder.path());
    if let Outbox::Durable(ledger) = &outbox {
        ledger.leave_no_room();
    }
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let mut engine = Engine::new(outbox, plan(LIMITS), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives((1..=2000).map(record), Input::Flows), after(seconds(0)));
    let stopped = engine.end(after(seconds(0)).wall);
    assert!(matches!(stopped, Some(Stopped::RecordingFailed(_))), "{stopped:?}");
    assert_eq!(heard.0.len(), 2000);
    for result in &heard.0 {
        assert_eq!(result.outcome.failure().unwrap().code, ErrorCode::NotRecorded);
    }
}

/// A listener whose reader goes away after the first result.
struct Leaves(Vec<Outcome>);

impl Listener for Leaves {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        if let Event::Settled(result) = event {
            self.0.push(result.outcome);
        }
        Err(ListenerGone)
    }

    fn turn(&mut self, _: State) -> Result<(), ListenerGone> {
        Ok(())
    }
}

#[test]
fn where_the_listener_goes_away_nothing_more_is_sent() {
    let (gate, mut leaves) = (Gate::default(), Leaves(Vec::new()));
    let mut engine = Engine::new(Outbox::Off, plan(ONE), &gate, &mut leaves, after(seconds(0)));
    engine.step(arrives([record(1), record(2)], Input::Flows), after(seconds(0)));
    let job = only_job(&mut engine, seconds(0));
    engine.step(returns([answered(job, seconds(1), 200)]), after(seconds(1)));
    assert!(engine.is_over() && engine.orders(seconds(1)).start.is_empty());
    assert_eq!(engine.end(after(seconds(1)).wall), Some(Stopped::OutputGone));
    assert!(matches!(leaves.0[..], [Outcome::Accepted, Outcome::Retry(_)]), "{:?}", leaves.0);
}

/// A plan whose groups wait for more.
fn lingering(limits: Limits) -> RunPlan {
    RunPlan { linger: Duration::from_millis(20), ..plan(limits) }
}

/// A run in steps, and how many groups it has written.
fn counted(ledger: Ledger) -> (Outbox, impl Fn() -> usize) {
    let groups = Arc::clone(&ledger.groups);
    (Outbox::Durable(Box::new(ledger)), move || groups.load(Ordering::Relaxed))
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn while_input_flows_a_group_waits_for_more_and_is_recorded_when_its_time_has_come() {
    for (linger, expected) in [(millis(20), 1), (Duration::ZERO, 4)] {
        let (gate, mut heard) = (Gate::default(), Heard::default());
        let (outbox, groups) = counted(Ledger::in_memory(&account()));
        let plan = RunPlan { linger, ..plan(LIMITS) };
        let mut engine = Engine::new(outbox, plan, &gate, &mut heard, after(seconds(0)));
        for (line, at) in [(1, 0), (2, 5), (3, 12), (4, 19)] {
            let room = engine.orders(millis(at)).room;
            engine.step(arrives([record(line)], Input::Flows), after(millis(at)));
            let orders = engine.orders(millis(at));
            assert_eq!(orders.room, room - 1, "what waits has its place");
            assert!(linger.is_zero() || (orders.start.is_empty() && orders.wait == millis(20 - at)));
        }
        engine.step(nothing(Input::Rests), after(millis(20)));
        assert_eq!(groups(), expected, "groups, with {linger:?}");
    }
}

#[test]
fn the_last_group_and_one_that_is_full_wait_for_nothing() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let (outbox, groups) = counted(Ledger::in_memory(&account()));
    let mut engine = Engine::new(outbox, lingering(LIMITS), &gate, &mut heard, after(seconds(0)));
    let room = u64::try_from(engine.orders(seconds(0)).room).unwrap();
    engine.step(arrives((0..room).map(record), Input::Flows), after(seconds(0)));
    assert_eq!(groups(), 1, "there is no room for more");
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let (outbox, groups) = counted(Ledger::in_memory(&account()));
    let mut engine = Engine::new(outbox, lingering(LIMITS), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives([record(1)], Input::Flows), after(seconds(0)));
    assert_eq!(groups(), 0);
    engine.step(nothing(Input::Ended), after(seconds(0)));
    assert_eq!((groups(), engine.orders(seconds(0)).start.len()), (1, 1));
}

#[test]
fn what_waits_to_be_recorded_when_a_run_is_interrupted_is_recorded_and_not_sent() {
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let (outbox, groups) = counted(Ledger::in_memory(&account()));
    let mut engine = Engine::new(outbox, lingering(LIMITS), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives([record(1)], Input::Flows), after(seconds(0)));
    engine.step(Happened { interrupted: true, ..nothing(Input::Flows) }, after(millis(1)));
    assert!(engine.is_over() && groups() == 2, "it was recorded, and put back");
    assert_eq!(engine.end(after(millis(1)).wall), Some(Stopped::Interrupted));
    assert_eq!(came_to(&heard), [(1, Some(ErrorCode::Interrupted))]);
}

#[test]
fn what_has_come_back_is_settled_with_what_comes_back_a_little_later() {
    let limits = Limits { jobs: 2, ..LIMITS };
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let (outbox, groups) = counted(Ledger::in_memory(&account()));
    let mut engine = Engine::new(outbox, lingering(limits), &gate, &mut heard, after(seconds(0)));
    let mut jobs = Vec::new();
    engine.step(arrives((0..8).map(record), Input::Flows), after(seconds(0)));
    engine.step(nothing(Input::Flows), after(millis(20)));
    let first = only_job(&mut engine, millis(20));
    engine.step(
        Happened { returned: vec![answered(first, millis(20), 200)], ..nothing(Input::Flows) },
        after(millis(20)),
    );
    jobs.extend(engine.orders(millis(20)).start);
    assert_eq!(jobs.len(), 7, "all at once, at full speed");
    let before = groups();
    for (at, job) in [21, 25, 32].into_iter().zip(jobs.drain(..3)) {
        engine.step(
            Happened { returned: vec![answered(job, millis(at), 200)], ..nothing(Input::Flows) },
            after(millis(at)),
        );
        assert!(engine.orders(millis(at)).wait <= millis(41 - at));
    }
    assert_eq!(groups(), before, "others are under way");
    engine.step(nothing(Input::Flows), after(millis(41)));
    assert_eq!(groups(), before + 1);
    // The last is settled at once.
    let last = jobs.drain(..).map(|job| answered(job, millis(50), 200)).collect();
    engine.step(Happened { returned: last, ..nothing(Input::Flows) }, after(millis(50)));
    assert_eq!(groups(), before + 2);
    drop(engine);
    assert_eq!(heard.0.len(), 8);
}

#[test]
fn what_is_not_settled_yet_keeps_its_place_below_the_in_flight_limit() {
    let limits = Limits { jobs: 2, ..LIMITS };
    let (gate, mut heard) = (Gate::default(), Heard::default());
    let (outbox, groups) = counted(Ledger::in_memory(&account()));
    let mut engine = Engine::new(outbox, lingering(limits), &gate, &mut heard, after(seconds(0)));
    engine.step(arrives((0..200).map(record), Input::Flows), after(seconds(0)));
    engine.step(nothing(Input::Flows), after(millis(20)));
    let first = only_job(&mut engine, millis(20));
    let back = vec![answered(first, millis(20), 200)];
    engine.step(Happened { returned: back, ..nothing(Input::Flows) }, after(millis(20)));
    let mut jobs = engine.orders(millis(20)).start;
    let (limit, before) = (limits.max_unsettled(), groups());
    assert_eq!(jobs.len(), limit);
    let back = jobs.drain(..20).map(|job| answered(job, millis(21), 200)).collect();
    engine.step(Happened { returned: back, ..nothing(Input::Flows) }, after(millis(21)));
    assert_eq!((groups(), engine.orders(millis(21)).start.len()), (before, 0));
    // Half of the limit is settled without waiting, so that the senders always have something.
    let back = jobs.drain(..limit / 2 - 20).map(|job| answered(job, millis(22), 200)).collect();
    engine.step(Happened { returned: back, ..nothing(Input::Flows) }, after(millis(22)));
    assert_eq!((groups(), engine.orders(millis(22)).start.len()), (before + 1, limit / 2));
}

#[test]
fn what_another_value_of_the_message_id_waits_for_is_settled_at_once() {
    let limits = Limits { jobs: 2, ..LIMITS };
    let later = |line| {
        let Item::Record(record) = record(line) else { panic!("a record") };
        let timestamp = after(seconds(60)).wall;
        Item::Record(Record { conversion: Conversion { timestamp, ..record.conversion }, ..record })
    };
    for (waits, settled) in [(true, 1), (false, 0)] {
        let (gate, mut heard) = (Gate::default(), Heard::default());
        let (outbox, groups) = counted(Ledger::in_memory(&account()));
        let mut engine = Engine::new(outbox, lingering(limits), &gate, &mut heard, after(seconds(0)));
        let second = waits.then(|| later(1));
        engine.step(
            arrives([record(0), record(1), record(2)].into_iter().chain(second), Input::Flows),
            after(seconds(0)),
        );
        engine.step(nothing(Input::Flows), after(millis(20)));
        let first = only_job(&mut engine, millis(20));
        let back = vec![answered(first, millis(20), 200)];
        engine.step(Happened { returned: back, ..nothing(Input::Flows) }, after(millis(20)));
        let mut jobs = engine.orders(millis(20)).start;
        let before = groups();
        let back = vec![answered(jobs.remove(0), millis(21), 200)];
        engine.step(Happened { returned: back, ..nothing(Input::Flows) }, after(millis(21)));
        assert_eq!(groups() - before, settled);
        assert_eq!(engine.orders(millis(21)).start.len(), settled, "the later value goes");
    }
}
