//! The ledger of one run: groups go in, tickets come out, and outcomes go back in.
//!
//! Each public method that writes is one transaction: what a group touches is read, decided on by `decide`, and written.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::decide::{self, Answer, Applied, Followed, Lane, Plan, Recording, Release, StoredRow, Streak};
use super::error::LedgerError;
use super::state::RowState;
use super::store::postgres::{Access, PostgresStore};
use super::store::{Lease, Memory, MemoryStore, SqliteStore, Store, StoreError, Tx};
use super::ticket::{
    Due, Entries, Known, LeftOver, Novelty, Origin, Recorded, Released, RowId, RunEnd, Settlement, Stale, Ticket,
    UncleanStops, Unsettled,
};
use super::tracking::{Arrived, CodeRules, Expiry, LogSource, Observed};
use crate::domain::{
    AccountFingerprint, BadRecord, CodeEvent, Conversion, ErrorCode, Failure, FollowedFile, LedgerPlace,
    MessageId, Reached, ReadTo, Record, Timestamp,
};

/// The ledger, open for one run of one account.
///
/// Dropping it without [`Ledger::close`] is what a crash looks like: nothing is lost, and the next run checks the store
/// and adopts what is pending.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) store: Box<dyn Store>,
    recorded: u64,
    room: Room,
    /// What the events before say of the next.
    streak: Streak,
    /// How many groups were written.
    #[cfg(test)]
    pub(crate) groups: Arc<std::sync::atomic::AtomicUsize>,
}

/// The room that settling can count on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// As it was when the run began.
    Reserved,
    /// Given up by this run.
    Released,
}

impl Ledger {
    /// Opens the ledger in a file, making it and its folders where they are missing, and begins a run that never has more
    /// than `unsettled_max` requests sent and not settled.
    pub fn open(
        path: &Path,
        account: &AccountFingerprint,
        unsettled_max: usize,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        let store = SqliteStore::open(path, account, unsettled_max, now).map_err(LedgerError::at_file(path))?;
        Ok(Self::over(Box::new(store)))
    }

    /// Opens the ledger at a place: makes the file where it is missing, or connects to a server that has one.
    pub fn open_at(
        place: &LedgerPlace,
        account: &AccountFingerprint,
        unsettled_max: usize,
        now: Timestamp,
    ) -> Result<Self, LedgerError> {
        match place {
            LedgerPlace::File(path) => Self::open(path, account, unsettled_max, now),
            LedgerPlace::Server(shared) => {
                let store = PostgresStore::open(Access::to(shared), account, unsettled_max, now);
                Ok(Self::over(Box::new(store.map_err(LedgerError::at_server(shared))?)))
            }
        }
    }

    /// Opens a ledger that is nowhere but in memory, and gone with the process.
    #[must_use]
    pub fn in_memory(account: &AccountFingerprint) -> Self {
        Self::over(Box::new(MemoryStore::open(&Memory::default(), account, 1)))
    }

    pub(crate) fn over(store: Box<dyn Store>) -> Self {
        Self {
            store,
            recorded: 0,
            room: Room::Reserved,
            streak: Streak::default(),
            #[cfg(test)]
            groups: Arc::default(),
        }
    }

    /// The runs that have crashed since the last one that ended. What each had sent and not settled is sent again.
    #[must_use]
    pub fn unclean_stops(&self) -> UncleanStops {
        self.store.unclean_stops()
    }

    /// What sets this from outside ends any waiting for a server that is gone: what is not written then stays unwritten.
    pub fn heed(&mut self, stop: Arc<AtomicBool>) {
        self.store.heed(stop);
    }

    /// Writes a group down in one transaction; when this returns, the group is on disk. After an error nothing of it
    /// is recorded. After a full disk, nothing is recorded until there is room for the ballast again: what was recorded without it
    /// might be impossible to settle.
    pub fn record(&mut self, records: &[Record], now: Timestamp) -> Result<Entries, LedgerError> {
        self.reserve_room()?;
        self.recorded = self.recorded.saturating_add(records.len() as u64);
        self.write(now, |tx| record(tx, records, now))
    }

    /// Says which files the log consists of whose events come next.
    pub fn reads(&mut self, sources: &[LogSource], now: Timestamp) -> Result<(), LedgerError> {
        self.store.reads(sources, now).map_err(|cause| LedgerError::new(self.store.location(), cause))
    }

    /// How far earlier runs have read a followed file, in each of the files that it has been.
    pub fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, LedgerError> {
        self.store.read_before(file, now).map_err(|cause| LedgerError::new(self.store.location(), cause))
    }

    /// Writes down how far followed files have been read: everything before that must be recorded. Each file stands there once.
    pub fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), LedgerError> {
        self.store.read_to(positions).map_err(|cause| LedgerError::new(self.store.location(), cause))
    }

    /// Takes a group of a log's events and records the conversions that follow from them, in one transaction.
    pub fn observe(
        &mut self,
        events: &[CodeEvent],
        rules: CodeRules,
        now: Timestamp,
    ) -> Result<Observed, LedgerError> {
        self.reserve_room()?;
        self.recorded = self.recorded.saturating_add(events.len() as u64);
        let streak = self.streak.clone();
        let (observed, streak) = self.write(now, |tx| {
            let want = decide::want_codes(events, rules, &streak);
            let seen = tx.codes(&want)?;
            let Followed { plan, records, counts, shared_ref, streak } = decide::follow(events, want, seen, rules);
            tx.apply_codes(&plan)?;
            Ok((Observed { entries: record(tx, &records, now)?, counts, shared_ref }, streak))
        })?;
        self.streak = streak;
        Ok(observed)
    }

    /// Expires up to `limit` codes that no other live run watches, and records that these did not convert.
    pub fn expire_codes(&mut self, expiry: Expiry, limit: usize, now: Timestamp) -> Result<Observed, LedgerError> {
        self.reserve_room()?;
        self.write(now, |tx| {
            let followed = decide::expire(tx.expired_codes(expiry, limit)?, now);
            tx.apply_codes(&followed.plan)?;
            Ok(Observed {
                entries: record(tx, &followed.records, now)?,
                counts: followed.counts,
                shared_ref: None,
            })
        })
    }

    /// Gives up some of the conversions that arrived by then and still await their channel; called repeatedly, all of them. They become dead letters.
    pub fn give_up_awaiting_channel(
        &mut self,
        arrived: Arrived,
        now: Timestamp,
    ) -> Result<Vec<BadRecord>, LedgerError> {
        /// How many in one go: each has its line with it.
        const LIMIT: usize = 64;
        self.write(now, |tx| {
            let codes = tx.awaiting_channel(arrived, LIMIT)?;
            tx.give_up(&codes)?;
            let given_up = decide::give_up(codes);
            tx.keep_unreadable(&given_up)?;
            Ok(given_up)
        })
    }

    /// How many codes are open that the log told of and no other live run watches.
    pub fn open_codes(&mut self, now: Timestamp) -> Result<u64, LedgerError> {
        self.write(now, |tx| tx.open_codes())
    }

    /// Keeps input that was no record as dead letters, and returns whether each is new.
    pub fn keep_unreadable(&mut self, records: &[BadRecord], now: Timestamp) -> Result<Vec<Novelty>, LedgerError> {
        self.reserve_room()?;
        self.write(now, |tx| tx.keep_unreadable(records))
    }

    /// Writes down how a group of deliveries ended, in one transaction, and hands out what waited behind them.
    ///
    /// On a full disk the reserved room is released first; if that is not enough, the tickets come back. Whatever room is left is
    /// reserved again, if it suffices: writing back a log that has filled the disk would fail with the first page by which the
    /// database grows.
    pub fn settle(&mut self, group: Vec<(Ticket, Settlement)>, now: Timestamp) -> Result<Released, Unsettled> {
        let mut settled = self.try_to_settle(&group, now);
        if settled.as_ref().is_err_and(LedgerError::is_disk_full) && self.store.release_room() {
            self.room = Room::Released;
            settled = self.try_to_settle(&group, now);
            if settled.is_ok() {
                let _ = self.reserve_room();
            }
        }
        settled.map_err(|cause| Unsettled { group, cause })
    }

    fn try_to_settle(&mut self, group: &[(Ticket, Settlement)], now: Timestamp) -> Result<Released, LedgerError> {
        self.write(now, |tx| {
            let want = decide::want_tickets(group);
            if tx.guesses() {
                let plan = decide::settle(group, &want, decide::held_alone(group, &want), now);
                if let Some(applied) = tx.apply_guess(&want, &plan)? {
                    return Ok(released(plan.released, &applied.read));
                }
            }
            let plan = decide::settle(group, &want, tx.lanes(&want)?, now);
            let applied = tx.apply_last(&plan)?;
            Ok(released(plan.released, &applied.read))
        })
    }

    /// Takes over up to `limit` rows of this account that no live run works on, and rows of this run that waited
    /// for another one. Called repeatedly, it comes to an end: what this run postpones waits for its time.
    pub fn adopt(&mut self, limit: usize, due: Due, now: Timestamp) -> Result<Released, LedgerError> {
        /// How many candidates are looked at in one go; memory stays bounded however much was left.
        const CHUNK: usize = 256;
        self.write(now, |tx| {
            let mut adopted = Released::default();
            // A lane gives one ticket; its other rows need no second look.
            let mut looked_at = HashSet::new();
            let mut after = None;
            while adopted.tickets.len() < limit {
                let chunk = tx.candidates(decide::planned(due, now), after, CHUNK)?;
                let is_last = chunk.len() < CHUNK;
                after = chunk.last().map(|(cursor, _)| *cursor).or(after);
                let fresh: Vec<_> = chunk
                    .into_iter()
                    .map(|(_, conversion)| conversion)
                    .filter(|conversion| looked_at.insert((conversion.channel, conversion.message_id.clone())))
                    .collect();
                let lanes = tx.lanes(&decide::want_candidates(&fresh))?;
                let plan = decide::adopt(lanes, due, limit - adopted.tickets.len(), now);
                let is_last = is_last || adopted.tickets.len() + plan.released.tickets.len() >= limit;
                let applied = if is_last { tx.apply_last(&plan)? } else { tx.apply(&plan)? };
                adopted.absorb(released(plan.released, &applied.read));
                if is_last {
                    break;
                }
            }
            Ok(adopted)
        })
    }

    /// Hands out what waited in these lanes for another run, if that has settled.
    pub fn release(&mut self, waiting: &[Conversion], now: Timestamp) -> Result<Released, LedgerError> {
        self.write(now, |tx| {
            let lanes = tx.lanes(&decide::want_candidates(waiting))?;
            let plan = decide::adopt(lanes, Due::OnlyDue, waiting.len(), now);
            let applied = tx.apply_last(&plan)?;
            Ok(released(plan.released, &applied.read))
        })
    }

    /// Keeps the run alive, where that takes more than to live; to be called all the time. Returns for how long its rows are its own.
    pub fn beat(&mut self) -> Result<Lease, LedgerError> {
        self.store.beat().map_err(|cause| LedgerError::new(self.store.location(), cause))
    }

    /// What is pending of this account and not another live run's.
    pub fn left_over(&mut self, now: Timestamp) -> Result<Option<LeftOver>, LedgerError> {
        self.write(now, |tx| tx.left_over(decide::latest_plan(now)))
    }

    /// Ends the run cleanly. What is pending stays so; settled rows whose time has passed are removed, at least twice
    /// as many as were recorded, so that the ledger cannot outgrow its 30 days.
    pub fn close(self, now: Timestamp) -> Result<(), LedgerError> {
        self.close_with(None, now)
    }

    /// The same, and notes how the command ended.
    pub fn close_with(self, end: Option<RunEnd>, now: Timestamp) -> Result<(), LedgerError> {
        let location = self.store.location();
        self.store.close(self.recorded, end, now).map_err(|cause| LedgerError::new(location, cause))
    }

    fn reserve_room(&mut self) -> Result<(), LedgerError> {
        if self.room == Room::Released {
            self.store.reserve_room().map_err(|cause| LedgerError::new(self.store.location(), cause))?;
            self.room = Room::Reserved;
        }
        Ok(())
    }

    pub(crate) fn write<T>(
        &mut self,
        now: Timestamp,
        work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>,
    ) -> Result<T, LedgerError> {
        #[cfg(test)]
        self.groups.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let in_one = |store: &mut dyn Store| {
            let mut tx = store.begin(now)?;
            let done = work(&mut *tx)?;
            tx.commit()?;
            Ok(done)
        };
        loop {
            match in_one(&mut *self.store) {
                Err(failed) if self.store.tries_again(&failed) => {}
                done => return done.map_err(|cause| LedgerError::new(self.store.location(), cause)),
            }
        }
    }
}

/// Records a group within a transaction.
fn record(tx: &mut dyn Tx, records: &[Record], now: Timestamp) -> Result<Entries, StoreError> {
    let want = decide::want_records(records);
    if tx.guesses() {
        let nothing_known = vec![Lane::default(); want.lanes.len()];
        let Recording { plan, answers, contradicted } = decide::record(records, &want, nothing_known, now);
        if let Some(applied) = tx.apply_guess(&want, &plan)? {
            return Ok(entries(plan, answers, applied, now, contradicted));
        }
    }
    let Recording { plan, answers, contradicted } = decide::record(records, &want, tx.lanes(&want)?, now);
    let applied = tx.apply_last(&plan)?;
    Ok(entries(plan, answers, applied, now, contradicted))
}

/// Makes the tickets of what was recorded.
fn entries(
    plan: Plan,
    answers: Vec<Answer>,
    applied: Applied,
    now: Timestamp,
    contradicted: Option<MessageId>,
) -> Entries {
    let Applied { inserted, read } = applied;
    let released = released(plan.released, &read);
    let mut inserts: Vec<_> = plan.inserts.into_iter().zip(inserted).map(Some).collect();
    let mut recorded = Vec::with_capacity(answers.len());
    for answer in answers {
        recorded.push(match answer {
            Answer::Inserted(at) => {
                let Some((new, row)) = inserts[at].take() else { continue };
                match new.state {
                    RowState::Held => Recorded::Ready(Ticket::first(row, new.record, now)),
                    RowState::Queued => Recorded::Waiting(row, new.record),
                    RowState::Stale | RowState::Accepted | RowState::Refused | RowState::Expired => {
                        Recorded::Known(new.record, Known::Stale)
                    }
                }
            }
            Answer::TakenUp(record, row, at) => {
                Recorded::Ready(Ticket { record, ..Ticket::of(row, &read[at], Origin::Input) })
            }
            Answer::Waits(record, row) => Recorded::Waiting(row, record),
            Answer::Known(record, known) => Recorded::Known(record, known),
            Answer::Refused(record, at) => Recorded::Known(record, refusal(&read[at])),
        });
    }
    Entries { recorded, released, contradicted }
}

fn released(release: Release, read: &[StoredRow]) -> Released {
    let ticket = |(row, at, origin): (RowId, usize, Origin)| Ticket::of(row, &read[at], origin);
    let stale = |(row, at, origin): (RowId, usize, Origin)| Stale { row, record: read[at].record.clone(), origin };
    Released {
        tickets: release.tickets.into_iter().map(ticket).collect(),
        stale: release.stale.into_iter().map(stale).collect(),
        expired: release.expired,
        taken_over: release.taken_over,
    }
}

fn refusal(row: &StoredRow) -> Known {
    let failure = row.failure.clone();
    let unknown = || Failure::unsent(ErrorCode::AlreadyRefused, "");
    Known::Refused { http_status: row.http_status.unwrap_or_default(), failure: failure.unwrap_or_else(unknown) }
}

impl Ticket {
    fn first(row: RowId, record: Record, now: Timestamp) -> Self {
        Self { row, record, origin: Origin::Input, recorded: now, rounds: 0, may_have_arrived: false }
    }

    fn of(row: RowId, stored: &StoredRow, origin: Origin) -> Self {
        Self {
            row,
            record: stored.record.clone(),
            origin,
            recorded: stored.recorded,
            rounds: stored.rounds,
            may_have_arrived: stored
                .failure
                .as_ref()
                .is_some_and(|failure| failure.reached_server == Reached::Unknown),
        }
    }
}
