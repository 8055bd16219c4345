//! What happens to rows and codes, decided on values: which records are new, which row of a message-id may go, what an
//! outcome makes of a row, which conversions follow from a log.
//!
//! Nothing here reads a clock, a file or a database, and nothing has an effect. A group says what it touches (a `Want`), the
//! store shows that ([`Lane`], [`SeenCodes`]), a decision is a [`Plan`], and the store carries it out, all in one
//! transaction. So a decision can be made again where a store reports a conflict, and two stores share every rule.

mod adoption;
mod code;
mod follow;
mod intake;
mod lane;
mod outcome;
mod parts;
mod plan;
mod retry;
#[cfg(test)]
mod tests;

pub(crate) use adoption::{Planned, adopt, planned, want_candidates};
pub(crate) use code::{
    AwaitingChannel, Code, CodePlan, CodeRef, CodeState, CodeWant, Followed, Kin, Part, SeenCodes, ToldBy, expire,
    give_up, want_codes,
};
pub(crate) use follow::follow;
pub(crate) use intake::{Answer, Recording, record, want_records};
pub(crate) use lane::{KeyWant, Lane, LaneWant, Owner, Sibling, Want};
pub(crate) use outcome::{held_alone, settle, want_tickets};
pub(crate) use parts::{Mark, Streak};
pub(crate) use plan::{Applied, Change, Claim, End, NewRow, Plan, Release, RowRef, StoredRow};
pub(crate) use retry::latest_plan;
