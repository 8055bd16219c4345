//! Codes in memory: how those that a group touches are found, and how a plan for them is carried out.

use super::contents::{Contents, MemoryTx, StoredCode};
use crate::domain::{MessageId, Timestamp};
use crate::ledger::decide::{
    AwaitingChannel, Code, CodePlan, CodeRef, CodeState, CodeWant, Kin, Mark, Owner, Part, SeenCodes,
};
use crate::ledger::tracking::{Arrived, Expiry};

impl MemoryTx<'_> {
    fn code(&self, id: i64) -> Option<Code> {
        let stored = self.contents.codes.get(&id)?;
        let told_by = self.sources.told_by(stored.source, stored.owner == self.me);
        let owner = self.owner(stored.owner);
        Some(Code { id: CodeRef::Stored(id), owner, told_by, raw: None, ..stored.code.clone() })
    }

    fn add_part(&mut self, part: Part, code: i64) {
        self.contents.codes_of_id.entry((self.account, part.message_id.clone())).or_default().push(code);
        if let Some(stored) = self.contents.codes.get_mut(&code) {
            stored.parts.push(part);
        }
    }

    /// Of these codes, those of this account that no other live run has.
    fn free<'a>(
        &self,
        codes: impl Iterator<Item = &'a (Timestamp, i64)>,
    ) -> impl Iterator<Item = (i64, &StoredCode)> {
        codes
            .filter_map(|(_, id)| Some((*id, self.contents.codes.get(id)?)))
            .filter(|(_, code)| code.account == self.account && self.owner(code.owner) != Owner::Other)
    }

    pub(super) fn find_codes(&self, want: &CodeWant<'_>) -> SeenCodes {
        let of_id = |id: &&MessageId| {
            let codes = self.contents.codes_of_id.get(&(self.account, (*id).clone()));
            codes.into_iter().flatten().filter_map(|id| self.code(*id)).collect()
        };
        let kin = |mark: &Mark<'_>| {
            let marked = self.contents.marks.get(&(self.account, mark.reference.clone(), mark.channel));
            let near = marked.into_iter().flat_map(|marked| marked.range((mark.from, 0)..=(mark.until, i64::MAX)));
            // A code whose time was corrected is there under both.
            let near = near.filter_map(|(sent, id)| Some((*sent, self.contents.codes.get(id)?, self.code(*id)?)));
            let kin = near.filter(|(sent, _, code)| code.sent == Some(*sent));
            kin.map(|(_, stored, code)| Kin { code, parts: stored.parts.clone() }).collect::<Vec<_>>()
        };
        SeenCodes { of_ids: want.ids.iter().map(of_id).collect(), kin: want.marks.iter().flat_map(kin).collect() }
    }

    pub(super) fn carry_out_for_codes(&mut self, plan: &CodePlan) {
        let mut inserted = Vec::new();
        for code in &plan.inserts {
            let id = self.contents.codes.last_key_value().map_or(1, |(id, _)| id + 1);
            let (account, owner, arrived, source) =
                (self.account, self.me, self.now, self.sources.of(code.told_by));
            let code = code.clone();
            let stored =
                StoredCode { account, code, parts: Vec::new(), owner, source, arrived, indexed_deadline: None };
            self.contents.codes.insert(id, stored);
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
                if code.owner == Owner::Me {
                    (stored.owner, stored.source) = (self.me, self.sources.of(code.told_by));
                }
            }
            self.contents.index_code(id(code.id));
        }
        for (part, code) in &plan.parts {
            self.add_part(part.clone(), id(*code));
        }
        for (message_id, from, to) in &plan.moves {
            let Some(stored) = self.contents.codes.get_mut(from) else { continue };
            let (moved, parts) =
                std::mem::take(&mut stored.parts).into_iter().partition(|part| part.message_id == *message_id);
            stored.parts = parts;
            let codes = self.contents.codes_of_id.entry((self.account, message_id.clone())).or_default();
            codes.retain(|code| code != from);
            let moved: Vec<_> = moved;
            for part in moved {
                self.add_part(part, id(*to));
            }
        }
    }

    pub(super) fn find_expired(&self, expiry: Expiry, limit: usize) -> Vec<Code> {
        let has_expired = |code: &StoredCode| {
            let is_ours = self.sources.are_ours(code.source, code.owner == self.me);
            match (expiry, is_ours) {
                (Expiry::ByLog(time), true) => code.code.deadline < Some(time),
                (Expiry::ByLog(_), false) => false,
                (Expiry::ByClock(Arrived { ours, .. }), true) => code.arrived < ours,
                (Expiry::ByClock(Arrived { others, .. }), false) => {
                    code.arrived < others && code.code.sent < Some(others)
                }
                (Expiry::All, _) => true,
            }
        };
        let order = |code: &StoredCode| match expiry {
            Expiry::ByLog(_) | Expiry::All => code.code.deadline,
            Expiry::ByClock(_) => Some(code.arrived),
        };
        let Contents { open_by_deadline, open_by_arrival, .. } = &*self.contents;
        let candidates = match expiry {
            Expiry::ByLog(time) => open_by_deadline.range(..(time, i64::MIN)),
            Expiry::ByClock(Arrived { ours, others }) => open_by_arrival.range(..(ours.max(others), i64::MIN)),
            Expiry::All => open_by_deadline.range(..),
        };
        let mut found: Vec<_> = self
            .free(candidates)
            .filter(|(_, code)| has_expired(code))
            .filter_map(|(id, code)| Some((code.owner, code.source, order(code)?, id)))
            .collect();
        found.sort_unstable();
        found.into_iter().take(limit).filter_map(|(.., id)| self.code(id)).collect()
    }

    pub(super) fn count_open(&self) -> u64 {
        let is_ours = |code: &StoredCode| self.sources.are_ours(code.source, code.owner == self.me);
        self.free(self.contents.open_by_arrival.iter()).filter(|(_, code)| is_ours(code)).count() as u64
    }

    pub(super) fn find_awaiting_channel(&self, arrived: Arrived, limit: usize) -> Vec<AwaitingChannel> {
        let latest = arrived.ours.max(arrived.others);
        let mut found: Vec<_> = self
            .free(self.contents.awaiting_channel.range(..=(latest, i64::MAX)))
            .filter(|(_, code)| {
                let is_ours = self.sources.are_ours(code.source, code.owner == self.me);
                code.arrived <= if is_ours { arrived.ours } else { arrived.others }
            })
            .map(|(id, stored)| {
                let Code { line, reference, raw, .. } = stored.code.clone();
                (stored.arrived, AwaitingChannel { id, line, reference, raw: raw.unwrap_or_default() })
            })
            .collect();
        found.sort_by_key(|(arrived, code)| (*arrived, code.id));
        found.into_iter().take(limit).map(|(_, code)| code).collect()
    }

    pub(super) fn note_given_up(&mut self, codes: &[AwaitingChannel]) {
        for code in codes {
            if let Some(stored) = self.contents.codes.get_mut(&code.id) {
                (stored.code.state, stored.code.raw) = (CodeState::GivenUp, None);
            }
            self.contents.index_code(code.id);
        }
    }
}
