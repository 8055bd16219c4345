//! One transaction of a run. Nothing is sent before something is asked: what begins a transaction, its first question, its last
//! changes and its end each travel with what is beside them.

use tokio_postgres::Row;

use super::exchange::{Statement, Step};
use super::run::PostgresStore;
use super::shown::{Foreseen, Names, Shown};
use super::statements as sql;
use crate::domain::Timestamp;
use crate::failpoint::{Promise, is_broken};
use crate::ledger::store::{ServerError, StoreError};

/// One transaction.
pub(super) struct PostgresTx<'a> {
    pub(super) store: &'a mut PostgresStore,
    pub(super) now: Timestamp,
    stage: Stage,
    /// What is known of the lanes that were shown last.
    pub(super) shown: Shown,
    /// Lanes that a guess has brought.
    pub(super) foreseen: Option<Foreseen>,
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
pub(super) enum Sight {
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
        Self { store, now, stage: Stage::Idle, shown: Shown::default(), foreseen: None }
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
            if self.shown.unless_changed.is_some() {
                return self.at_once(Sight::Serializable, asked);
            }
            self.ask(Vec::new())?;
        }
        asked.push(Step::Commands("COMMIT".to_owned()));
        let answers = self.store.connection.exchange(&asked);
        self.ended(answers)
    }

    /// A whole transaction in one exchange: begins, asks and commits. Whatever is asked must look at the lease itself, if what was
    /// shown is not to be checked.
    pub(super) fn at_once(&mut self, sight: Sight, asked: Vec<Step<'_>>) -> Result<Ended, StoreError> {
        let mut steps = self.entrance(sight);
        let before = steps.len();
        steps.extend(asked);
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

    /// What is asked next wants to know which runs have died. That is found out beside the transaction, before it.
    pub(super) fn sweep_first(&mut self) -> Result<(), StoreError> {
        if self.is_idle() { self.store.sweep() } else { Ok(()) }
    }

    /// Commits what was not committed with the last question.
    pub(super) fn commit(&mut self) -> Result<(), StoreError> {
        if self.stage == Stage::Open {
            let answers = self.store.connection.exchange(&[Step::Commands("COMMIT".to_owned())]);
            self.ended(answers)?;
        }
        self.store.went_well();
        Ok(())
    }

    /// It is as if nothing had been asked.
    pub(super) fn start_over(&mut self) {
        self.roll_back();
        self.stage = Stage::Idle;
    }

    fn entrance<'b>(&mut self, sight: Sight) -> Vec<Step<'b>> {
        self.store.serial += 1;
        self.store.keep_up();
        let (me, serial) = (self.store.me, self.store.serial);
        let lanes = self.shown.unless_changed.take();
        let begins = &self.store.begins;
        let mut steps = Vec::new();
        match sight {
            Sight::Serializable => {
                steps.push(Step::Commands(begins.serializable.clone()));
                let enter = if fencing() == Fenced::Yes { sql::ENTER } else { sql::ENTER_UNFENCED };
                steps.push(self.statement(enter).number(me).number(serial).into());
                let check = |lanes: Names| {
                    lanes.unless_changed(&self.store.access.schema, self.store.account, (me, serial)).into()
                };
                steps.extend(lanes.map(check));
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
            Err(error) => {
                // The COMMIT, which was sent with the rest, has rolled it back.
                self.stage = Stage::Idle;
                return Err(error);
            }
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
