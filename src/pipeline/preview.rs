//! The conversions that would follow from a log, with nothing sent and nothing kept.

use std::cell::Cell;
use std::time::Duration;

use super::deadlines::{Input, Tracking};
use super::engine::{Engine, Happened};
use super::event::{Event, Listener, ListenerGone, State, Stopped};
use super::gate::Gate;
use super::job::{Attempt, Job};
use super::looks::Adopt;
use super::now::Now;
use super::outbox::Outbox;
use super::plan::{Item, RefusedBefore, RunPlan};
use super::schedule::Limits;
use crate::clock;
use crate::domain::{ErrorCode, Outcome};
use crate::ledger::Ledger;
use crate::wire::{Body, BodyEnd, Reply};

/// One request at a time, so that conversions come in the order in which they follow.
const LIMITS: Limits =
    Limits { jobs: 1, retries: 0, retry_max_time: Duration::ZERO, interval: None, max_age: None, deadline: None };

/// Emits each conversion that would follow as a dry run. Codes are kept in a ledger that is thrown away. What would be sent counts as accepted, so that what waits behind it comes up too.
pub fn preview(
    mut items: impl Iterator<Item = Item>,
    ledger: Ledger,
    tracking: Tracking,
    listener: &mut dyn Listener,
) -> Option<Stopped> {
    let plan = RunPlan {
        limits: LIMITS,
        adopt: Adopt::Nothing,
        tracking: Some(tracking),
        refused_before: RefusedBefore::Fail,
        linger: Duration::ZERO,
    };
    let (gate, sends) = (Gate::default(), Cell::new(false));
    let mut listener = AsDryRun { listener, sends: &sends, held: Vec::new() };
    let mut engine = Engine::new(Outbox::Durable(Box::new(ledger)), plan, &gate, &mut listener, Now::read());
    let mut input = Input::Flows;
    while !engine.is_over() {
        let orders = engine.orders(clock::monotonic());
        if input == Input::Ended && orders.start.is_empty() && !orders.wait.is_zero() {
            // Codes that expire later are not waited for.
            break;
        }
        sends.set(!orders.start.is_empty());
        let returned: Vec<_> = orders.start.into_iter().map(accepted).collect();
        let mut arrived = None;
        if returned.is_empty() && input != Input::Ended {
            arrived = items.next();
            input = if arrived.is_some() { Input::Flows } else { Input::Ended };
        }
        let arrived = arrived.into_iter().collect();
        engine.step(Happened { arrived, input, returned, interrupted: false }, Now::read());
    }
    sends.set(false);
    engine.end(clock::now())
}

fn accepted(job: Job) -> (Job, Option<Attempt>) {
    let Now { monotonic, wall } = Now::read();
    let reply =
        Reply { status: 200, retry_after: None, body: Body::new(Vec::new(), None, None, BodyEnd::Reached) };
    (job, Some(Attempt { at: wall, began: monotonic, ended: monotonic, result: Ok(reply) }))
}

/// Passes on what a run emits, as if nothing had been sent.
struct AsDryRun<'a> {
    listener: &'a mut dyn Listener,
    /// There may be more to send: what can never be sent comes after it.
    sends: &'a Cell<bool>,
    held: Vec<Event>,
}

impl Listener for AsDryRun<'_> {
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
        let Event::Settled(result) = event else { return self.listener.hear(event) };
        match &result.outcome {
            Outcome::Accepted => self.listener.hear(Event::Settled(Box::new(result.into_dry_run()))),
            Outcome::Invalid(_) if self.sends.get() => {
                self.held.push(Event::Settled(result));
                Ok(())
            }
            // The log repeats it.
            Outcome::Skipped(failure) if failure.code == ErrorCode::AlreadyAccepted => Ok(()),
            Outcome::Rejected(_)
            | Outcome::Retry(_)
            | Outcome::Invalid(_)
            | Outcome::Skipped(_)
            | Outcome::DryRun => self.listener.hear(Event::Settled(result)),
        }
    }

    fn turn(&mut self, state: State) -> Result<(), ListenerGone> {
        if !self.sends.get() {
            self.held.drain(..).try_for_each(|event| self.listener.hear(event))?;
        }
        self.listener.turn(state)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::preview;
    use crate::clock;
    use crate::domain::{
        ApiKey, Channel, CodeEvent, Delivered, Happening, MessageId, Outcome, TimeSource, Timestamp,
    };
    use crate::ledger::{CodeRules, Ledger};
    use crate::pipeline::{AtEnd, Event, Item, Listener, ListenerGone, Notice, State, Subject, Tracking};

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Listener for Heard {
        fn hear(&mut self, event: Event) -> Result<(), ListenerGone> {
            match event {
                Event::Settled(result) => self.0.push(match (result.subject, result.outcome) {
                    (Subject::Conversion(conversion, _), Outcome::DryRun) => {
                        let delivered = conversion.delivered == Delivered::True;
                        format!("{} {delivered}", conversion.message_id)
                    }
                    (_, outcome) => format!("line {}: {}", result.line, outcome.failure().unwrap().message),
                }),
                Event::Notice(Notice::Input(text)) => self.0.push(text),
                Event::Notice(notice) => panic!("{notice:?}"),
                Event::Tracked(_) | Event::OpenCodes(_) | Event::LeftOver(_) | Event::Stopped(_) => {}
            }
            Ok(())
        }

        fn turn(&mut self, _: State) -> Result<(), ListenerGone> {
            Ok(())
        }
    }

    fn follows(log: impl IntoIterator<Item = Item>, at_end: AtEnd) -> Vec<String> {
        let account = ApiKey::parse("abcd1234").unwrap().fingerprint();
        let ledger = Ledger::in_memory(&account);
        let tracking = Tracking {
            rules: CodeRules { lasts: Duration::from_secs(600), parts_within: Duration::from_secs(10) },
            at_end,
        };
        let mut heard = Heard::default();
        assert_eq!(preview(log.into_iter(), ledger, tracking, &mut heard), None);
        heard.0
    }

    fn event(line: u64, happening: Happening, id: &str, ago: u64) -> Item {
        Item::Event(CodeEvent {
            source: 0,
            line,
            reference: None,
            happening,
            message_id: MessageId::parse(id).unwrap(),
            channel: (happening == Happening::Sent).then_some(Channel::Sms),
            timestamp: Timestamp::before(clock::now(), Duration::from_secs(ago)),
            time: TimeSource::Given,
            doubts: Vec::new(),
            raw: Vec::new(),
        })
    }

    #[test]
    fn a_log_becomes_the_conversions_that_would_follow_each_as_soon_as_it_does() {
        let log = [
            event(1, Happening::Sent, "0A", 9000),
            event(2, Happening::Sent, "0B", 9000),
            event(3, Happening::Converted, "0A", 8990),
            event(4, Happening::Converted, "0C", 8980),
            Item::Remark("as it is".to_owned()),
            event(5, Happening::Sent, "0D", 60),
            Item::Remark("the last line".to_owned()),
        ];
        let without_channel = "line 4: channel is missing, and no line says that the code was sent";
        assert_eq!(
            follows(log, AtEnd::Expire),
            ["0A true", "as it is", "0B false", "the last line", "0D false", without_channel]
        );
    }

    #[test]
    fn what_can_never_be_sent_comes_after_all_that_ends_with_the_log() {
        let log = [
            event(1, Happening::Converted, "0C", 80),
            event(2, Happening::Sent, "0A", 60),
            event(3, Happening::Sent, "0B", 60),
        ];
        let without_channel = "line 1: channel is missing, and no line says that the code was sent";
        assert_eq!(follows(log, AtEnd::Expire), ["0A false", "0B false", without_channel]);
    }

    #[test]
    fn what_comes_too_late_follows_its_silence_and_what_is_said_again_is_shown_once() {
        let log = [
            event(1, Happening::Sent, "0A", 9000),
            event(2, Happening::Sent, "0B", 7000),
            event(3, Happening::Converted, "0A", 6990),
            event(4, Happening::Converted, "0A", 6990),
            event(5, Happening::Converted, "0B", 6980),
        ];
        assert_eq!(follows(log, AtEnd::Keep), ["0A false", "0A true", "0B true"]);
    }

    #[test]
    fn codes_that_expire_later_are_not_waited_for() {
        assert_eq!(follows([event(1, Happening::Sent, "0A", 60)], AtEnd::Wait), [""; 0]);
    }

    #[test]
    fn very_many_codes_that_expire_together_are_all_shown() {
        let log = (0..3000).map(|line| event(line, Happening::Sent, &format!("{line}"), 60));
        assert_eq!(follows(log, AtEnd::Expire).len(), 3000);
    }
}
