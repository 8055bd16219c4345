//! One-time codes: what a log told of them, and the conversions that follow.
//!
//! A code's window opens when it was sent. A conversion within the window is true, and silence beyond it false. Which of
//! the two follows is decided by the log's own times, so the same log gives the same conversions however it is cut,
//! interrupted and read again. A window is watched by the run that saw the code being sent, and when that is gone by any.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{OptionalExtension as _, Row, params};

use crate::domain::{
    BadRecord, Channel, CodeEvent, Conversion, Delivered, ErrorCode, Happening, MessageId, Record, Reference,
    TimeSource, Timestamp,
};

use super::LedgerError;
use super::lane::Desk;
use super::row::{self, channel_number, number};
use super::run::{Owner, RunId};
use super::ticket::Entries;

/// What a group of events, or of closed windows, came to, after it is committed.
#[derive(Debug, Default, PartialEq, Eq)]
#[must_use = "the tickets in it must be settled"]
pub struct Observed {
    /// The conversions that followed.
    pub entries: Entries,
    /// How many of what.
    pub counts: CodeCounts,
}

/// Events and what they were, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CodeCounts {
    /// Codes that were seen being sent.
    pub sent: u64,
    /// Further message-ids of these.
    pub parts: u64,
    /// Codes that the user converted.
    pub converted: u64,
    /// Of these, how many came after their window had closed.
    pub late: u64,
    /// Codes whose window closed without a conversion.
    pub silent: u64,
    /// Events that were known already.
    pub repeated: u64,
}

/// Which windows have closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// By the log: those that close at or before this time of it.
    ByLog(Timestamp),
    /// By the clock: those of codes that arrived at or before this time.
    ByClock(Timestamp),
    /// All of them: nothing more will be heard of these codes.
    All,
}

/// How long a code may take to convert, in seconds.
pub(super) type Window = i64;

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It was sent, and its window has not closed.
    Open,
    /// Converted, over a channel that is not known yet.
    Unplaced,
    /// The same, and told to be unusable; what tells the channel after all still counts.
    GivenUp,
    /// Converted.
    Converted,
    /// Its window closed without a conversion.
    Silent,
}

impl State {
    const ALL: [Self; 5] = [Self::Open, Self::Unplaced, Self::GivenUp, Self::Converted, Self::Silent];
}

impl ToSql for State {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Open => 0,
            Self::Unplaced => 1,
            Self::GivenUp => 2,
            Self::Converted => 3,
            Self::Silent => 4,
        }
        .into())
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let index = usize::try_from(number).ok();
        index.and_then(|index| Self::ALL.get(index)).copied().ok_or(FromSqlError::OutOfRange(number))
    }
}

/// One code as it is stored.
#[derive(Debug, Clone)]
struct Code {
    id: i64,
    channel: Option<Channel>,
    message_id: MessageId,
    state: State,
    owner: RunId,
    sent: Option<Timestamp>,
    closes: Option<Timestamp>,
    converted: Option<Timestamp>,
    line: u64,
    reference: Option<Reference>,
}

const COLUMNS: &str =
    "code.id, code.channel, code.message_id, state, owner, sent, closes, converted, line, reference";

impl Code {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let time = |column| row.get::<_, Option<i64>>(column)?.map(|_| row::timestamp(row, column)).transpose();
        Ok(Self {
            id: row.get(0)?,
            channel: row.get::<_, Option<i64>>(1)?.map(|_| row::channel(row, 1)).transpose()?,
            message_id: row::message_id(row, 2)?,
            state: row.get(3)?,
            owner: row.get(4)?,
            sent: time(5)?,
            closes: time(6)?,
            converted: time(7)?,
            line: row.get::<_, i64>(8)?.unsigned_abs(),
            reference: row.get_ref(9)?.as_str_or_null()?.map(Reference::from_json),
        })
    }

    /// The conversion that follows from its end; of one whose channel is not known none does.
    fn conversion(&self, delivered: Delivered, timestamp: Timestamp) -> Option<Record> {
        let conversion =
            Conversion { channel: self.channel?, message_id: self.message_id.clone(), delivered, timestamp };
        let reference = self.reference.clone();
        let doubts = MessageId::doubts(self.message_id.as_str()).collect();
        Some(Record { line: self.line, reference, conversion, time: TimeSource::Given, doubts })
    }
}

/// Where a row stands among those that are looked through: by its time, then by its number.
type Cursor = (i64, i64);

/// A conversion whose channel is not known: where it stands, whose it is, and what is told when it is given up.
type Unplaced = (Cursor, RunId, BadRecord);

/// What follows from one event.
#[derive(Debug)]
pub(super) enum Followed {
    /// These conversions, in this order; or nothing, for now.
    New(Vec<Record>),
    /// A conversion that had followed before.
    Again(Record),
}

impl Desk<'_> {
    /// Takes a group of events, and records the conversions that follow from them.
    pub(super) fn observe(&mut self, events: &[CodeEvent], window: Window) -> Result<Observed, LedgerError> {
        let mut observed = Observed::default();
        for event in events {
            let records = match self.follow(event, window, &mut observed.counts)? {
                Followed::New(records) => records,
                // The key knows what became of it.
                Followed::Again(record) => vec![record],
            };
            observed.entries.absorb(self.record(&records)?);
        }
        Ok(observed)
    }

    /// Closes up to `limit` windows, and records that these codes did not convert.
    pub(super) fn close_windows(&mut self, closing: Closing, limit: usize) -> Result<Observed, LedgerError> {
        let mut observed = Observed::default();
        let records = self.silences(closing, limit, &mut observed.counts)?;
        observed.entries = self.record(&records)?;
        Ok(observed)
    }

    /// Writes an event down, and tells what follows.
    pub(super) fn follow(
        &mut self,
        event: &CodeEvent,
        window: Window,
        counts: &mut CodeCounts,
    ) -> Result<Followed, LedgerError> {
        let known = self.code_of_part(event).map_err(|error| self.failed(error))?;
        let kin = self.code_of_reference(event, window).map_err(|error| self.failed(error))?;
        if let (None, Some(kin)) = (&known, &kin) {
            self.add_part(event, kin.id).map_err(|error| self.failed(error))?;
        }
        match event.happening {
            Happening::Sent => self.sent(event, known.as_ref(), kin.as_ref(), window, counts),
            Happening::Converted => {
                let code = known.or(kin);
                self.converted(event, code, counts).map_err(|error| self.failed(error))
            }
        }
    }

    fn sent(
        &mut self,
        event: &CodeEvent,
        known: Option<&Code>,
        kin: Option<&Code>,
        window: Window,
        counts: &mut CodeCounts,
    ) -> Result<Followed, LedgerError> {
        match (known, kin) {
            (Some(code), _) if code.sent.is_none() => counts.sent += 1,
            (Some(_), _) => counts.repeated += 1,
            (None, Some(_)) => counts.parts += 1,
            (None, None) => counts.sent += 1,
        }
        if let Some(code) = known
            && code.state == State::Open
            && self.owners.of(code.owner)? == Owner::Nobody
        {
            self.watch(code).map_err(|error| self.failed(error))?;
        }
        self.was_sent(event, known, kin, window).map_err(|error| self.failed(error))
    }

    /// The window of a run that is gone is this run's, which reads the same log.
    fn watch(&self, code: &Code) -> rusqlite::Result<()> {
        let mut watch = self.db.prepare_cached("UPDATE code SET owner = ?2 WHERE id = ?1")?;
        watch.execute(params![code.id, self.owners.me()]).map(drop)
    }

    fn was_sent(
        &self,
        event: &CodeEvent,
        known: Option<&Code>,
        kin: Option<&Code>,
        window: Window,
    ) -> rusqlite::Result<Followed> {
        let nothing = Followed::New(Vec::new());
        let Some(code) = known.or(kin) else {
            self.insert_code(event, State::Open, Some(window))?;
            return Ok(nothing);
        };
        // Its conversion was told before its being sent, which now tells what it is a part of.
        let whole = kin.filter(|whole| code.sent.is_none() && whole.id != code.id && whole.state == State::Open);
        if let (Some(converted), Some(whole)) = (code.converted, whole) {
            self.end(whole, State::Converted, Some(converted))?;
        }
        match code.state {
            State::Unplaced | State::GivenUp => self.placed(code, whole, event),
            State::Open | State::Converted => self.sent_earlier(code, event, window).map(|()| nothing),
            State::Silent => Ok(nothing),
        }
    }

    /// The channel of what was converted is known now, and maybe also what it is a part of: then the first part stands for it.
    fn placed(&self, code: &Code, whole: Option<&Code>, event: &CodeEvent) -> rusqlite::Result<Followed> {
        let converted = code.converted.unwrap_or(event.timestamp);
        let placed = if let Some(whole) = whole {
            self.merge(code, whole)?;
            Code { line: code.line, ..whole.clone() }
        } else {
            self.place(code, event)?;
            Code { channel: event.channel, ..code.clone() }
        };
        Ok(Followed::New(placed.conversion(Delivered::True, converted).into_iter().collect()))
    }

    fn place(&self, code: &Code, event: &CodeEvent) -> rusqlite::Result<()> {
        let mut place = self.db.prepare_cached(
            "UPDATE code SET channel = ?2, state = ?3, sent = ?4, reference = coalesce(reference, ?5), raw = NULL
             WHERE id = ?1",
        )?;
        place
            .execute(params![
                code.id,
                event.channel.map(channel_number),
                State::Converted,
                (event.happening == Happening::Sent).then_some(event.timestamp.unix()),
                event.reference.as_ref().map(Reference::as_json),
            ])
            .map(drop)
    }

    fn merge(&self, part: &Code, whole: &Code) -> rusqlite::Result<()> {
        let mut parts = self.db.prepare_cached("UPDATE part SET code = ?2 WHERE code = ?1")?;
        parts.execute([part.id, whole.id])?;
        self.db.prepare_cached("DELETE FROM code WHERE id = ?1")?.execute([part.id]).map(drop)
    }

    /// The first part that was sent opens the window, in whatever order they are told. A time of reading is none to correct
    /// another by.
    fn sent_earlier(&self, code: &Code, event: &CodeEvent, window: Window) -> rusqlite::Result<()> {
        let sent = event.timestamp;
        if code.sent.is_none_or(|known| event.time == TimeSource::Given && sent < known) {
            let mut update = self.db.prepare_cached(
                "UPDATE code SET sent = ?2, closes = ?3, reference = coalesce(reference, ?4) WHERE id = ?1",
            )?;
            let reference = event.reference.as_ref().map(Reference::as_json);
            update.execute(params![code.id, sent.unix(), sent.unix().saturating_add(window), reference])?;
        }
        Ok(())
    }

    fn converted(
        &self,
        event: &CodeEvent,
        code: Option<Code>,
        counts: &mut CodeCounts,
    ) -> rusqlite::Result<Followed> {
        let at = event.timestamp;
        let Some(code) = code else {
            let state = if event.channel.is_some() { State::Converted } else { State::Unplaced };
            self.insert_code(event, state, None)?;
            counts.converted += 1;
            return Ok(Followed::New(of_its_own(event).into_iter().collect()));
        };
        let told = Code { line: event.line, ..code.clone() };
        Ok(match (code.state, event.channel) {
            (State::Open, _) => {
                counts.converted += 1;
                self.end(&code, State::Converted, Some(at))?;
                let converted = told.conversion(Delivered::True, at).map(|record| Record {
                    time: event.time,
                    doubts: event.doubts.clone(),
                    ..record
                });
                let silence = match code.closes {
                    Some(closes) if closes < at => {
                        (counts.late, counts.silent) = (counts.late + 1, counts.silent + 1);
                        code.conversion(Delivered::False, closes)
                    }
                    Some(_) | None => None,
                };
                Followed::New(silence.into_iter().chain(converted).collect())
            }
            (State::Silent, _) => {
                (counts.converted, counts.late) = (counts.converted + 1, counts.late + 1);
                // What was told as false must stay the older fact, also where the log tells the truth too late.
                let at = code.closes.map_or(at, |closes| closes.max(at));
                self.end(&code, State::Converted, Some(at))?;
                Followed::New(told.conversion(Delivered::True, at).into_iter().collect())
            }
            (State::Unplaced | State::GivenUp, Some(_)) => {
                counts.repeated += 1;
                self.placed(&told, None, event)?
            }
            (State::Converted | State::Unplaced | State::GivenUp, _) => {
                counts.repeated += 1;
                match told.conversion(Delivered::True, code.converted.unwrap_or(at)) {
                    Some(record) => Followed::Again(record),
                    None => Followed::New(Vec::new()),
                }
            }
        })
    }

    /// Ends up to `limit` windows that have closed, and tells what follows.
    pub(super) fn silences(
        &mut self,
        closing: Closing,
        limit: usize,
        counts: &mut CodeCounts,
    ) -> Result<Vec<Record>, LedgerError> {
        let mut records = Vec::new();
        let mut before = None;
        while let Some(owner) = self.next_owner(before).map_err(|error| self.failed(error))? {
            before = Some(owner);
            if self.owners.of(owner)? == Owner::Other {
                continue;
            }
            let codes = self.closed(closing, owner, limit - records.len());
            for code in codes.map_err(|error| self.failed(error))? {
                // A window that is closed by force, before its time, closes now.
                let closes = code.closes.map_or(self.now, |closes| closes.min(self.now));
                let silent = Code { closes: Some(closes), ..code };
                self.end(&silent, State::Silent, None).map_err(|error| self.failed(error))?;
                counts.silent += 1;
                records.extend(silent.conversion(Delivered::False, closes));
            }
        }
        Ok(records)
    }

    /// The next run, in order, that has open windows. What another living run watches is passed over as a whole: there may be
    /// millions, and meanwhile nobody else could write.
    fn next_owner(&self, before: Option<RunId>) -> rusqlite::Result<Option<RunId>> {
        let mut query = self
            .db
            .prepare_cached("SELECT min(owner) FROM code WHERE account = ?1 AND state = 0 AND owner > ?2")?;
        query.query_row(params![self.account, before.unwrap_or(RunId::MIN)], |row| row.get(0))
    }

    fn closed(&self, closing: Closing, owner: RunId, limit: usize) -> rusqlite::Result<Vec<Code>> {
        let (column, until) = match closing {
            Closing::ByLog(time) => ("closes", time.unix()),
            Closing::ByClock(time) => ("arrived", time.unix()),
            Closing::All => ("closes", i64::MAX),
        };
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM code WHERE account = ?1 AND owner = ?2 AND state = 0 AND {column} <= ?3
             ORDER BY {column}, id LIMIT ?4"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query.query_map(params![self.account, owner, until, limit], Code::read)?.collect()
    }

    /// Gives up conversions that arrived at or before this time and whose channel nothing has told since, and keeps them as dead
    /// letters.
    pub(super) fn give_up_unplaced(&mut self, arrived: Timestamp) -> Result<Vec<BadRecord>, LedgerError> {
        /// How many in one go: each has its line with it.
        const LIMIT: usize = 64;
        let mut bad = Vec::new();
        let mut after = (i64::MIN, 0);
        loop {
            let chunk = self.unplaced(arrived, after, LIMIT).map_err(|error| self.failed(error))?;
            let is_last = chunk.len() < LIMIT;
            for (cursor, owner, record) in chunk {
                if bad.len() < LIMIT {
                    after = cursor;
                    if self.owners.of(owner)? != Owner::Other {
                        self.give_up(cursor.1).map_err(|error| self.failed(error))?;
                        bad.push(record);
                    }
                }
            }
            if is_last || bad.len() == LIMIT {
                self.record_refused(&bad).map_err(|error| self.failed(error))?;
                return Ok(bad);
            }
        }
    }

    fn give_up(&self, id: i64) -> rusqlite::Result<()> {
        let mut give_up = self.db.prepare_cached("UPDATE code SET state = ?2, raw = NULL WHERE id = ?1")?;
        give_up.execute(params![id, State::GivenUp]).map(drop)
    }

    fn unplaced(&self, arrived: Timestamp, after: Cursor, limit: usize) -> rusqlite::Result<Vec<Unplaced>> {
        let mut query = self.db.prepare_cached(
            "SELECT id, owner, line, reference, raw, arrived FROM code
             WHERE account = ?1 AND state = 1 AND arrived <= ?2 AND (arrived, id) > (?3, ?4)
             ORDER BY arrived, id LIMIT ?5",
        )?;
        let read = |row: &Row<'_>| {
            let bad = BadRecord {
                line: row.get::<_, i64>(2)?.unsigned_abs(),
                reference: row.get_ref(3)?.as_str_or_null()?.map(Reference::from_json),
                code: ErrorCode::BadRecord,
                message: "channel is missing, and nothing told that the code was sent".to_owned(),
                raw: row.get::<_, Option<Vec<u8>>>(4)?.unwrap_or_default(),
            };
            Ok(((row.get(5)?, row.get(0)?), row.get(1)?, bad))
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        query.query_map(params![self.account, arrived.unix(), after.0, after.1, limit], read)?.collect()
    }

    fn owners_of_windows(&self) -> rusqlite::Result<Vec<(RunId, i64)>> {
        let mut query = self
            .db
            .prepare_cached("SELECT owner, count(*) FROM code WHERE account = ?1 AND state = 0 GROUP BY owner")?;
        query.query_map([self.account], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    fn code_of_part(&self, event: &CodeEvent) -> rusqlite::Result<Option<Code>> {
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM part JOIN code ON code.id = part.code
             WHERE part.message_id = ?1 AND part.account = ?2"
        ))?;
        query.query_row(params![event.message_id.as_str(), self.account], Code::read).optional()
    }

    /// The newest code with the event's `ref`, if the event can belong to it. A part is sent, and a conversion told again, within
    /// the window; what happens later under the same `ref` happens to another code. The conversion of a code that has none
    /// may be late.
    fn code_of_reference(&self, event: &CodeEvent, window: Window) -> rusqlite::Result<Option<Code>> {
        let Some(reference) = &event.reference else { return Ok(None) };
        let mut query = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM code WHERE reference = ?1 AND account = ?2 ORDER BY id DESC LIMIT 1"
        ))?;
        let newest = query.query_row(params![reference.as_json(), self.account], Code::read).optional()?;
        let near = |known: Option<Timestamp>| {
            known.is_none_or(|known| known.age_at(event.timestamp).unsigned_abs() <= window.unsigned_abs())
        };
        Ok(newest.filter(|code| match (event.happening, code.state) {
            (Happening::Sent, _) => near(code.sent.or(code.converted)),
            (Happening::Converted, State::Open | State::Silent) => true,
            (Happening::Converted, State::Converted | State::Unplaced | State::GivenUp) => near(code.converted),
        }))
    }

    fn add_part(&self, event: &CodeEvent, code: i64) -> rusqlite::Result<()> {
        let mut insert =
            self.db.prepare_cached("INSERT INTO part (message_id, account, code) VALUES (?1, ?2, ?3)")?;
        insert.execute(params![event.message_id.as_str(), self.account, code]).map(drop)
    }

    fn insert_code(&self, event: &CodeEvent, state: State, window: Option<Window>) -> rusqlite::Result<()> {
        let at = event.timestamp.unix();
        let mut insert = self.db.prepare_cached(
            "INSERT INTO code (account, channel, message_id, state, owner, sent, closes, converted, arrived, line,
                               reference, raw)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        let id = insert.insert(params![
            self.account,
            event.channel.map(channel_number),
            event.message_id.as_str(),
            state,
            self.owners.me(),
            window.map(|_| at),
            window.map(|window| at.saturating_add(window)),
            window.is_none().then_some(at),
            self.now.unix(),
            number(event.line),
            event.reference.as_ref().map(Reference::as_json),
            (state == State::Unplaced).then_some(&event.raw),
        ])?;
        self.add_part(event, id)
    }

    fn end(&self, code: &Code, state: State, converted: Option<Timestamp>) -> rusqlite::Result<()> {
        let mut end =
            self.db.prepare_cached("UPDATE code SET state = ?2, converted = ?3, closes = ?4 WHERE id = ?1")?;
        let (converted, closes) = (converted.map(Timestamp::unix), code.closes.map(Timestamp::unix));
        end.execute(params![code.id, state, converted, closes]).map(drop)
    }
}

/// How many windows are open that no other living run watches.
pub(super) fn open_windows(desk: &mut Desk<'_>) -> Result<u64, LedgerError> {
    let owners = desk.owners_of_windows().map_err(|error| desk.failed(error))?;
    let mut open = 0;
    for (owner, count) in owners {
        if desk.owners.of(owner)? != Owner::Other {
            open += count.unsigned_abs();
        }
    }
    Ok(open)
}

/// The conversion that an event tells all alone.
fn of_its_own(event: &CodeEvent) -> Option<Record> {
    let CodeEvent { line, reference, message_id, timestamp, time, doubts, .. } = event.clone();
    let conversion = Conversion { channel: event.channel?, message_id, delivered: Delivered::True, timestamp };
    Some(Record { line, reference, conversion, time, doubts })
}
