//! One transaction of a run. Nothing is sent before something is asked: what begins a transaction, its first question, its last
//! changes and its end each travel with what is beside them.

use tokio_postgres::Row;

use super::codes;
use super::exchange::{Statement, Step};
use super::rows::{self, Shown};
use super::run::PostgresStore;
use super::statements as sql;
use crate::domain::{BadRecord, Conversion, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Code, CodePlan, CodeWant, Lane, Plan, Planned, SeenCodes, Want,
};
use crate::ledger::store::{Cursor, ServerError, StoreError, Tx};
use crate::ledger::ticket::{LeftOver, Novelty};
use crate::ledger::tracking::Expiry;

/// One transaction.
pub(super) struct PostgresTx<'a> {
    pub(super) store: &'a mut PostgresStore,
    pub(super) now: Timestamp,
    stage: Stage,
    /// What is known of the lanes that were shown last.
    pub(super) shown: Shown,
}

/// How far a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked yet.
    Idle,
    /// Begun on the server.
    Open,
    /// Committed.
    Done,
}

/// What a transaction's last exchange came to.
pub(super) enum Ended {
    /// It was committed, and these are the answers.
    Answered(Vec<Vec<Row>>),
    /// It was committed, and the answers are lost.
    Unanswered,
}

/// How a transaction sees what others do meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Not at all.
    Serializable,
    /// Once it is committed: enough where one statement does all.
    Committed,
}

/// Whether a lease counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fenced {
    Yes,
    /// A broken promise.
    No,
}

impl<'a> PostgresTx<'a> {
    pub(super) fn new(store: &'a mut PostgresStore, now: Timestamp) -> Self {
        Self { store, now, stage: Stage::Idle, shown: Shown::default() }
    }

    pub(super) fn statement<'b>(&self, text: &str) -> Statement<'b> {
        self.store.access.schema.statement(text)
    }

    /// Whether nothing has been asked in this transaction yet.
    pub(super) fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }

    /// Asks within the transaction, and begins it where that has not been done.
    pub(super) fn ask(&mut self, asked: Vec<Step<'_>>) -> Result<Vec<Vec<Row>>, StoreError> {
        if self.stage == Stage::Open {
            return self.store.connection.exchange(&asked);
        }
        let mut steps = self.entrance(Sight::Serializable);
        let before = steps.len();
        steps.extend(asked);
        self.stage = Stage::Open;
        let mut answers = self.store.connection.exchange(&steps)?;
        let rest = answers.split_off(before);
        self.refuse_fenced(answers.last().is_some_and(|entered| !entered.is_empty()))?;
        Ok(rest)
    }

    /// Asks for the last time, and commits with that.
    pub(super) fn finish(&mut self, mut asked: Vec<Step<'_>>) -> Result<Ended, StoreError> {
        if self.stage == Stage::Idle {
            if asked.is_empty() {
                self.stage = Stage::Done;
                return Ok(Ended::Answered(Vec::new()));
            }
            self.ask(Vec::new())?;
        }
        asked.push(Step::Commands("COMMIT".to_owned()));
        let answers = self.store.connection.exchange(&asked);
        self.ended(answers)
    }

    /// A whole transaction in one exchange: begins, asks and commits. Whatever is asked must look at the lease itself.
    pub(super) fn at_once(&mut self, asked: Step<'_>) -> Result<Ended, StoreError> {
        let mut steps = self.entrance(Sight::Committed);
        let before = steps.len();
        steps.push(asked);
        steps.push(Step::Commands("COMMIT".to_owned()));
        self.stage = Stage::Open;
        let answers = self.store.connection.exchange(&steps);
        Ok(match self.ended(answers)? {
            Ended::Answered(mut answers) => {
                let rest = answers.split_off(before);
                self.refuse_fenced(answers.last().is_some_and(|entered| !entered.is_empty()))?;
                Ended::Answered(rest)
            }
            Ended::Unanswered => Ended::Unanswered,
        })
    }

    /// It is as if nothing had been asked.
    pub(super) fn start_over(&mut self) {
        self.roll_back();
        self.stage = Stage::Idle;
    }

    fn entrance<'b>(&mut self, sight: Sight) -> Vec<Step<'b>> {
        self.store.serial += 1;
        let (me, serial, begins) = (self.store.me, self.store.serial, &self.store.begins);
        let mut steps: Vec<_> = self.store.upkeep().into_iter().collect();
        match sight {
            Sight::Serializable => {
                steps.push(Step::Commands(begins.serializable.clone()));
                steps.push(self.statement(sql::ENTER).number(me).number(serial).into());
            }
            Sight::Committed => {
                steps.push(Step::Commands(begins.read_committed.clone()));
                steps.push(self.statement(sql::LEASED).number(me).into());
            }
        }
        steps
    }

    /// A run without a lease goes on under another number.
    fn refuse_fenced(&mut self, has_entered: bool) -> Result<(), StoreError> {
        if has_entered || fencing() == Fenced::No {
            return Ok(());
        }
        self.roll_back();
        self.store.begin_anew(self.now)?;
        Err(StoreError::Busy)
    }

    fn ended(&mut self, answers: Result<Vec<Vec<Row>>, StoreError>) -> Result<Ended, StoreError> {
        let lost = match answers {
            Ok(answers) => {
                self.stage = Stage::Done;
                return Ok(Ended::Answered(answers));
            }
            Err(lost @ StoreError::Server(ServerError::Unreachable(_))) => lost,
            Err(error) => return Err(error),
        };
        let serial = self.store.serial;
        if self.store.was_done(serial)? {
            self.stage = Stage::Done;
            return Ok(Ended::Unanswered);
        }
        // From here on it never happens.
        self.stage = Stage::Idle;
        Err(lost)
    }

    fn roll_back(&mut self) {
        if self.stage == Stage::Open && self.store.connection.is_usable() {
            let _ = self.store.connection.exchange(&[Step::Commands("ROLLBACK".to_owned())]);
        }
        self.stage = Stage::Idle;
    }
}

/// Whether the lease counts.
pub(super) fn fencing() -> Fenced {
    if is_broken(Promise::FencedWhenRecording) { Fenced::No } else { Fenced::Yes }
}

impl Drop for PostgresTx<'_> {
    fn drop(&mut self) {
        self.roll_back();
    }
}

impl Tx for PostgresTx<'_> {
    fn lanes(&mut self, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
        rows::lanes(self, want)
    }

    fn guesses(&self) -> bool {
        self.is_idle()
    }

    fn apply_guess(&mut self, want: &Want<'_>, plan: &Plan) -> Result<Option<Applied>, StoreError> {
        rows::apply_guess(self, want, plan)
    }

    fn apply(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        rows::apply(self, plan)
    }

    fn apply_last(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        rows::apply_last(self, plan)
    }

    fn candidates(
        &mut self,
        planned: Planned,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
        if self.is_idle() {
            self.store.sweep()?;
        }
        rows::candidates(self, planned, after, limit)
    }

    fn left_over(&mut self, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
        rows::left_over(self, latest)
    }

    fn keep_unreadable(&mut self, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError> {
        rows::keep_unreadable(self, records)
    }

    fn codes(&mut self, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
        codes::find(self, want)
    }

    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError> {
        codes::apply(self, plan)
    }

    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
        codes::expired(self, expiry, limit)
    }

    fn open_codes(&mut self) -> Result<u64, StoreError> {
        codes::count_open(self)
    }

    fn awaiting_channel(&mut self, arrived: Timestamp, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError> {
        codes::awaiting_channel(self, arrived, limit)
    }

    fn give_up(&mut self, given_up: &[AwaitingChannel]) -> Result<(), StoreError> {
        codes::give_up(self, given_up)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.stage == Stage::Open {
            let answers = self.store.connection.exchange(&[Step::Commands("COMMIT".to_owned())]);
            self.ended(answers)?;
        }
        self.store.went_well();
        Ok(())
    }
}
