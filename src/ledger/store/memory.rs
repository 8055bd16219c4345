//! The store in memory: for a dry run, and as the proof that two stores can share the seam.
//!
//! Several runs may share a [`Memory`], as several processes share a file. Nothing here can fail, so nothing is ever rolled back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Cursor, Store, StoreError, Tx};
use crate::domain::{
    AccountFingerprint, BadRecord, Channel, Conversion, ErrorCode, Failure, MessageId, REMEMBERED, Reached,
    Record, Reference, TimeSource, Timestamp,
};
use crate::ledger::decide::{
    Applied, AwaitingChannel, Change, Code, CodePlan, CodeRef, CodeState, CodeWant, Lane, Owner, Plan, Planned,
    RowRef, SeenCodes, Sibling, StoredRow, Want,
};
use crate::ledger::error::Location;
use crate::ledger::state::RowState;
use crate::ledger::ticket::{LeftOver, Novelty, RowId, UncleanStops};
use crate::ledger::tracking::Expiry;

/// What several runs share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Contents>>);

type RunId = i64;
/// A place among the accounts that recorded something.
type AccountId = usize;
type LaneKey = (AccountId, Channel, MessageId);

const NO_RUN: RunId = 0;

#[derive(Debug, Default)]
struct Contents {
    accounts: Vec<AccountFingerprint>,
    /// By number, in the order of recording.
    rows: BTreeMap<i64, StoredConversion>,
    lanes: HashMap<LaneKey, Vec<i64>>,
    pending: BTreeSet<i64>,
    codes: BTreeMap<i64, StoredCode>,
    /// Those that are open or await their channel.
    unended: BTreeSet<i64>,
    /// In the order of recording.
    references: HashMap<(AccountId, Reference), BTreeSet<i64>>,
    parts: HashMap<(AccountId, MessageId), i64>,
    unreadable: HashSet<(AccountId, Vec<u8>)>,
    runs: BTreeMap<RunId, UncleanRun>,
    last_run: RunId,
}

/// A run that has not ended cleanly.
#[derive(Debug)]
struct UncleanRun {
    unsettled_max: u64,
    is_alive: bool,
}

#[derive(Debug)]
struct StoredConversion {
    account: AccountId,
    content: StoredRow,
    key_time: Option<Timestamp>,
    state: RowState,
    owner: RunId,
    next_attempt: Timestamp,
    postponed_by: RunId,
    settled: Option<Timestamp>,
}

#[derive(Debug)]
struct StoredCode {
    account: AccountId,
    code: Code,
    owner: RunId,
    arrived: Timestamp,
}

impl Contents {
    /// Forgets what was settled at or before this time.
    fn prune(&mut self, before: Timestamp) {
        let Self { rows, lanes, codes, parts, references, .. } = self;
        rows.retain(|_, row| {
            let may_go = matches!(row.state, RowState::Accepted | RowState::Stale);
            !may_go || row.settled.is_none_or(|settled| settled > before)
        });
        for lane in lanes.values_mut() {
            lane.retain(|row| rows.contains_key(row));
        }
        lanes.retain(|_, lane| !lane.is_empty());
        codes.retain(|_, code| {
            matches!(code.code.state, CodeState::Open | CodeState::AwaitingChannel) || code.arrived > before
        });
        parts.retain(|_, code| codes.contains_key(code));
        for named in references.values_mut() {
            named.retain(|code| codes.contains_key(code));
        }
    }

    /// Notes where a code stands, and what its `ref` is.
    fn index_code(&mut self, id: i64) {
        let Some(StoredCode { account, code, .. }) = self.codes.get(&id) else { return };
        if matches!(code.state, CodeState::Open | CodeState::AwaitingChannel) {
            self.unended.insert(id);
        } else {
            self.unended.remove(&id);
        }
        if let Some(reference) = &code.reference {
            self.references.entry((*account, reference.clone())).or_default().insert(id);
        }
    }

    fn remove_code(&mut self, id: i64) {
        self.unended.remove(&id);
        let Some(StoredCode { account, code, .. }) = self.codes.remove(&id) else { return };
        if let Some(named) = code.reference.and_then(|reference| self.references.get_mut(&(account, reference))) {
            named.remove(&id);
        }
    }
}

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
        Self { memory: memory.clone(), account, me, crashed, unclean_stops }
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

    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError> {
        Ok(Box::new(MemoryTx { contents: self.memory.contents(), account: self.account, me: self.me, now }))
    }

    fn reserve_room(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn release_room(&mut self) -> bool {
        false
    }

    fn close(self: Box<Self>, _: u64, now: Timestamp) -> Result<(), StoreError> {
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

struct MemoryTx<'a> {
    contents: MutexGuard<'a, Contents>,
    account: AccountId,
    me: RunId,
    now: Timestamp,
}

impl MemoryTx<'_> {
    fn owner(&self, run: RunId) -> Owner {
        match self.contents.runs.get(&run) {
            _ if run == self.me => Owner::Me,
            Some(run) if run.is_alive => Owner::Other,
            Some(_) | None => Owner::Free,
        }
    }

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

    fn code(&self, id: i64) -> Option<Code> {
        let stored = self.contents.codes.get(&id)?;
        Some(Code { id: CodeRef::Stored(id), owner: self.owner(stored.owner), raw: None, ..stored.code.clone() })
    }

    /// Codes of this account in one of the two states that are not ended, and that no other live run has.
    fn codes_in(&self, state: CodeState) -> impl Iterator<Item = (i64, &StoredCode)> {
        let mine = move |code: &StoredCode| {
            code.code.state == state && code.account == self.account && self.owner(code.owner) != Owner::Other
        };
        let unended = self.contents.unended.iter().filter_map(|id| Some((*id, self.contents.codes.get(id)?)));
        unended.filter(move |(_, code)| mine(code))
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
        let by_part = |part: &&MessageId| {
            self.contents.parts.get(&(self.account, (*part).clone())).and_then(|id| self.code(*id))
        };
        let by_reference = |reference: &&Reference| {
            let named = self.contents.references.get(&(self.account, (*reference).clone()))?;
            self.code(*named.last()?)
        };
        Ok(SeenCodes {
            by_part: want.parts.iter().map(by_part).collect(),
            by_reference: want.references.iter().map(by_reference).collect(),
        })
    }

    fn apply_codes(&mut self, plan: &CodePlan) -> Result<(), StoreError> {
        let mut inserted = Vec::new();
        for code in &plan.inserts {
            let id = self.contents.codes.last_key_value().map_or(1, |(id, _)| id + 1);
            let (account, owner, arrived) = (self.account, self.me, self.now);
            self.contents.codes.insert(id, StoredCode { account, code: code.clone(), owner, arrived });
            self.contents.index_code(id);
            inserted.push(id);
        }
        let id = |code: CodeRef| match code {
            CodeRef::Stored(id) => id,
            CodeRef::New(at) => inserted[at],
        };
        for code in &plan.updates {
            if let Some(stored) = self.contents.codes.get_mut(&id(code.id)) {
                let raw = stored.code.raw.take().filter(|_| code.state == CodeState::AwaitingChannel);
                stored.code = Code { raw, ..code.clone() };
                stored.owner = if code.owner == Owner::Me { self.me } else { stored.owner };
            }
            self.contents.index_code(id(code.id));
        }
        for (message_id, code) in &plan.parts {
            self.contents.parts.insert((self.account, message_id.clone()), id(*code));
        }
        for (part, whole) in &plan.merges {
            self.contents.remove_code(*part);
            for code in self.contents.parts.values_mut().filter(|code| *code == part) {
                *code = id(*whole);
            }
        }
        Ok(())
    }

    fn expired_codes(&mut self, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
        let by = |code: &StoredCode| match expiry {
            Expiry::ByLog(_) | Expiry::All => code.code.deadline,
            Expiry::ByClock(_) => Some(code.arrived),
        };
        let until = match expiry {
            Expiry::ByLog(time) | Expiry::ByClock(time) => Some(time),
            Expiry::All => None,
        };
        let mut found: Vec<_> = self
            .codes_in(CodeState::Open)
            .filter_map(|(id, code)| Some((code.owner, by(code)?, id)))
            .filter(|(_, time, _)| until.is_none_or(|until| *time <= until))
            .collect();
        found.sort_unstable();
        Ok(found.into_iter().take(limit).filter_map(|(.., id)| self.code(id)).collect())
    }

    fn open_codes(&mut self) -> Result<u64, StoreError> {
        Ok(self.codes_in(CodeState::Open).count() as u64)
    }

    fn awaiting_channel(&mut self, arrived: Timestamp, limit: usize) -> Result<Vec<AwaitingChannel>, StoreError> {
        let mut found: Vec<_> = self
            .codes_in(CodeState::AwaitingChannel)
            .filter(|(_, code)| code.arrived <= arrived)
            .map(|(id, stored)| {
                let Code { line, reference, raw, .. } = stored.code.clone();
                (stored.arrived, AwaitingChannel { id, line, reference, raw: raw.unwrap_or_default() })
            })
            .collect();
        found.sort_by_key(|(arrived, code)| (*arrived, code.id));
        Ok(found.into_iter().take(limit).map(|(_, code)| code).collect())
    }

    fn give_up(&mut self, codes: &[AwaitingChannel]) -> Result<(), StoreError> {
        for code in codes {
            if let Some(stored) = self.contents.codes.get_mut(&code.id) {
                (stored.code.state, stored.code.raw) = (CodeState::GivenUp, None);
            }
            self.contents.index_code(code.id);
        }
        Ok(())
    }

    fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}
