//! Lanes: how they are read, and how what was read before a transaction is made to hold in it.
//!
//! A guess that did nothing may bring the lanes with it, read in its own transaction. What is decided of them is carried out in
//! another one, which first makes sure, where nothing can change any more, that they are what they were.

use std::fmt::Write as _;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::exchange::Statement;
use super::liveness::RunId;
use super::row::{self, channel_number, get};
use super::statements as sql;
use super::transaction::PostgresTx;
use crate::ledger::decide::{Lane, Owner, RowRef, Sibling, Want};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;
use crate::ledger::ticket::RowId;

/// How many guesses bring the lanes with them after one that did nothing. Reading them costs the server a quarter of a small
/// transaction, and saves a journey where the guess is wrong.
pub(super) const DOUBTED: u32 = 8;

/// What is known of the lanes that were shown last.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Rows that a dead run holds: another one of their lanes may be handed out.
    pub(super) held_by_nobody: Vec<i64>,
    /// Where they were read before the transaction: what they have to be in it.
    unless_changed: Option<Names>,
}

impl Shown {
    /// Whether they were read before the transaction.
    pub(super) fn are_to_be_checked(&self) -> bool {
        self.unless_changed.is_some()
    }
}

/// Lanes that were read beside a guess.
#[derive(Debug)]
pub(super) struct Foreseen {
    lanes: Vec<Lane>,
    shown: Shown,
}

/// Lanes by their names, and what was in them.
#[derive(Debug)]
struct Names {
    channels: Vec<i16>,
    message_ids: Vec<String>,
    content: String,
}

/// The lanes of a group.
pub(super) fn lanes(tx: &mut PostgresTx<'_>, want: &Want<'_>) -> Result<Vec<Lane>, StoreError> {
    if let Some(foreseen) = tx.foreseen.take() {
        tx.shown = foreseen.shown;
        return Ok(foreseen.lanes);
    }
    tx.shown = Shown::default();
    if want.lanes.is_empty() {
        return Ok(Vec::new());
    }
    let (channels, message_ids) = names(want);
    let asked = tx.statement(sql::LANES).number(tx.store.account);
    let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
    let answers = tx.ask(vec![asked.into()])?;
    let rows: Vec<_> = answers.iter().flatten().collect();
    let (lanes, held_by_nobody) = in_lanes(&rows, want.lanes.len(), tx.store.me)?;
    tx.shown.held_by_nobody = held_by_nobody;
    Ok(lanes)
}

/// Asks for the lanes in a transaction that guesses, where it does nothing else.
pub(super) fn instead<'a>(tx: &PostgresTx<'_>, want: &Want<'a>, serial: i64) -> Statement<'a> {
    let (channels, message_ids) = names(want);
    let asked = tx.statement(sql::LANES_INSTEAD).number(tx.store.account);
    let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
    asked.number(tx.store.me).number(serial)
}

/// Takes the answer to that.
pub(super) fn foresee(tx: &mut PostgresTx<'_>, want: &Want<'_>, rows: &[Row]) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.iter().collect();
    let (lanes, held_by_nobody) = in_lanes(&rows, want.lanes.len(), tx.store.me)?;
    let (channels, message_ids) = names(want);
    let message_ids = message_ids.into_iter().map(str::to_owned).collect();
    let unless_changed = Some(Names { channels, message_ids, content: content(&rows)? });
    tx.foreseen = Some(Foreseen { lanes, shown: Shown { held_by_nobody, unless_changed } });
    Ok(())
}

/// What makes sure that the lanes are still what they were, where they were not read in this very transaction.
pub(super) fn unless_changed<'a>(tx: &mut PostgresTx<'_>, serial: i64) -> Option<Statement<'a>> {
    let Names { channels, message_ids, content } = tx.shown.unless_changed.take()?;
    let asked = tx.statement(sql::UNLESS_CHANGED).number(tx.store.account);
    let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
    Some(asked.number(tx.store.me).number(serial).with(content, Type::TEXT))
}

pub(super) fn names<'a>(want: &Want<'a>) -> (Vec<i16>, Vec<&'a str>) {
    want.lanes.iter().map(|lane| (channel_number(lane.channel), lane.message_id.as_str())).unzip()
}

fn in_lanes(rows: &[&Row], count: usize, me: RunId) -> Result<(Vec<Lane>, Vec<i64>), StoreError> {
    let mut lanes = vec![Lane::default(); count];
    let mut held_by_nobody = Vec::new();
    for row in rows {
        let lane = usize::try_from(get::<i64>(row, 0)?).ok().and_then(|n| lanes.get_mut(n.checked_sub(1)?));
        let sibling = sibling(row, me)?;
        if sibling.state == RowState::Held && sibling.owner == Owner::Free {
            held_by_nobody.push(get(row, 1)?);
        }
        lane.ok_or_else(|| row::damaged("no lane"))?.rows.push(sibling);
    }
    // In the order of recording, whatever the server found first.
    for lane in &mut lanes {
        lane.rows.sort_unstable_by_key(|row| row.row);
    }
    Ok((lanes, held_by_nobody))
}

fn sibling(row: &Row, me: RunId) -> Result<Sibling, StoreError> {
    let state = row::state(row, 5)?;
    let owner: i64 = get(row, 6)?;
    Ok(Sibling {
        row: RowRef::Stored(RowId(get(row, 1)?)),
        delivered: get(row, 2)?,
        key_time: row::key_time(row, 3)?,
        timestamp: row::timestamp(row, 4)?,
        state,
        owner: match () {
            () if !state.is_pending() => Owner::Free,
            () if owner == me => Owner::Me,
            () if get(row, 9)? => Owner::Free,
            () => Owner::Other,
        },
        next_attempt: row::timestamp(row, 7)?,
        postponed_by_me: get::<RunId>(row, 8)? == me,
    })
}

/// All that may change in rows of lanes, as the server spells it in [`sql::UNLESS_CHANGED`].
fn content(rows: &[&Row]) -> Result<String, StoreError> {
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
