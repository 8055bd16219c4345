//! Lanes: how they are read. Of a long one only what matters is.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::exchange::Statement;
use super::liveness::RunId;
use super::row::{self, channel_number, get, key_number};
use super::shown::{Foreseen, Length, Names, Shown};
use super::statements as sql;
use super::transaction::PostgresTx;
use crate::ledger::decide::{KeyWant, Lane, Owner, RowRef, Sibling, Want};
use crate::ledger::state::RowState;
use crate::ledger::store::StoreError;
use crate::ledger::ticket::RowId;

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
    let names = Names::holding(channels, message_ids, rows)?;
    let shown = Shown { held_by_nobody: read.held_by_nobody(), lengths, unless_changed: Some(names) };
    tx.foreseen = Some(Foreseen { lanes: read.lanes, shown });
    Ok(())
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
