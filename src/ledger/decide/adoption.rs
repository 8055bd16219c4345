//! Taking over what no live run works on: rows of runs that crashed or ended, and rows that were planned for later.

use crate::domain::{Conversion, Timestamp};
use crate::ledger::ticket::Due;

use super::lane::{Lane, Want};
use super::plan::Plan;
use super::retry::latest_plan;

/// Which rows come into question, by when their next attempt is planned. A plan later than `latest` was made by a clock that
/// was ahead: it counts as due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Planned for this time or before; `None`: for whenever.
    pub(crate) until: Option<Timestamp>,
    /// The same for those that this run has itself postponed; `None`: not at all.
    pub(crate) mine_until: Option<Timestamp>,
    /// The latest time that anything is planned for.
    pub(crate) latest: Timestamp,
}

/// Which rows are candidates.
pub(crate) fn planned(due: Due, now: Timestamp) -> Planned {
    let (until, mine_until) = match due {
        Due::OnlyDue => (Some(now), Some(now)),
        // A run takes up what it has itself postponed only while there is input; otherwise it would never end.
        Due::OnlyDueOfOthers => (Some(now), None),
        Due::Everything => (None, None),
    };
    Planned { until, mine_until, latest: latest_plan(now) }
}

/// What adopting a group touches.
pub(crate) fn want_candidates(candidates: &[Conversion]) -> Want<'_> {
    let mut want = Want::of(candidates.len());
    for conversion in candidates {
        want.add(conversion);
    }
    want
}

/// Hands out up to `limit` rows, one of each lane.
pub(crate) fn adopt(lanes: Vec<Lane>, due: Due, limit: usize, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    for mut lane in lanes {
        if plan.released.tickets.len() >= limit {
            break;
        }
        plan.advance(&mut lane, due, now);
    }
    plan
}
