//! What several runs share in memory, and one run's hold on it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::MutexGuard;

use crate::domain::{AccountFingerprint, Channel, MessageId, ReadTo, Reference, Timestamp};
use crate::ledger::decide::{Code, CodeState, Owner, Part, StoredRow};
use crate::ledger::state::RowState;
use crate::ledger::store::sources::{SourceId, Sources};
use crate::ledger::tracking::LogSource;

pub(super) type RunId = i64;
/// A place among the accounts that recorded something.
pub(super) type AccountId = usize;
pub(super) type LaneKey = (AccountId, Channel, MessageId);

pub(super) const NO_RUN: RunId = 0;

#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) accounts: Vec<AccountFingerprint>,
    /// By number, in the order of recording.
    pub(super) rows: BTreeMap<i64, StoredConversion>,
    pub(super) lanes: HashMap<LaneKey, Vec<i64>>,
    pub(super) pending: BTreeSet<i64>,
    pub(super) codes: BTreeMap<i64, StoredCode>,
    /// Those that are open, by their deadline …
    pub(super) open_by_deadline: BTreeSet<(Timestamp, i64)>,
    /// … and by their arrival.
    pub(super) open_by_arrival: BTreeSet<(Timestamp, i64)>,
    /// Those that await their channel, by their arrival.
    pub(super) awaiting_channel: BTreeSet<(Timestamp, i64)>,
    /// By the time at which they were sent.
    pub(super) marks: HashMap<(AccountId, Reference, Channel), BTreeSet<(Timestamp, i64)>>,
    pub(super) codes_of_id: HashMap<(AccountId, MessageId), Vec<i64>>,
    /// The files of logs, by number from 1.
    pub(super) sources: Vec<(AccountId, LogSource)>,
    /// How far followed files have been read.
    pub(super) followed: HashMap<(AccountId, [u8; 16], String), ReadTo>,
    pub(super) unreadable: HashSet<(AccountId, Vec<u8>)>,
    pub(super) runs: BTreeMap<RunId, UncleanRun>,
    pub(super) last_run: RunId,
}

/// A run that has not ended cleanly.
#[derive(Debug)]
pub(super) struct UncleanRun {
    pub(super) unsettled_max: u64,
    pub(super) is_alive: bool,
}

#[derive(Debug)]
pub(super) struct StoredConversion {
    pub(super) account: AccountId,
    pub(super) content: StoredRow,
    pub(super) key_time: Option<Timestamp>,
    pub(super) state: RowState,
    pub(super) owner: RunId,
    pub(super) next_attempt: Timestamp,
    pub(super) postponed_by: RunId,
    pub(super) settled: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct StoredCode {
    pub(super) account: AccountId,
    pub(super) code: Code,
    pub(super) parts: Vec<Part>,
    pub(super) owner: RunId,
    pub(super) source: SourceId,
    pub(super) arrived: Timestamp,
    /// As it stands among those that are open.
    pub(super) indexed_deadline: Option<Timestamp>,
}

impl Contents {
    /// Forgets what was settled at or before this time.
    pub(super) fn prune(&mut self, before: Timestamp) {
        let Self { rows, lanes, codes, codes_of_id, marks, .. } = self;
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
        for of_id in codes_of_id.values_mut() {
            of_id.retain(|code| codes.contains_key(code));
        }
        for marked in marks.values_mut() {
            marked.retain(|(_, code)| codes.contains_key(code));
        }
    }

    /// Notes where a code stands, and what its mark is.
    pub(super) fn index_code(&mut self, id: i64) {
        let Some(stored) = self.codes.get_mut(&id) else { return };
        let is_open = stored.code.state == CodeState::Open;
        let deadline = stored.code.deadline.filter(|_| is_open);
        if let Some(before) = std::mem::replace(&mut stored.indexed_deadline, deadline) {
            self.open_by_deadline.remove(&(before, id));
        }
        self.open_by_deadline.extend(deadline.map(|deadline| (deadline, id)));
        let awaits_channel = stored.code.state == CodeState::AwaitingChannel;
        for (index, is_in_it) in
            [(&mut self.open_by_arrival, is_open), (&mut self.awaiting_channel, awaits_channel)]
        {
            let entry = (stored.arrived, id);
            let _ = if is_in_it { index.insert(entry) } else { index.remove(&entry) };
        }
        let StoredCode { account, code, .. } = stored;
        if let Code { reference: Some(reference), channel: Some(channel), sent: Some(sent), .. } = code {
            self.marks.entry((*account, reference.clone(), *channel)).or_default().insert((*sent, id));
        }
    }
}

pub(super) struct MemoryTx<'a> {
    pub(super) contents: MutexGuard<'a, Contents>,
    pub(super) account: AccountId,
    pub(super) me: RunId,
    pub(super) sources: &'a Sources,
    pub(super) now: Timestamp,
}

impl MemoryTx<'_> {
    pub(super) fn owner(&self, run: RunId) -> Owner {
        match self.contents.runs.get(&run) {
            _ if run == self.me => Owner::Me,
            Some(run) if run.is_alive => Owner::Other,
            Some(_) | None => Owner::Free,
        }
    }
}
