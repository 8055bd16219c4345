//! The store in memory: for a dry run, and as the proof that two stores can share the seam.
//!
//! Several runs may share a [`Memory`], as several processes share a file. Nothing here can fail, so nothing is ever rolled back.

mod codes;
mod contents;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::contents::{AccountId, Contents, LaneKey, MemoryTx, NO_RUN, RunId, StoredConversion, UncleanRun};
use super::sources::{Sources, UNKNOWN};
use super::{Cursor, Store, StoreError, Tx};
use crate::domain::{
    AccountFingerprint, BadRecord, Channel, Conversion, ErrorCode, Failure, FollowedFile, MessageId, REMEMBERED,
    Reached, ReadTo, Record, TimeSource, Timestamp,
};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Change, Code, CodePlan, CodeWant, Lane, Owner, Plan, Planned, RowRef, SeenCodes,
    Sibling, StoredRow, Want,
};
use crate::ledger::error::Location;
use crate::ledger::state::RowState;
use crate::ledger::ticket::{LeftOver, Novelty, RowId, RunEnd, UncleanStops};
use crate::ledger::tracking::{Arrived, Expiry, LogSource};

/// What several runs share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Contents>>);

impl Memory {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Memory`], open for one run of one account.
#[derive(Debug)]
pub(crate) struct MemoryStore {
    memory: Memory,
    account: AccountId,
    me: RunId,
    crashed: Vec<RunId>,
    unclean_stops: UncleanStops,
    sources: Sources,
}

impl MemoryStore {
    /// Begins a run.
    pub(crate) fn open(memory: &Memory, account: &AccountFingerprint, unsettled_max: usize) -> Self {
        let mut contents = memory.contents();
        let known = contents.accounts.iter().position(|known| known == account);
        let account = known.unwrap_or_else(|| {
            contents.accounts.push(account.clone());
            contents.accounts.len() - 1
        });
        let mut unclean_stops = UncleanStops::default();
        let mut crashed = Vec::new();
        for (id, run) in contents.runs.iter().filter(|(_, run)| !run.is_alive) {
            unclean_stops.runs += 1;
            unclean_stops.repeats += run.unsettled_max;
            crashed.push(*id);
        }
        contents.last_run += 1;
        let me = contents.last_run;
        contents.runs.insert(me, UncleanRun { unsettled_max: unsettled_max as u64, is_alive: true });
        drop(contents);
        Self { memory: memory.clone(), account, me, crashed, unclean_stops, sources: Sources::default() }
    }
}

/// Only its number is left of a run that did not end cleanly.
impl Drop for MemoryStore {
    fn drop(&mut self) {
        if let Some(run) = self.memory.contents().runs.get_mut(&self.me) {
            run.is_alive = false;
        }
    }
}

impl Store for MemoryStore {
    fn location(&self) -> Location {
        Location::Memory
    }

    fn unclean_stops(&self) -> UncleanStops {
        self.unclean_stops
    }

    fn reads(&mut self, files: &[LogSource], _: Timestamp) -> Result<(), StoreError> {
        let mut contents = self.memory.contents();
        self.sources = Sources::default();
        for file in files {
            if *file == LogSource::default() {
                self.sources.add(UNKNOWN, []);
                continue;
            }
            let is_same = |known: &LogSource| {
                (file.name.is_some() && known.name == file.name)
                    || (file.identity.is_some() && known.identity == file.identity)
            };
            if !contents.sources.contains(&(self.account, file.clone())) {
                contents.sources.push((self.account, file.clone()));
            }
            let numbered = (1..).zip(&contents.sources).filter(|(_, (account, _))| *account == self.account);
            let own = numbered.clone().find(|(_, (_, known))| known == file).map_or(UNKNOWN, |(id, _)| id);
            let known = numbered.filter(|(_, (_, known))| is_same(known)).map(|(id, _)| id);
            self.sources.add(own, known);
        }
        Ok(())
    }

    fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, StoreError> {
        let mut contents = self.memory.contents();
        contents.followed.retain(|_, known| known.looked >= now.before(REMEMBERED));
        let of_file = contents.followed.iter().filter(|(key, _)| (key.0, key.1) == (self.account, file.key));
        let mut found: Vec<_> = of_file.map(|(_, known)| known.clone()).collect();
        found.sort_by_key(|known| std::cmp::Reverse((known.looked, known.offset)));
        Ok(found)
    }

    fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), StoreError> {
        let followed = &mut self.memory.contents().followed;
        for position in positions {
            let key = (self.account, position.file.key, position.identity.clone());
            followed.insert(key, position.clone());
        }
        Ok(())
    }

    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError> {
        let (contents, sources) = (self.memory.contents(), &self.sources);
        Ok(Box::new(MemoryTx { contents, account: self.account, me: self.me, sources, now }))
    }

    fn reserve_room(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn release_room(&mut self) -> bool {
        false
    }

    fn close(self: Box<Self>, _: u64, _: Option<RunEnd>, now: Timestamp) -> Result<(), StoreError> {
        let mut contents = self.memory.contents();
        contents.prune(now.before(REMEMBERED));
        contents.runs.retain(|run, _| *run != self.me && !self.crashed.contains(run));
        Ok(())
    }

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl MemoryTx<'_> {
    fn key(&self, channel: Channel, message_id: &MessageId) -> LaneKey {
        (self.account, channel, message_id.clone())
    }

    fn sibling(&self, id: i64) -> Option<Sibling> {
        let row = self.contents.rows.get(&id)?;
        Some(Sibling {
            row: RowRef::Stored(RowId(id)),
            delivered: row.content.record.conversion.delivered.as_bool(),
            key_time: row.key_time,
            timestamp: row.content.record.conversion.timestamp,
            state: row.state,
            owner: self.owner(row.owner),
            next_attempt: row.next_attempt,
            postponed_by_me: row.postponed_by == self.me,
        })
    }

    fn insert(&mut self, record: &Record, state: RowState) -> RowId {
        let id = self.contents.rows.last_key_value().map_or(1, |(id, _)| id + 1);
        let key_time = record.key_time();
        let time = if key_time.is_some() { TimeSource::Given } else { TimeSource::Now };
        let row = StoredConversion {
            account: self.account,
            content: StoredRow {
                record: Record { time, doubts: Vec::new(), ..record.clone() },
                recorded: self.now,
                rounds: 0,
                http_status: None,
                failure: None,
            },
            key_time,
            state,
            owner: if state.is_pending() { self.me } else { NO_RUN },
            next_attempt: self.now,
            postponed_by: NO_RUN,
            settled: if state.is_pending() { None } else { Some(self.now) },
        };
        let key = self.key(record.conversion.channel, &record.conversion.message_id);
        self.contents.lanes.entry(key).or_default().push(id);
        if state.is_pending() {
            self.contents.pending.insert(id);
        }
        self.contents.rows.insert(id, row);
        RowId(id)
    }

    fn carry_out(&mut self, change: &Change) {
        let (me, now) = (self.me, self.now);
        let (Change::HandOut(id)
        | Change::Overtaken(id)
        | Change::GiveUpAsFuture(id)
        | Change::Claim(id, _)
        | Change::End(id, _)) = change;
        let Some(row) = self.contents.rows.get_mut(&id.0) else { return };
        let was_pending = row.state.is_pending();
        match change {
            Change::HandOut(_) => (row.state, row.owner) = (RowState::Held, me),
            Change::Overtaken(_) => (row.state, row.owner) = (RowState::Stale, NO_RUN),
            Change::GiveUpAsFuture(_) => {
                (row.state, row.owner) = (RowState::Expired, NO_RUN);
                row.content.failure = Some(Failure {
                    code: ErrorCode::FutureTimestamp,
                    message: String::new(),
                    reached_server: Reached::No,
                });
            }
            Change::Claim(_, claim) => {
                if claim.is_revived {
                    (row.content.recorded, row.content.rounds) = (now, 0);
                }
                (row.state, row.owner, row.next_attempt) = (RowState::Queued, me, now);
                row.content.record.line = claim.line;
                row.content.record.reference.clone_from(&claim.reference);
                row.content.record.conversion.timestamp = claim.timestamp;
            }
            Change::End(_, end) => {
                (row.state, row.owner, row.next_attempt) = (end.state, NO_RUN, end.next_attempt);
                row.content.rounds = end.rounds;
                row.content.http_status = end.http_status.or(row.content.http_status);
                if end.state != RowState::Queued || end.failure.is_some() {
                    row.content.failure.clone_from(&end.failure);
                }
                row.postponed_by = if end.is_postponed { me } else { NO_RUN };
            }
        }
        match (was_pending, row.state.is_pending()) {
            (true, false) => {
                row.settled = Some(now);
                self.contents.pending.remove(&id.0);
            }
            (false, true) => {
                row.settled = None;
                self.contents.pending.insert(id.0);
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Pending rows of this account that no other live run has, each with its place in the order of candidates.
    fn pending(&self) -> impl Iterator<Item = (Cursor, &StoredConversion)> {
        self.contents.pending.iter().filter_map(|id| {
            let row = self.contents.rows.get(id)?;
            let may_go = match self.owner(row.owner) {
                Owner::Me => row.state == RowState::Queued,
                Owner::Free => true,
                Owner::Other => false,
            };
            let planned = row.next_attempt.unix();
            let cursor = Cursor { owner: row.owner, state: row.state.number(), planned, row: *id };
            (row.account == self.account && may_go).then_some((cursor, row))
        })
    }
}

impl Tx for MemoryTx<'_> {
    fn lanes(&mut self, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
        let lane = |key: LaneKey| {
            let rows = self.contents.lanes.get(&key).into_iter().flatten();
            Lane { rows: rows.filter_map(|id| self.sibling(*id)).collect(), mine_waits: false }
        };
        Ok(want.lanes.iter().map(|wanted| lane(self.key(wanted.channel, wanted.message_id))).collect())
    }

    fn apply(&mut self, plan: &Plan) -> Result<Applied, StoreError> {
        let inserted = plan.inserts.iter().map(|row| self.insert(&row.record, row.state)).collect();
        for change in &plan.changes {
            self.carry_out(change);
        }
        let read = plan.reads.iter().filter_map(|row| self.contents.rows.get(&row.0));
        Ok(Applied { inserted, read: read.map(|row| row.content.clone()).collect() })
    }

    fn candidates(
        &mut self,
        planned: Planned,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
        let is_due = |row: &StoredConversion| {
            let by = |until: Option<Timestamp>| until.is_none_or(|until| row.next_attempt <= until);
            let mine = row.postponed_by != self.me || planned.mine_until.is_some_and(|until| by(Some(until)));
            row.next_attempt > planned.latest || (by(planned.until) && mine)
        };
        let mut found: Vec<_> = self
            .pending()
            .filter(|(cursor, row)| after.is_none_or(|after| *cursor > after) && is_due(row))
            .map(|(cursor, row)| (cursor, row.content.record.conversion.clone()))
            .collect();
        found.sort_unstable_by_key(|(cursor, _)| *cursor);
        found.truncate(limit);
        Ok(found)
    }

    fn left_over(&mut self, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
        let plan = |row: &StoredConversion| if row.next_attempt > latest { self.now } else { row.next_attempt };
        let all = self.contents.pending.iter().filter_map(|id| self.contents.rows.get(id));
        let ours = all.filter(|row| row.account == self.account && self.owner(row.owner) != Owner::Other);
        let plans: Vec<_> = ours.map(plan).collect();
        Ok(plans.iter().max().map(|until| LeftOver { count: plans.len() as u64, until: *until }))
    }

    fn keep_unreadable(&mut self, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError> {
        let mut keep = |bad: &BadRecord| self.contents.unreadable.insert((self.account, bad.raw.clone()));
        Ok(records.iter().map(|bad| if keep(bad) { Novelty::New } else { Novelty::Known }).collect())
    }

    fn codes(&mut self, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
        Ok(self.find_codes(want))
    }

    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError> {
        self.carry_out_for_codes(plan);
        Ok(())
    }

    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
        Ok(self.find_expired(expiry, limit))
    }

    fn open_codes(&mut self) -> Result<u64, StoreError> {
        Ok(self.count_open())
    }

    fn awaiting_channel(&mut self, arrived: Arrived, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError> {
        Ok(self.find_awaiting_channel(arrived, limit))
    }

    fn give_up(&mut self, codes: &[AwaitingChannel]) -> Result<(), StoreError> {
        self.note_given_up(codes);
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
