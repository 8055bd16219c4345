//! Lanes: how they are read, and how what was read before a transaction is made to hold in it.
//!
//! A guess that did nothing may bring the lanes with it, read in its own transaction. What is decided of them is carried out in
//! another one, which first makes sure, where nothing can change any more, that they are what they were.

use std::fmt::Write as _;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::exchange::Statement;
use super::liveness::RunId;
use super::row::{self, channel_number, get, key_number};
use super::statements as sql;
use super::transaction::PostgresTx;
use crate::ledger::decide::{KeyWant, Lane, Owner, RowRef, Sibling, Want};
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
    /// How many rows each has.
    pub(super) lengths: Vec<Length>,
    /// Where they were read before the transaction: what they have to be in it.
    unless_changed: Option<Names>,
}

/// How many rows a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Few(usize),
    Many,
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
    let mut read = Read::of(want);
    read.take(answers.iter().flatten(), tx.store.me)?;
    tx.shown.lengths = read.lengths();
    let long: Vec<_> = (0..want.lanes.len()).filter(|at| tx.shown.lengths[*at] == Length::Many).collect();
    if !long.is_empty() {
        read.forget(&long);
        let asked = vec![heads(tx, want, &long).into(), keys(tx, want).into()];
        let answers = tx.ask(asked)?;
        read.take(answers.iter().flatten(), tx.store.me)?;
    }
    tx.shown.held_by_nobody = read.held_by_nobody();
    Ok(read.lanes)
}

/// What matters of long lanes: a message-id with very many values (a wrong mapping) costs no more for each than any other.
fn heads<'a>(tx: &PostgresTx<'_>, want: &Want<'a>, long: &[usize]) -> Statement<'a> {
    let lanes = || long.iter().map(|at| &want.lanes[*at]);
    let accepting = || lanes().map(|lane| lane.accepting);
    tx.statement(sql::HEADS)
        .number(tx.store.account)
        .with(lanes().map(|lane| channel_number(lane.channel)).collect::<Vec<_>>(), Type::INT2_ARRAY)
        .with(lanes().map(|lane| lane.message_id.as_str()).collect::<Vec<_>>(), Type::TEXT_ARRAY)
        .numbers(long.iter().map(|at| place(*at)).collect())
        .numbers(accepting().map(|order| order.map_or(i64::MIN, |(time, _)| time.unix())).collect())
        .numbers(accepting().map(|order| order.map_or(0, |(_, row)| row.0)).collect())
        .number(tx.store.me)
}

/// The wanted keys of long lanes.
fn keys<'a>(tx: &PostgresTx<'_>, want: &Want<'a>) -> Statement<'a> {
    let keys: Vec<_> = want.keys.iter().filter(|key| tx.shown.lengths[key.lane] == Length::Many).collect();
    let lanes = || keys.iter().map(|key| &want.lanes[key.lane]);
    let until = |key: &KeyWant| if key.and_later { i64::MAX } else { key_number(key.key_time) };
    tx.statement(sql::KEYS)
        .number(tx.store.account)
        .with(lanes().map(|lane| channel_number(lane.channel)).collect::<Vec<_>>(), Type::INT2_ARRAY)
        .with(lanes().map(|lane| lane.message_id.as_str()).collect::<Vec<_>>(), Type::TEXT_ARRAY)
        .numbers(keys.iter().map(|key| place(key.lane)).collect())
        .numbers(keys.iter().map(|key| key_number(key.key_time)).collect())
        .numbers(keys.iter().map(|key| until(key)).collect())
        .with(keys.iter().map(|key| key.delivered).collect::<Vec<_>>(), Type::BOOL_ARRAY)
}

/// Asks for the lanes in a transaction that guesses, where it does nothing else.
pub(super) fn instead<'a>(tx: &PostgresTx<'_>, want: &Want<'a>, serial: i64) -> Statement<'a> {
    let (channels, message_ids) = names(want);
    let asked = tx.statement(sql::LANES_INSTEAD).number(tx.store.account);
    let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
    asked.number(tx.store.me).number(serial)
}

/// Takes the answer to that. A long lane is read with what is decided of it.
pub(super) fn foresee(tx: &mut PostgresTx<'_>, want: &Want<'_>, rows: &[Row]) -> Result<(), StoreError> {
    let mut read = Read::of(want);
    read.take(rows.iter(), tx.store.me)?;
    let lengths = read.lengths();
    if lengths.contains(&Length::Many) {
        return Ok(());
    }
    let (channels, message_ids) = names(want);
    let message_ids = message_ids.into_iter().map(str::to_owned).collect();
    let unless_changed = Some(Names { channels, message_ids, content: content(rows)? });
    let shown = Shown { held_by_nobody: read.held_by_nobody(), lengths, unless_changed };
    tx.foreseen = Some(Foreseen { lanes: read.lanes, shown });
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

/// The number by which the server calls a lane.
fn place(at: usize) -> i64 {
    i64::try_from(at + 1).unwrap_or(i64::MAX)
}

/// Lanes on their way from the server.
struct Read {
    lanes: Vec<Lane>,
}

impl Read {
    fn of(want: &Want<'_>) -> Self {
        Self { lanes: vec![Lane::default(); want.lanes.len()] }
    }

    /// Takes rows that have not come yet.
    fn take<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, me: RunId) -> Result<(), StoreError> {
        for row in rows {
            let lane = usize::try_from(get::<i64>(row, 0)?).ok();
            let lane = lane.and_then(|n| self.lanes.get_mut(n.checked_sub(1)?));
            lane.ok_or_else(|| row::damaged("no lane"))?.rows.push(sibling(row, me)?);
        }
        // In the order of recording, whatever the server found first.
        for lane in &mut self.lanes {
            lane.rows.sort_unstable_by_key(|row| row.row);
            lane.rows.dedup_by_key(|row| row.row);
        }
        Ok(())
    }

    fn lengths(&self) -> Vec<Length> {
        let length = |lane: &Lane| {
            let rows = lane.rows.len();
            if rows <= sql::FEW { Length::Few(rows) } else { Length::Many }
        };
        self.lanes.iter().map(length).collect()
    }

    fn forget(&mut self, lanes: &[usize]) {
        for at in lanes {
            self.lanes[*at].rows.clear();
        }
    }

    fn held_by_nobody(&self) -> Vec<i64> {
        let rows = self.lanes.iter().flat_map(|lane| &lane.rows);
        let held = rows.filter(|row| row.state == RowState::Held && row.owner == Owner::Free);
        held.filter_map(|row| match row.row {
            RowRef::Stored(RowId(id)) => Some(id),
            RowRef::New(_) => None,
        })
        .collect()
    }
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
