//! What a transaction knows of the lanes that it was shown, and how what was read before it is made to hold in it.
//!
//! A guess that did nothing may bring the lanes with it, read in its own transaction. What is decided of them is carried out in
//! another one, which first makes sure, where nothing can change any more, that they are what they were.

use std::fmt::Write as _;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::exchange::Statement;
use super::row::get;
use super::schema::Schema;
use super::statements as sql;
use crate::ledger::decide::Lane;
use crate::ledger::store::StoreError;

/// How many guesses bring the lanes with them after one that did nothing. Reading them costs the server a quarter of a small
/// transaction, and saves a journey where the guess is wrong.
pub(super) const DOUBTED: u32 = 8;

/// What is known of the lanes that were shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Rows that a dead run holds: another one of their lanes may be handed out.
    pub(super) held_by_nobody: Vec<i64>,
    /// How many rows each has.
    pub(super) lengths: Vec<Length>,
    /// Where they were read before the transaction: what they have to be in it.
    pub(super) unless_changed: Option<Names>,
}

/// How many rows a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Few(usize),
    Many,
}

/// Lanes that were read beside a guess.
#[derive(Debug)]
pub(super) struct Foreseen {
    pub(super) lanes: Vec<Lane>,
    pub(super) shown: Shown,
}

/// Lanes by their names, and what was in them.
#[derive(Debug)]
pub(super) struct Names {
    channels: Vec<i16>,
    message_ids: Vec<String>,
    content: String,
}

impl Names {
    pub(super) fn holding(channels: Vec<i16>, message_ids: Vec<String>, rows: &[Row]) -> Result<Self, StoreError> {
        Ok(Self { channels, message_ids, content: content(rows)? })
    }

    /// What makes sure, in a transaction of a run, that they are still what they were.
    pub(super) fn unless_changed<'a>(
        self,
        schema: &Schema,
        account: i64,
        (run, serial): (i64, i64),
    ) -> Statement<'a> {
        let Self { channels, message_ids, content } = self;
        let asked = schema.statement(sql::UNLESS_CHANGED).number(account);
        let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
        asked.number(run).number(serial).with(content, Type::TEXT)
    }
}

/// All that may change in rows of lanes, as the server spells it in [`sql::UNLESS_CHANGED`].
fn content(rows: &[Row]) -> Result<String, StoreError> {
    let mut spelt = Vec::with_capacity(rows.len());
    for row in rows {
        let (n, id, timestamp): (i64, i64, i64) = (get(row, 0)?, get(row, 1)?, get(row, 4)?);
        let (state, owner): (i16, i64) = (get(row, 5)?, get(row, 6)?);
        let (next_attempt, postponed_by): (i64, i64) = (get(row, 7)?, get(row, 8)?);
        let free = if get(row, 9)? { 't' } else { 'f' };
        let mut text = String::new();
        let _ = write!(text, "{n},{id},{timestamp},{state},{owner},{next_attempt},{postponed_by},{free}");
        spelt.push((n, id, text));
    }
    spelt.sort_unstable();
    Ok(spelt.into_iter().map(|(_, _, text)| text).collect::<Vec<_>>().join(";"))
}
