//! Conversions: how a plan is carried out.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::exchange::{Statement, Step};
use super::lanes::{foresee, instead, names};
use super::row::{self, channel_number, get, key_number, number, reached_number, small, state_number};
use super::run::PostgresStore;
use super::schema::Schema;
use super::shown::{DOUBTED, Length};
use super::statements as sql;
use super::transaction::{Ended, Fenced, PostgresTx, Sight, fencing};
use crate::domain::{BadRecord, Conversion, ErrorCode, Reference, TimeSource, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::decide::{Applied, Change, Claim, End, NewRow, Plan, Planned, StoredRow, Want};
use crate::ledger::state::RowState;
use crate::ledger::store::{Cursor, StoreError};
use crate::ledger::ticket::{LeftOver, Novelty, RowId};

/// Carries out what was decided of lanes that were not read, if it was decided rightly: all of it or nothing.
pub(super) fn apply_guess(
    tx: &mut PostgresTx<'_>,
    want: &Want<'_>,
    plan: &Plan,
) -> Result<Option<Applied>, StoreError> {
    let records_only = plan.changes.is_empty() && !plan.inserts.is_empty();
    let ends = ends_only(plan);
    if !plan.reads.is_empty() {
        return Ok(None);
    }
    let serial = tx.store.serial + 1;
    let mut asked: Vec<Step<'_>> = vec![if records_only {
        let text = if fencing() == Fenced::Yes { sql::INSERT_NEW } else { sql::INSERT_NEW_UNFENCED };
        insert(tx, text, &plan.inserts).number(serial).into()
    } else if let Some(ends) = &ends {
        let (channels, message_ids) = names(want);
        let text = if is_broken(Promise::FencedWhenSettling) { sql::END_UNFENCED } else { sql::END_ALONE };
        let asked = end(tx, text, ends);
        let asked = asked.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
        asked.number(tx.store.account).number(serial).into()
    } else {
        return Ok(None);
    }];
    if records_only {
        let (channels, message_ids) = names(want);
        let count = i64::try_from(plan.inserts.len()).unwrap_or(i64::MAX);
        let nothing_else = tx.statement(sql::NOTHING_ELSE).number(tx.store.account);
        let nothing_else = nothing_else.with(channels, Type::INT2_ARRAY).with(message_ids, Type::TEXT_ARRAY);
        asked.push(nothing_else.number(tx.store.me).number(serial).number(count).into());
    }
    let is_doubted = tx.store.doubted > 0;
    if is_doubted {
        asked.push(instead(tx, want, serial).into());
    }
    let mut answers = match tx.at_once(Sight::Committed, asked) {
        Ok(Ended::Answered(answers)) => answers.into_iter(),
        Ok(Ended::Unanswered) if records_only => vec![by_keys(tx, &plan.inserts)?].into_iter(),
        Ok(Ended::Unanswered) => return Ok(Some(Applied::default())),
        // Somebody else was there at the same moment.
        Err(StoreError::Busy) if !tx.store.is_in_doubt() => Vec::new().into_iter(),
        Err(error) => return Err(error),
    };
    let rows = answers.next().unwrap_or_default();
    if rows.is_empty() {
        if let Some(lanes) = answers.nth(usize::from(records_only)).filter(|_| is_doubted) {
            foresee(tx, want, &lanes)?;
        }
        tx.store.doubted = DOUBTED;
        tx.start_over();
        return Ok(None);
    }
    tx.store.doubted = tx.store.doubted.saturating_sub(1);
    let inserted = if records_only { inserted(&rows, &plan.inserts)? } else { Vec::new() };
    Ok(Some(Applied { inserted, read: Vec::new() }))
}

/// The ends of a plan that has nothing else.
fn ends_only(plan: &Plan) -> Option<Vec<(RowId, &End)>> {
    if plan.changes.is_empty() || !plan.inserts.is_empty() {
        return None;
    }
    plan.changes
        .iter()
        .map(|change| match change {
            Change::End(row, end) => Some((*row, end)),
            Change::HandOut(_) | Change::Overtaken(_) | Change::GiveUpAsFuture(_) | Change::Claim(..) => None,
        })
        .collect()
}

/// Carries out a plan.
pub(super) fn apply(tx: &mut PostgresTx<'_>, plan: &Plan) -> Result<Applied, StoreError> {
    let steps = steps(tx, plan);
    if steps.is_empty() {
        return Ok(Applied::default());
    }
    let answers = tx.ask(steps)?;
    applied(plan, answers)
}

/// Carries out the last plan of a transaction, and commits.
pub(super) fn apply_last(tx: &mut PostgresTx<'_>, plan: &Plan) -> Result<Applied, StoreError> {
    let steps = steps(tx, plan);
    match tx.finish(steps)? {
        Ended::Answered(mut answers) => {
            answers.pop();
            applied(plan, answers)
        }
        Ended::Unanswered => {
            let inserted = match &plan.inserts[..] {
                [] => Vec::new(),
                inserts => inserted(&by_keys(tx, inserts)?, inserts)?,
            };
            let read = match &plan.reads[..] {
                [] => Vec::new(),
                reads => stored(&again(tx, |store| read(&store.access.schema, reads))?, reads)?,
            };
            Ok(Applied { inserted, read })
        }
    }
}

/// What a plan asks of the server: first what frees the place of a value under way, last what is read.
fn steps<'a>(tx: &PostgresTx<'_>, plan: &'a Plan) -> Vec<Step<'a>> {
    let mut steps = Vec::new();
    let changes_rows = !plan.inserts.is_empty() || !plan.changes.is_empty();
    if changes_rows && !tx.shown.held_by_nobody.is_empty() {
        steps.push(tx.statement(sql::FREE).numbers(tx.shown.held_by_nobody.clone()).into());
    }
    for layer in layers(&plan.changes) {
        carry_out(tx, &layer, &mut steps);
    }
    if !plan.inserts.is_empty() {
        steps.extend(not_alone(tx, &plan.inserts).map(Step::from));
        steps.push(insert(tx, sql::INSERT, &plan.inserts).into());
    }
    if !plan.reads.is_empty() {
        steps.push(read(&tx.store.access.schema, &plan.reads).into());
    }
    steps
}

/// The first change of each row, then the second of each that has one, and so on.
fn layers(changes: &[Change]) -> Vec<Vec<&Change>> {
    let mut layers: Vec<Vec<&Change>> = Vec::new();
    let mut so_far: HashMap<RowId, usize> = HashMap::with_capacity(changes.len());
    for change in changes {
        let (Change::HandOut(row)
        | Change::Overtaken(row)
        | Change::GiveUpAsFuture(row)
        | Change::Claim(row, _)
        | Change::End(row, _)) = change;
        let layer = so_far.entry(*row).or_default();
        if layers.len() == *layer {
            layers.push(Vec::new());
        }
        layers[*layer].push(change);
        *layer += 1;
    }
    layers
}

fn carry_out<'a>(tx: &PostgresTx<'_>, changes: &[&'a Change], steps: &mut Vec<Step<'a>>) {
    let (mut claims, mut ends) = (Vec::new(), Vec::new());
    let (mut overtaken, mut dead, mut handed_out) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::HandOut(row) => handed_out.push(row.0),
            Change::Overtaken(row) => overtaken.push(row.0),
            Change::GiveUpAsFuture(row) => dead.push(row.0),
            Change::Claim(row, claim) => claims.push((*row, claim)),
            Change::End(row, end) => ends.push((*row, end)),
        }
    }
    if !claims.is_empty() {
        steps.push(claim(tx, &claims).into());
    }
    if !ends.is_empty() {
        steps.push(end(tx, sql::END, &ends).into());
    }
    if !overtaken.is_empty() {
        steps.push(tx.statement(sql::OVERTAKEN).numbers(overtaken).number(tx.now.unix()).into());
    }
    if !dead.is_empty() {
        let why = "its time is more than 24 hours ahead: it was recorded while the clock was";
        let asked = tx.statement(sql::DEAD_LETTER).numbers(dead).number(tx.now.unix());
        steps.push(asked.with(ErrorCode::FutureTimestamp.as_str(), Type::TEXT).with(why, Type::TEXT).into());
    }
    if !handed_out.is_empty() {
        steps.push(tx.statement(sql::HAND_OUT).numbers(handed_out).number(tx.store.me).into());
    }
}

fn claim<'a>(tx: &PostgresTx<'_>, claims: &[(RowId, &'a Claim)]) -> Statement<'a> {
    let column = |of: &dyn Fn(&Claim) -> i64| claims.iter().map(|(_, claim)| of(claim)).collect::<Vec<_>>();
    let references: Vec<_> =
        claims.iter().map(|(_, claim)| claim.reference.as_ref().map(Reference::as_json)).collect();
    tx.statement(sql::CLAIM)
        .numbers(claims.iter().map(|(row, _)| row.0).collect())
        .number(tx.now.unix())
        .number(tx.store.me)
        .with(claims.iter().map(|(_, claim)| claim.is_revived).collect::<Vec<_>>(), Type::BOOL_ARRAY)
        .numbers(column(&|claim| number(claim.line)))
        .with(references, Type::TEXT_ARRAY)
        .numbers(column(&|claim| claim.timestamp.unix()))
        .with(claims.iter().map(|(_, claim)| !claim.is_forced).collect::<Vec<_>>(), Type::BOOL_ARRAY)
}

fn end<'a>(tx: &PostgresTx<'_>, text: &str, ends: &[(RowId, &'a End)]) -> Statement<'a> {
    fn column<'a, T>(ends: &[(RowId, &'a End)], of: impl Fn(&'a End) -> T) -> Vec<T> {
        ends.iter().map(|(_, end)| of(end)).collect()
    }
    tx.statement(text)
        .numbers(ends.iter().map(|(row, _)| row.0).collect())
        .number(tx.store.me)
        .number(tx.now.unix())
        .number(tx.store.me)
        .with(column(ends, |end| state_number(end.state)), Type::INT2_ARRAY)
        .numbers(column(ends, |end| end.next_attempt.unix()))
        .with(column(ends, |end| small(end.rounds)), Type::INT4_ARRAY)
        .with(column(ends, |end| small(end.effort.attempts)), Type::INT4_ARRAY)
        .with(column(ends, |end| small(end.effort.ambiguous_resends)), Type::INT4_ARRAY)
        .with(column(ends, |end| end.http_status.map(i32::from)), Type::INT4_ARRAY)
        .with(column(ends, |end| end.failure.as_ref().map(|failure| failure.code.as_str())), Type::TEXT_ARRAY)
        .with(
            column(ends, |end| end.failure.as_ref().and_then(|failure| reached_number(failure.reached_server))),
            Type::INT2_ARRAY,
        )
        .with(
            column(ends, |end| end.failure.as_ref().map(|failure| row::text(&failure.message))),
            Type::TEXT_ARRAY,
        )
        .with(column(ends, |end| end.is_postponed), Type::BOOL_ARRAY)
        .with(column(ends, |end| end.state == RowState::Queued && end.failure.is_none()), Type::BOOL_ARRAY)
}

/// The rows, sorted by message-id: all writers take their places in the indices in one order. Rows of one message-id keep
/// the order of recording.
fn insert<'a>(tx: &PostgresTx<'_>, text: &str, inserts: &'a [NewRow]) -> Statement<'a> {
    fn column<'a, T>(rows: &[&'a NewRow], of: impl Fn(&'a NewRow) -> T) -> Vec<T> {
        rows.iter().map(|row| of(row)).collect()
    }
    let crowded = crowded(tx, inserts);
    let mut rows: Vec<_> = inserts.iter().collect();
    if !is_broken(Promise::GroupsInOneOrder) {
        rows.sort_by_key(|row| &row.record.conversion.message_id);
    }
    tx.statement(text)
        .number(tx.store.account)
        .number(tx.store.me)
        .number(tx.now.unix())
        .with(column(&rows, |row| channel_number(row.record.conversion.channel)), Type::INT2_ARRAY)
        .with(column(&rows, |row| row.record.conversion.message_id.as_str()), Type::TEXT_ARRAY)
        .with(column(&rows, |row| row.record.conversion.delivered.as_bool()), Type::BOOL_ARRAY)
        .numbers(column(&rows, |row| key_number(row.record.key_time())))
        .numbers(column(&rows, |row| row.record.conversion.timestamp.unix()))
        .with(column(&rows, |row| state_number(row.state)), Type::INT2_ARRAY)
        .numbers(column(&rows, |row| number(row.record.line)))
        .with(column(&rows, |row| row.record.reference.as_ref().map(Reference::as_json)), Type::TEXT_ARRAY)
        .with(column(&rows, |row| row.record.time != TimeSource::Forced), Type::BOOL_ARRAY)
        .with(column(&rows, |row| !crowded.contains(&row.lane)), Type::BOOL_ARRAY)
}

/// The lanes that have many rows with these.
fn crowded(tx: &PostgresTx<'_>, inserts: &[NewRow]) -> HashSet<usize> {
    let mut lengths: HashMap<usize, usize> = HashMap::with_capacity(inserts.len());
    for row in inserts {
        let stored = match tx.shown.lengths.get(row.lane) {
            Some(Length::Few(rows)) => *rows,
            Some(Length::Many) => sql::FEW,
            None => 0,
        };
        *lengths.entry(row.lane).or_insert(stored) += 1;
    }
    lengths.into_iter().filter(|(_, rows)| *rows > sql::FEW).map(|(lane, _)| lane).collect()
}

/// What makes the stored rows of a lane that gets many with these known as such.
fn not_alone<'a>(tx: &PostgresTx<'_>, inserts: &'a [NewRow]) -> Option<Statement<'a>> {
    let mut lanes = crowded(tx, inserts);
    lanes.retain(|lane| matches!(tx.shown.lengths.get(*lane), Some(Length::Few(1..))));
    let rows: Vec<_> = inserts.iter().filter(|row| lanes.remove(&row.lane)).collect();
    let conversions = || rows.iter().map(|row| &row.record.conversion);
    (!rows.is_empty()).then(|| {
        tx.statement(sql::NOT_ALONE)
            .number(tx.store.account)
            .with(conversions().map(|one| channel_number(one.channel)).collect::<Vec<_>>(), Type::INT2_ARRAY)
            .with(conversions().map(|one| one.message_id.as_str()).collect::<Vec<_>>(), Type::TEXT_ARRAY)
    })
}

/// The rows of records, whoever inserted them.
fn by_keys(tx: &mut PostgresTx<'_>, inserts: &[NewRow]) -> Result<Vec<Row>, StoreError> {
    let keys: Vec<_> = inserts.iter().map(|row| &row.record).collect();
    let conversions = || keys.iter().map(|record| &record.conversion);
    again(tx, |store| {
        let asked = store.access.schema.statement(sql::BY_KEYS).number(store.account);
        asked
            .with(conversions().map(|one| channel_number(one.channel)).collect::<Vec<_>>(), Type::INT2_ARRAY)
            .with(conversions().map(|one| one.message_id.as_str()).collect::<Vec<_>>(), Type::TEXT_ARRAY)
            .numbers(keys.iter().map(|record| key_number(record.key_time())).collect())
            .with(conversions().map(|one| one.delivered.as_bool()).collect::<Vec<_>>(), Type::BOOL_ARRAY)
    })
}

/// Asks what a transaction has done whose answers were lost, until that is answered, or the transaction counts as in doubt.
fn again<'a>(
    tx: &mut PostgresTx<'_>,
    asked: impl Fn(&PostgresStore) -> Statement<'a>,
) -> Result<Vec<Row>, StoreError> {
    tx.store.or_in_doubt(|store| {
        store.persist(|store| {
            let asked = asked(store);
            store.connection.query(asked)
        })
    })
}

/// The numbers of inserted rows, in the plan's order.
fn inserted(rows: &[Row], inserts: &[NewRow]) -> Result<Vec<RowId>, StoreError> {
    let mut by_key = HashMap::with_capacity(rows.len());
    for row in rows {
        let key: (i16, &str, i64, bool) = (get(row, 1)?, get(row, 2)?, get(row, 3)?, get(row, 4)?);
        by_key.insert(key, RowId(get(row, 0)?));
    }
    let found = inserts.iter().map(|row| {
        let one = &row.record.conversion;
        let key = (
            channel_number(one.channel),
            one.message_id.as_str(),
            key_number(row.record.key_time()),
            one.delivered.as_bool(),
        );
        by_key.get(&key).copied().ok_or_else(|| row::damaged("gone since it was inserted"))
    });
    found.collect()
}

fn read<'a>(schema: &Schema, reads: &[RowId]) -> Statement<'a> {
    let columns = format!("SELECT {}, {}", row::RECORD, sql::STORED);
    schema.statement(&columns).numbers(reads.iter().map(|row| row.0).collect())
}

fn stored(rows: &[Row], reads: &[RowId]) -> Result<Vec<StoredRow>, StoreError> {
    let mut by_id = HashMap::with_capacity(rows.len());
    for row in rows {
        by_id.insert(RowId(get(row, 13)?), row);
    }
    let found = reads.iter().map(|id| {
        let row = by_id.get(id).ok_or_else(|| row::damaged("gone while it was read"))?;
        Ok(StoredRow {
            record: row::record(row)?,
            recorded: row::timestamp(row, 7)?,
            rounds: get::<i32>(row, 8)?.unsigned_abs(),
            http_status: get::<Option<i32>>(row, 9)?.and_then(|status| u16::try_from(status).ok()),
            failure: row::failure(row, 10)?,
        })
    });
    found.collect()
}

fn applied(plan: &Plan, mut answers: Vec<Vec<Row>>) -> Result<Applied, StoreError> {
    let mut applied = Applied::default();
    if !plan.reads.is_empty() {
        applied.read = stored(&answers.pop().unwrap_or_default(), &plan.reads)?;
    }
    if !plan.inserts.is_empty() {
        applied.inserted = inserted(&answers.pop().unwrap_or_default(), &plan.inserts)?;
    }
    Ok(applied)
}

/// The next rows that may be taken over.
pub(super) fn candidates(
    tx: &mut PostgresTx<'_>,
    planned: Planned,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<(Cursor, Conversion)>, StoreError> {
    let after = after.unwrap_or(Cursor { owner: -1, state: 0, planned: i64::MIN, row: 0 });
    let asked = tx
        .statement(&format!("SELECT {}, {}", row::RECORD, sql::CANDIDATES))
        .number(tx.store.account)
        .number(tx.store.me)
        .number(after.owner)
        .number(after.state)
        .number(after.planned)
        .number(after.row)
        .number(planned.until.map_or(i64::MAX, Timestamp::unix))
        .number(planned.mine_until.map_or(i64::MIN, Timestamp::unix))
        .number(planned.latest.unix())
        .number(i64::try_from(limit).unwrap_or(i64::MAX));
    let answers = tx.ask(vec![asked.into()])?;
    let found = answers.iter().flatten().map(|row| {
        let cursor = Cursor {
            owner: get(row, 9)?,
            state: get::<i16>(row, 10)?.into(),
            planned: get(row, 7)?,
            row: get(row, 8)?,
        };
        Ok((cursor, row::record(row)?.conversion))
    });
    found.collect()
}

/// What is pending and not another live run's.
pub(super) fn left_over(tx: &mut PostgresTx<'_>, latest: Timestamp) -> Result<Option<LeftOver>, StoreError> {
    let asked = tx.statement(sql::COUNT_PENDING).number(tx.store.account).number(tx.store.me);
    let answers = tx.ask(vec![asked.number(tx.now.unix()).number(latest.unix()).into()])?;
    let Some(row) = answers.iter().flatten().next() else { return Ok(None) };
    match get::<i64>(row, 0)? {
        0 => Ok(None),
        count => Ok(Some(LeftOver { count: count.unsigned_abs(), until: row::timestamp(row, 1)? })),
    }
}

/// Keeps input that was no record.
pub(super) fn keep_unreadable(tx: &mut PostgresTx<'_>, records: &[BadRecord]) -> Result<Vec<Novelty>, StoreError> {
    // Each row once, as the last of its kind has it.
    let mut last: HashMap<Vec<u8>, &BadRecord> = HashMap::new();
    let digests: Vec<Vec<u8>> = records.iter().map(|record| Sha256::digest(&record.raw)[..16].to_vec()).collect();
    for (digest, record) in digests.iter().zip(records) {
        last.insert(digest.clone(), record);
    }
    let mut kept: Vec<_> = last.into_iter().collect();
    kept.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let keys = || kept.iter().map(|(digest, _)| digest.clone()).collect::<Vec<_>>();
    let lines = || kept.iter().map(|(_, record)| number(record.line)).collect::<Vec<_>>();
    let codes = || kept.iter().map(|(_, record)| record.code.as_str()).collect::<Vec<_>>();
    let messages = || kept.iter().map(|(_, record)| row::text(&record.message)).collect::<Vec<_>>();
    let raw: Vec<_> = kept.iter().map(|(_, record)| record.raw.clone()).collect();
    let references: Vec<_> =
        kept.iter().map(|(_, record)| record.reference.as_ref().map(Reference::as_json)).collect();
    let (account, now) = (tx.store.account, tx.now.unix());
    let seen = tx.statement(sql::SEE_UNREADABLE).number(account).number(now);
    let seen = seen.with(keys(), Type::BYTEA_ARRAY).numbers(lines());
    let seen = seen.with(codes(), Type::TEXT_ARRAY).with(messages(), Type::TEXT_ARRAY);
    let new = tx.statement(sql::KEEP_UNREADABLE).number(account).number(now);
    let new = new.with(keys(), Type::BYTEA_ARRAY).with(raw, Type::BYTEA_ARRAY).numbers(lines());
    let new = new.with(references, Type::TEXT_ARRAY).with(codes(), Type::TEXT_ARRAY);
    let new = new.with(messages(), Type::TEXT_ARRAY);
    let answers = tx.ask(vec![seen.into(), new.into()])?;
    let mut fresh = Vec::new();
    for row in answers.last().into_iter().flatten() {
        fresh.push(get::<Vec<u8>>(row, 0)?);
    }
    let mut novelty = Vec::with_capacity(records.len());
    for digest in &digests {
        let first = fresh.iter().position(|new| new == digest);
        novelty.push(first.map_or(Novelty::Known, |at| {
            fresh.swap_remove(at);
            Novelty::New
        }));
    }
    Ok(novelty)
}
