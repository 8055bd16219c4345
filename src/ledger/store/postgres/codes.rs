//! Codes: how those that a group touches are found, and how a plan for them is carried out.

use std::collections::HashMap;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::liveness::RunId;
use super::row::{self, channel_number, get, number};
use super::run::PostgresStore;
use super::transaction::PostgresTx;
use crate::domain::{REMEMBERED, Reference, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::ledger::decide::{
    AwaitingChannel, Code, CodePlan, CodeRef, CodeState, CodeWant, Kin, Mark, Owner, Part, SeenCodes,
};
use crate::ledger::store::StoreError;
use crate::ledger::store::sources::{SourceId, Sources, UNKNOWN};
use crate::ledger::tracking::{Arrived, Expiry, LogSource};

const STATES: [CodeState; 5] =
    [CodeState::Open, CodeState::AwaitingChannel, CodeState::GivenUp, CodeState::Converted, CodeState::Silent];

/// The columns of a code, as [`read`] reads them from the second column on.
macro_rules! columns {
    () => {
        "c.id, c.channel, c.message_id, c.state, c.owner, c.sent, c.closes, c.converted, c.line, c.reference, c.source,
         c.owner = 0 OR r.id IS NULL OR r.dead"
    };
}

const OF_IDS: &str = concat!(
    "SELECT u.n, ",
    columns!(),
    " FROM unnest($2::text[]) WITH ORDINALITY u(m, n) CROSS JOIN LATERAL (
         SELECT c.* FROM @part p JOIN @code c ON c.id = p.code WHERE p.message_id = u.m AND p.account = $1 OFFSET 0) c
     LEFT JOIN @run r ON r.id = c.owner ORDER BY u.n, c.id"
);

/// The codes near marks with their parts, a row for each of these.
const OF_MARKS: &str = concat!(
    "SELECT u.n, ",
    columns!(),
    ", c.part_id, c.part_sent, c.part_line
     FROM unnest($2::text[], $3::int2[], $4::int8[], $5::int8[]) WITH ORDINALITY u(reference, channel, since, until, n)
     CROSS JOIN LATERAL (
         SELECT c.*, p.message_id AS part_id, p.sent AS part_sent, p.line AS part_line
         FROM @code c JOIN @part p ON p.code = c.id
         WHERE left(c.reference, 200) = left(u.reference, 200) AND c.reference = u.reference AND c.account = $1
           AND c.channel = u.channel AND c.sent BETWEEN u.since AND u.until
         ORDER BY c.sent, c.id LIMIT $6) c
     LEFT JOIN @run r ON r.id = c.owner ORDER BY u.n, c.sent, c.id"
);

const INSERT: &str = "INSERT INTO @code (account, channel, message_id, state, owner, sent, closes, converted, arrived, line,
                      reference, raw, source)
     SELECT $1, u.channel, u.message_id, u.state, $2, u.sent, u.closes, u.converted, $3, u.line, u.reference, u.raw,
            u.source
     FROM unnest($4::int2[], $5::text[], $6::int2[], $7::int8[], $8::int8[], $9::int8[], $10::int8[], $11::text[],
                 $12::bytea[], $13::int8[]) WITH ORDINALITY
          u(channel, message_id, state, sent, closes, converted, line, reference, raw, source, n)
     ORDER BY u.n RETURNING id";

const UPDATE: &str = "UPDATE @code c
     SET channel = u.channel, state = u.state, sent = u.sent, closes = u.closes, converted = u.converted,
         reference = u.reference, raw = CASE WHEN u.keeps THEN c.raw END,
         owner = coalesce(u.owner, c.owner), source = coalesce(u.source, c.source)
     FROM unnest($1::int8[], $2::int2[], $3::int2[], $4::int8[], $5::int8[], $6::int8[], $7::text[], $8::bool[],
                 $9::int8[], $10::int8[])
          u(id, channel, state, sent, closes, converted, reference, keeps, owner, source)
     WHERE c.id = u.id";

const ADD_PARTS: &str = "INSERT INTO @part (message_id, account, code, sent, line)
     SELECT u.message_id, $1, u.code, u.sent, u.line
     FROM unnest($2::text[], $3::int8[], $4::int8[], $5::int8[]) u(message_id, code, sent, line)";

const MOVE_PARTS: &str = "UPDATE @part p SET code = u.target
     FROM unnest($2::text[], $3::int8[], $4::int8[]) u(message_id, origin, target)
     WHERE p.message_id = u.message_id AND p.account = $1 AND p.code = u.origin";

/// Every run and source with open codes, each found by one look into the index.
const WATCHERS: &str = "WITH RECURSIVE w AS (
         (SELECT owner, source FROM @code WHERE account = $1 AND state = 0 ORDER BY owner, source LIMIT 1)
         UNION ALL
         SELECT x.owner, x.source FROM w CROSS JOIN LATERAL (
             SELECT owner, source FROM @code
             WHERE account = $1 AND state = 0 AND (owner, source) > (w.owner, w.source)
             ORDER BY owner, source LIMIT 1) x)
     SELECT w.owner, w.source, w.owner = 0 OR r.id IS NULL OR r.dead FROM w LEFT JOIN @run r ON r.id = w.owner
     ORDER BY w.owner, w.source";

macro_rules! expired {
    ($condition:literal, $order:literal) => {
        concat!(
            "SELECT 0::int8, ",
            columns!(),
            " FROM @code c LEFT JOIN @run r ON r.id = c.owner
             WHERE c.account = $1 AND c.owner = $2 AND c.source = $3 AND c.state = 0 AND ",
            $condition,
            " ORDER BY ",
            $order,
            ", c.id LIMIT $5"
        )
    };
}

const BY_LOG: &str = expired!("c.closes < $4", "c.closes");
const BY_CLOCK: &str = expired!("c.arrived < $4", "c.arrived");
/// The same, of codes whose answer would count for as long after they were sent.
const UNREAD: &str = expired!("c.arrived < $4 AND c.sent < $4", "c.arrived");

const COUNT_OPEN: &str =
    "SELECT count(*) FROM @code WHERE account = $1 AND owner = $2 AND source = $3 AND state = 0";

const AWAITING: &str = "SELECT c.id, c.line, c.reference, c.raw FROM @code c LEFT JOIN @run r ON r.id = c.owner
     WHERE c.account = $1 AND c.state = 1
       AND c.arrived <= CASE WHEN c.owner = $3 OR c.source = ANY($5) THEN $2 ELSE $6 END
       AND (c.owner = $3 OR c.owner = 0 OR r.id IS NULL OR r.dead)
     ORDER BY c.arrived, c.id LIMIT $4";

const GIVE_UP: &str = "UPDATE @code SET state = 2, raw = NULL WHERE id = ANY($1)";

fn state_number(state: CodeState) -> i16 {
    match state {
        CodeState::Open => 0,
        CodeState::AwaitingChannel => 1,
        CodeState::GivenUp => 2,
        CodeState::Converted => 3,
        CodeState::Silent => 4,
    }
}

/// The codes that a group of events touches.
pub(super) fn find(tx: &mut PostgresTx<'_>, want: &CodeWant<'_>) -> Result<SeenCodes, StoreError> {
    let mut seen = SeenCodes { of_ids: vec![Vec::new(); want.ids.len()], ..SeenCodes::default() };
    if want.ids.is_empty() {
        return Ok(seen);
    }
    let account = tx.store.account;
    let ids: Vec<_> = want.ids.iter().map(|id| id.as_str()).collect();
    let of_ids = tx.statement(OF_IDS).number(account).with(ids, Type::TEXT_ARRAY);
    let marks = || want.marks.iter();
    let of_marks = tx
        .statement(OF_MARKS)
        .number(account)
        .with(marks().map(|mark| mark.reference.as_json()).collect::<Vec<_>>(), Type::TEXT_ARRAY)
        .with(marks().map(|mark| channel_number(mark.channel)).collect::<Vec<_>>(), Type::INT2_ARRAY)
        .numbers(marks().map(|mark| mark.from.unix()).collect())
        .numbers(marks().map(|mark| mark.until.unix()).collect())
        .number(i64::try_from(Mark::PARTS_MAX).unwrap_or(i64::MAX));
    let mut asked = vec![of_ids.into()];
    if !want.marks.is_empty() {
        asked.push(of_marks.into());
    }
    let answers = tx.ask(asked)?;
    let (me, sources) = (tx.store.me, &tx.store.sources);
    for row in &answers[0] {
        let id = usize::try_from(get::<i64>(row, 0)?).ok().and_then(|n| seen.of_ids.get_mut(n.checked_sub(1)?));
        id.ok_or_else(|| row::damaged("no id"))?.push(read(row, me, sources)?);
    }
    let mut last = None;
    for row in answers.get(1).into_iter().flatten() {
        let place: (i64, i64) = (get(row, 0)?, get(row, 1)?);
        if last != Some(place) {
            seen.kin.push(Kin { code: read(row, me, sources)?, parts: Vec::new() });
            last = Some(place);
        }
        if let Some(kin) = seen.kin.last_mut() {
            kin.parts.push(Part {
                message_id: row::message_id(row, 13)?,
                sent: time(row, 14)?,
                line: get::<i64>(row, 15)?.unsigned_abs(),
            });
        }
    }
    Ok(seen)
}

fn read(row: &Row, me: RunId, sources: &Sources) -> Result<Code, StoreError> {
    let number: i16 = get(row, 4)?;
    let state = usize::try_from(number).ok().and_then(|number| STATES.get(number)).copied();
    let state = state.ok_or_else(|| row::damaged(&format!("state {number}")))?;
    let run: RunId = get(row, 5)?;
    Ok(Code {
        id: CodeRef::Stored(get(row, 1)?),
        channel: get::<Option<i16>>(row, 2)?.map(|_| row::channel(row, 2)).transpose()?,
        message_id: row::message_id(row, 3)?,
        state,
        owner: match () {
            () if state != CodeState::Open => Owner::Free,
            () if run == me => Owner::Me,
            () if get(row, 12)? => Owner::Free,
            () => Owner::Other,
        },
        told_by: sources.told_by(get(row, 11)?, run == me),
        sent: time(row, 6)?,
        deadline: time(row, 7)?,
        converted: time(row, 8)?,
        line: get::<i64>(row, 9)?.unsigned_abs(),
        reference: get::<Option<&str>>(row, 10)?.map(Reference::from_json),
        raw: None,
    })
}

fn time(row: &Row, column: usize) -> Result<Option<Timestamp>, StoreError> {
    get::<Option<i64>>(row, column)?.map(|_| row::timestamp(row, column)).transpose()
}

/// Carries out a plan.
pub(super) fn apply(tx: &mut PostgresTx<'_>, plan: &CodePlan) -> Result<(), StoreError> {
    let inserted = insert(tx, &plan.inserts)?;
    let id = |code: CodeRef| match code {
        CodeRef::Stored(id) => Some(id),
        CodeRef::New(at) => inserted.get(at).copied(),
    };
    let lost = || row::damaged("not been inserted");
    let account = tx.store.account;
    let mut asked = Vec::new();
    if !plan.updates.is_empty() {
        // The last content of each is what counts.
        let mut updates = HashMap::with_capacity(plan.updates.len());
        for code in &plan.updates {
            updates.insert(id(code.id).ok_or_else(lost)?, code);
        }
        asked.push(update(tx, updates).into());
    }
    if !plan.parts.is_empty() {
        let codes = plan.parts.iter().map(|(_, code)| id(*code).ok_or_else(lost));
        let codes = codes.collect::<Result<Vec<_>, _>>()?;
        let parts = || plan.parts.iter().map(|(part, _)| part);
        let add = tx.statement(ADD_PARTS).number(account);
        let add = add.with(parts().map(|part| part.message_id.as_str()).collect::<Vec<_>>(), Type::TEXT_ARRAY);
        let sent: Vec<_> = parts().map(|part| part.sent.map(Timestamp::unix)).collect();
        let add = add.numbers(codes).with(sent, Type::INT8_ARRAY);
        asked.push(add.numbers(parts().map(|part| number(part.line)).collect()).into());
    }
    if !plan.moves.is_empty() {
        let targets = plan.moves.iter().map(|(_, _, to)| id(*to).ok_or_else(lost));
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        let ids: Vec<_> = plan.moves.iter().map(|(id, _, _)| id.as_str()).collect();
        let moves = tx.statement(MOVE_PARTS).number(account).with(ids, Type::TEXT_ARRAY);
        let moves = moves.numbers(plan.moves.iter().map(|(_, from, _)| *from).collect());
        asked.push(moves.numbers(targets).into());
    }
    if !asked.is_empty() {
        tx.ask(asked)?;
    }
    Ok(())
}

/// Inserts codes; returns their numbers, in the same order.
fn insert(tx: &mut PostgresTx<'_>, codes: &[Code]) -> Result<Vec<i64>, StoreError> {
    fn column<'a, T>(codes: &'a [Code], of: impl Fn(&'a Code) -> T) -> Vec<T> {
        codes.iter().map(of).collect()
    }
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let sources: Vec<_> = codes.iter().map(|code| tx.store.sources.of(code.told_by)).collect();
    let asked = tx
        .statement(INSERT)
        .number(tx.store.account)
        .number(tx.store.me)
        .number(tx.now.unix())
        .with(column(codes, |code| code.channel.map(channel_number)), Type::INT2_ARRAY)
        .with(column(codes, |code| code.message_id.as_str()), Type::TEXT_ARRAY)
        .with(column(codes, |code| state_number(code.state)), Type::INT2_ARRAY)
        .with(column(codes, |code| code.sent.map(Timestamp::unix)), Type::INT8_ARRAY)
        .with(column(codes, |code| code.deadline.map(Timestamp::unix)), Type::INT8_ARRAY)
        .with(column(codes, |code| code.converted.map(Timestamp::unix)), Type::INT8_ARRAY)
        .numbers(column(codes, |code| number(code.line)))
        .with(column(codes, |code| code.reference.as_ref().map(Reference::as_json)), Type::TEXT_ARRAY)
        .with(column(codes, |code| code.raw.as_deref()), Type::BYTEA_ARRAY)
        .numbers(sources);
    let answers = tx.ask(vec![asked.into()])?;
    // Numbers are given in the order of the group.
    let mut ids = answers.iter().flatten().map(|row| get(row, 0)).collect::<Result<Vec<i64>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}

fn update<'a>(tx: &PostgresTx<'_>, updates: HashMap<i64, &'a Code>) -> super::exchange::Statement<'a> {
    fn column<'a, T>(updates: &[(i64, &'a Code)], of: impl Fn(&'a Code) -> T) -> Vec<T> {
        updates.iter().map(|(_, code)| of(code)).collect()
    }
    let mut updates: Vec<_> = updates.into_iter().collect();
    updates.sort_unstable_by_key(|(id, _)| *id);
    let is_mine = |code: &Code| code.owner == Owner::Me;
    let me = tx.store.me;
    let sources: Vec<_> =
        updates.iter().map(|(_, code)| is_mine(code).then(|| tx.store.sources.of(code.told_by))).collect();
    tx.statement(UPDATE)
        .numbers(updates.iter().map(|(id, _)| *id).collect())
        .with(column(&updates, |code| code.channel.map(channel_number)), Type::INT2_ARRAY)
        .with(column(&updates, |code| state_number(code.state)), Type::INT2_ARRAY)
        .with(column(&updates, |code| code.sent.map(Timestamp::unix)), Type::INT8_ARRAY)
        .with(column(&updates, |code| code.deadline.map(Timestamp::unix)), Type::INT8_ARRAY)
        .with(column(&updates, |code| code.converted.map(Timestamp::unix)), Type::INT8_ARRAY)
        .with(column(&updates, |code| code.reference.as_ref().map(Reference::as_json)), Type::TEXT_ARRAY)
        .with(column(&updates, |code| code.state == CodeState::AwaitingChannel), Type::BOOL_ARRAY)
        .with(column(&updates, |code| is_mine(code).then_some(me)), Type::INT8_ARRAY)
        .with(sources, Type::INT8_ARRAY)
}

/// A run and one of the sources that it told codes of, if no other live run is that run.
type Watcher = (RunId, SourceId);

fn watchers(tx: &mut PostgresTx<'_>) -> Result<Vec<Watcher>, StoreError> {
    let asked = tx.statement(WATCHERS).number(tx.store.account);
    let answers = tx.ask(vec![asked.into()])?;
    let mut free = Vec::new();
    for row in answers.iter().flatten() {
        let run = get(row, 0)?;
        if run == tx.store.me || get(row, 2)? {
            free.push((run, get(row, 1)?));
        }
    }
    Ok(free)
}

const PUBLISH: &str = "UPDATE @lease SET account = $2, sources = $3, log_time = $4 WHERE run = $1";

const OTHERS_HAVE_READ_TO: &str = "SELECT min(log_time) FROM @lease
     WHERE account = $2 AND run <> $1 AND log_time IS NOT NULL AND until > now()
       AND EXISTS (SELECT 1 FROM unnest(sources) s WHERE NOT s = ANY($3))";

/// Publishes up to when this run has read its log. Returns up to when every log has been read that any run of the account reads: the
/// conversion of a code may stand in another log than the code.
pub(super) fn read_to(store: &mut PostgresStore, log_time: Timestamp) -> Result<Timestamp, StoreError> {
    // A pipe is no other run's.
    let own = store.sources.own().iter().map(|source| if *source == UNKNOWN { -store.me } else { *source });
    let own: Vec<_> = own.collect();
    let about_me = |text: &str, sources| {
        let asked = store.access.schema.statement(text).number(store.me).number(store.account);
        asked.numbers(sources)
    };
    // A file that was rotated is the same log under another number.
    let same = own.iter().copied().chain(store.sources.known()).collect();
    let publish = about_me(PUBLISH, own).number(log_time.unix());
    let answers = store.connection.exchange(&[publish.into(), about_me(OTHERS_HAVE_READ_TO, same).into()])?;
    if is_broken(Promise::SilenceWaitsForEveryLog) {
        return Ok(log_time);
    }
    let others = answers.last().and_then(|rows| rows.first()).map(|row| time(row, 0)).transpose()?.flatten();
    Ok(others.map_or(log_time, |others| others.min(log_time)))
}

/// Open codes that have expired, watcher by watcher.
pub(super) fn expired(tx: &mut PostgresTx<'_>, expiry: Expiry, limit: usize) -> Result<Vec<Code>, StoreError> {
    let (account, me) = (tx.store.account, tx.store.me);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut asked = Vec::new();
    for (run, source) in watchers(tx)? {
        let is_ours = tx.store.sources.are_ours(source, run == me);
        let (text, until) = match (expiry, is_ours) {
            (Expiry::ByLog(time), true) => (BY_LOG, time.unix()),
            (Expiry::ByLog(_), false) => continue,
            (Expiry::ByClock(Arrived { ours, .. }), true) => (BY_CLOCK, ours.unix()),
            (Expiry::ByClock(Arrived { others, .. }), false) => (UNREAD, others.unix()),
            (Expiry::All, _) => (BY_LOG, i64::MAX),
        };
        let statement = tx.statement(text).number(account).number(run).number(source);
        asked.push(statement.number(until).number(most).into());
    }
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let answers = tx.ask(asked)?;
    let sources = &tx.store.sources;
    answers.iter().flatten().take(limit).map(|row| read(row, me, sources)).collect()
}

/// How many codes are open that our log told of and no other live run watches.
pub(super) fn count_open(tx: &mut PostgresTx<'_>) -> Result<u64, StoreError> {
    let (account, me) = (tx.store.account, tx.store.me);
    let ours = watchers(tx)?;
    let ours = ours.into_iter().filter(|(run, source)| tx.store.sources.are_ours(*source, *run == me));
    let asked: Vec<_> = ours
        .map(|(run, source)| tx.statement(COUNT_OPEN).number(account).number(run).number(source).into())
        .collect();
    if asked.is_empty() {
        return Ok(0);
    }
    let mut open = 0;
    for row in tx.ask(asked)?.iter().flatten() {
        open += get::<i64>(row, 0)?.unsigned_abs();
    }
    Ok(open)
}

/// Conversions whose channel nothing has named since they arrived.
pub(super) fn awaiting_channel(
    tx: &mut PostgresTx<'_>,
    arrived: Arrived,
    limit: usize,
) -> Result<Vec<AwaitingChannel>, StoreError> {
    let asked = tx.statement(AWAITING).number(tx.store.account).number(arrived.ours.unix()).number(tx.store.me);
    let asked = asked.number(i64::try_from(limit).unwrap_or(i64::MAX)).numbers(tx.store.sources.known().collect());
    let answers = tx.ask(vec![asked.number(arrived.others.unix()).into()])?;
    let found = answers.iter().flatten().map(|row| {
        Ok(AwaitingChannel {
            id: get(row, 0)?,
            line: get::<i64>(row, 1)?.unsigned_abs(),
            reference: get::<Option<&str>>(row, 2)?.map(Reference::from_json),
            raw: get::<Option<Vec<u8>>>(row, 3)?.unwrap_or_default(),
        })
    });
    found.collect()
}

/// Notes that these were given up.
pub(super) fn give_up(tx: &mut PostgresTx<'_>, codes: &[AwaitingChannel]) -> Result<(), StoreError> {
    if codes.is_empty() {
        return Ok(());
    }
    let asked = tx.statement(GIVE_UP).numbers(codes.iter().map(|code| code.id).collect());
    tx.ask(vec![asked.into()]).map(drop)
}

const KNOWN_SOURCES: &str =
    "SELECT id, name IS NOT DISTINCT FROM $2 AND identity IS NOT DISTINCT FROM $3 FROM @source
     WHERE account = $1 AND (name = $2 OR identity = $3) ORDER BY id";

const NEW_SOURCE: &str =
    "INSERT INTO @source (account, name, identity, read) VALUES ($1, $2, $3, $4) RETURNING id";

const READ_SOURCE: &str = "UPDATE @source SET read = $2 WHERE id = $1 RETURNING id";

const FORGET_SOURCES: &str = "DELETE FROM @source WHERE id IN (
     SELECT id FROM @source WHERE read < $1 FOR UPDATE SKIP LOCKED)";

/// Finds the files of a log again, and writes down those that are new: in one transaction, or two runs that begin to read one log at
/// the same moment would write it down twice, and read two. Files that were not read for a month are forgotten.
pub(super) fn sources(
    store: &mut PostgresStore,
    files: &[LogSource],
    now: Timestamp,
) -> Result<Sources, StoreError> {
    let mut sources = Sources::default();
    let schema = store.access.schema.clone();
    let forget = schema.statement(FORGET_SOURCES).number(now.before(REMEMBERED).unix());
    store.connection.query(forget)?;
    let account = store.account;
    let mut tx = PostgresTx::new(store, now);
    for LogSource { name, identity } in files {
        if name.is_none() && identity.is_none() {
            sources.add(UNKNOWN, []);
            continue;
        }
        let named = |text: &str| {
            let asked = schema.statement(text).number(account);
            asked.with(name.as_deref(), Type::TEXT).with(identity.as_deref(), Type::TEXT)
        };
        let mut known = Vec::new();
        let mut own = None;
        for row in tx.ask(vec![named(KNOWN_SOURCES).into()])?.iter().flatten() {
            known.push(get(row, 0)?);
            own = own.or(get::<bool>(row, 1)?.then_some(get::<SourceId>(row, 0)?));
        }
        let noted = match own {
            Some(id) => schema.statement(READ_SOURCE).number(id).number(now.unix()),
            None => named(NEW_SOURCE).number(now.unix()),
        };
        let noted = tx.ask(vec![noted.into()])?;
        let row = noted.iter().flatten().next().ok_or(StoreError::Busy)?;
        sources.add(get(row, 0)?, known);
    }
    tx.commit()?;
    Ok(sources)
}
