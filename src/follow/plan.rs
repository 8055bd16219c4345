//! Which files have to be read for a path, from where, and in which order.
//!
//! What was read before is known by what the file is and by how it begins. A file that was renamed is the same file under another
//! name; a file that was copied and cut off is another file that begins as the first one did.

use std::time::Duration;

use crate::domain::{FileHead, ReadTo, Timestamp};

/// A file that may have to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the file is.
    pub identity: String,
    /// How long it is.
    pub size: u64,
    /// When it was last written to, since 1970.
    pub changed: Duration,
    /// What its name says.
    pub kind: Kind,
}

impl Candidate {
    fn is_as_new_as(&self, time: Timestamp) -> bool {
        i64::try_from(self.changed.as_secs()).is_ok_and(|changed| changed >= time.unix())
    }
}

/// What a file's name says beside that of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is what stands at the path.
    Current,
    /// It is named as what stood there before: `app.log.1`, `app.log-20261127`, `app-20261127.log`.
    Rotated,
    /// The same, and it is packed.
    Packed,
    /// Nothing.
    Other,
}

/// A file to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which of the candidates.
    pub candidate: usize,
    /// From which byte.
    pub offset: u64,
    /// How many lines stand before that.
    pub lines: u64,
}

/// What may never be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The file that was read last is not there any more: what stood in it after this byte.
    Rest {
        /// Up to where it was read.
        offset: u64,
        /// Whether it was cut off, and no copy of it is found.
        is_cut: bool,
    },
    /// A file that was packed before it was read; which of the candidates.
    Packed(usize),
}

/// What is to be read, and what may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which it was written. What was read to its end is in it only while it may still be written to.
    pub parts: Vec<Part>,
    /// What may be missing.
    pub missing: Vec<Missing>,
}

/// What stands for a machine's file where none is: that it was looked then is known by it.
#[must_use]
pub fn no_file(machine: &str) -> String {
    format!("{machine}:")
}

fn is_no_file(identity: &str) -> bool {
    identity.ends_with(':')
}

/// Decides what is to be read. `known` is what was read before, the last one first; `begins` says whether a candidate begins so; a
/// program may still write to a file that has changed since `fresh`, wherever it was moved.
#[must_use]
pub fn plan(
    known: &[ReadTo],
    candidates: &[Candidate],
    fresh: Timestamp,
    begins: impl Fn(usize, &FileHead) -> bool,
) -> Plan {
    let mut found = Found { candidates, begins, parts: vec![None; candidates.len()] };
    let mut missing = Vec::new();
    for (age, before) in known.iter().enumerate() {
        if found.by_identity(before) {
            continue;
        }
        let is_cut = candidates.iter().any(|candidate| candidate.identity == before.identity);
        // What was read before the last one was read to its end, or its rest was missed then.
        if (age == 0 || is_cut) && !is_no_file(&before.identity) && !found.by_copy(before) {
            missing.push(Missing::Rest { offset: before.offset, is_cut });
        }
    }
    if let Some(last) = known.iter().map(|before| before.looked).max() {
        found.between(last);
        let packed = found.packed_since(last);
        if !packed.is_empty() {
            // The rest is in one of these.
            missing = packed;
        }
    }
    let mut parts: Vec<_> = found.parts.into_iter().flatten().collect();
    if let Some(current) = candidates.iter().position(|candidate| candidate.kind == Kind::Current)
        && parts.iter().all(|part| part.candidate != current)
    {
        parts.push(Part { candidate: current, offset: 0, lines: 0 });
    }
    let of = |part: &Part| &candidates[part.candidate];
    parts.retain(|part| {
        of(part).kind == Kind::Current || part.offset < of(part).size || of(part).is_as_new_as(fresh)
    });
    // Of two that were written to at the same moment, the one that was begun before comes first.
    parts.sort_by_key(|part| (of(part).kind == Kind::Current, of(part).changed, part.offset == 0));
    Plan { parts, missing }
}

/// The files that have been found.
struct Found<'a, B> {
    candidates: &'a [Candidate],
    begins: B,
    /// Of each candidate, what is to be read.
    parts: Vec<Option<Part>>,
}

impl<B: Fn(usize, &FileHead) -> bool> Found<'_, B> {
    /// The same file, wherever it is now.
    fn by_identity(&mut self, before: &ReadTo) -> bool {
        let same = |candidate: &Candidate| candidate.identity == before.identity;
        self.take(before, same)
    }

    /// A copy of it, which has another number; the newest one.
    fn by_copy(&mut self, before: &ReadTo) -> bool {
        if before.offset == 0 {
            // Any file begins like nothing.
            return false;
        }
        let newest = self
            .candidates
            .iter()
            .enumerate()
            .filter(|(at, candidate)| candidate.kind == Kind::Rotated && self.may_be(*at, before))
            .max_by_key(|(_, candidate)| candidate.changed);
        let Some((_, Candidate { identity, .. })) = newest else { return false };
        self.take(before, |candidate| candidate.identity == *identity)
    }

    fn take(&mut self, before: &ReadTo, is_it: impl Fn(&Candidate) -> bool) -> bool {
        let at = (0..self.candidates.len()).find(|at| is_it(&self.candidates[*at]) && self.may_be(*at, before));
        if let Some(at) = at {
            let (offset, lines) = (before.offset, before.lines);
            self.parts[at] = Some(Part { candidate: at, offset, lines });
        }
        at.is_some()
    }

    /// Whether a file can be the one that was read so far.
    fn may_be(&self, at: usize, before: &ReadTo) -> bool {
        self.parts[at].is_none() && self.candidates[at].size >= before.offset && (self.begins)(at, &before.head)
    }

    /// Files that stood at the path after what was read last, and were moved away before anybody looked.
    fn between(&mut self, last: Timestamp) {
        for (at, candidate) in self.candidates.iter().enumerate() {
            if candidate.kind == Kind::Rotated && candidate.is_as_new_as(last) && self.parts[at].is_none() {
                self.parts[at] = Some(Part { candidate: at, offset: 0, lines: 0 });
            }
        }
    }

    fn packed_since(&self, last: Timestamp) -> Vec<Missing> {
        let is_packed = |candidate: &Candidate| candidate.kind == Kind::Packed && candidate.is_as_new_as(last);
        let packed = self.candidates.iter().enumerate().filter(|(_, candidate)| is_packed(candidate));
        packed.map(|(at, _)| Missing::Packed(at)).collect()
    }
}
