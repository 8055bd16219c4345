//! The SQL that finds and changes rows. `schema` explains the columns.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// The statements below, for one lane: `?1` is the account, `?2` the channel, `?3` the message-id.
macro_rules! of_lane {
    ($rest:literal) => {
        concat!(
            "SELECT id, delivered, key_time, timestamp, state, owner, next_attempt, postponed_by FROM conversion
             WHERE account = ?1 AND channel = ?2 AND message_id = ?3 ",
            $rest
        )
    };
}

/// The most rows that a lane is read whole with. A longer one is read by indices that hold no row of a shorter one, so that
/// ordinary rows pay nothing for them.
pub(crate) const FEW: usize = 4;

/// What `alone` is in a row that is its message-id's only one, among few, and among many.
pub(super) const IS_ONLY: i64 = 2;
pub(super) const IS_OF_FEW: i64 = 1;
pub(super) const IS_OF_MANY: i64 = 0;

/// Whether a lane has any row.
pub(super) const IS_KNOWN: &str =
    "SELECT 1 FROM conversion WHERE account = ?1 AND channel = ?2 AND message_id = ?3 LIMIT 1";

/// One more than [`FEW`] rows.
pub(crate) const LANE: &str = of_lane!("LIMIT 5");

/// The head of a long lane, in this order: what `?4` and `?5` say, the newest accepted value, is known after the first.
pub(crate) const HEAD: &[&str] = &[
    of_lane!("AND alone = 0 AND state = 2 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    of_lane!("AND alone = 0 AND state = 1"),
    of_lane!("AND alone = 0 AND state = 0 AND (timestamp, id) < (?4, ?5)"),
    of_lane!("AND alone = 0 AND state = 0 AND (timestamp, id) >= (?4, ?5) ORDER BY timestamp, id LIMIT 1"),
    of_lane!("AND alone = 0 AND state = 0 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    of_lane!("AND key_time = -1"),
];

/// One of a long lane's rows that wait for this run.
pub(crate) const WAITS: &str = of_lane!("AND alone = 0 AND state = 0 AND owner = ?4 LIMIT 1");

/// The row with a key.
pub(crate) const KEY: &str = of_lane!("AND key_time = ?4 AND delivered = ?5");

/// The rows with a key's value and its time or a later one.
pub(super) const KEYS_FROM: &str = of_lane!("AND key_time >= ?4 AND delivered = ?5");

/// Notes of all rows of a message-id among how many they are.
pub(super) const NOTE_COMPANY: &str =
    "UPDATE conversion SET alone = ?4 WHERE account = ?1 AND channel = ?2 AND message_id = ?3";

/// So many new rows are written by one statement: to open the table and its indices costs as much as a row.
pub(super) const TOGETHER: usize = 16;

/// A new row. `?1` is the account, `?2` who holds it while it is pending, `?3` the time.
///
/// `OR FAIL`, here and for [`ACCEPT`]: who fails gives up the whole transaction, so SQLite need not keep what each page was before
/// the statement.
pub(super) static INSERT: LazyLock<String> = LazyLock::new(|| insert(1));

/// The same with [`TOGETHER`] rows.
pub(super) static INSERT_TOGETHER: LazyLock<String> = LazyLock::new(|| insert(TOGETHER));

fn insert(rows: usize) -> String {
    let mut sql = "INSERT OR FAIL INTO conversion (account, owner, recorded, next_attempt, settled, channel, message_id, delivered,
                                           key_time, timestamp, state, line, reference, alone) VALUES"
        .to_owned();
    for row in 0..rows {
        let [channel, id, delivered, key, time, state, line, reference, alone] =
            std::array::from_fn(|at| 4 + 9 * row + at);
        let separator = if row == 0 { "" } else { "," };
        let _ = write!(
            sql,
            "{separator} (?1, iif(?{state} < 2, ?2, 0), ?3, ?3, iif(?{state} < 2, NULL, ?3), ?{channel}, ?{id}, ?{delivered}, \
             ?{key}, ?{time}, ?{state}, ?{line}, ?{reference}, ?{alone})"
        );
    }
    sql
}

pub(super) const HAND_OUT: &str = "UPDATE conversion SET state = 1, owner = ?2 WHERE id = ?1";

pub(super) const OVERTAKEN: &str = "UPDATE conversion SET state = 5, owner = 0, settled = ?2 WHERE id = ?1";

pub(super) const DEAD_LETTER: &str =
    "UPDATE conversion SET state = 4, owner = 0, settled = ?2, code = ?3, message = ?4 WHERE id = ?1";

pub(super) const CLAIM: &str = "UPDATE conversion
     SET recorded = iif(?2, ?3, recorded), rounds = iif(?2, 0, rounds), state = 0, owner = ?4, line = ?5,
         reference = ?6, next_attempt = ?3, settled = NULL, timestamp = ?7
     WHERE id = ?1";

/// Rows that follow one another and were accepted alike.
pub(super) const ACCEPT: &str = "UPDATE OR FAIL conversion
     SET state = 2, owner = 0, settled = ?3, http_status = ?4, attempts = attempts + ?5, ambiguous = ambiguous + ?6,
         code = NULL, reached = NULL, message = NULL, postponed_by = 0
     WHERE id BETWEEN ?1 AND ?2";

/// `?13`: a row that was not sent in this round keeps what an earlier round met.
pub(super) const END: &str = "UPDATE conversion
     SET state = ?2, owner = 0, next_attempt = ?3, rounds = ?4, attempts = attempts + ?5,
         ambiguous = ambiguous + ?6, settled = ?7, http_status = coalesce(?8, http_status),
         code = iif(?13, code, ?9), reached = iif(?13, reached, ?10), message = iif(?13, message, ?11),
         postponed_by = ?12
     WHERE id = ?1";

/// After the columns of a record.
pub(super) const STORED: &str = "recorded, rounds, http_status, code, reached, message";

/// The next rows of an owner in the order of their planned attempts.
pub(super) const CANDIDATES: &str = "next_attempt, id FROM conversion
     WHERE account = ?1 AND owner = ?2 AND state = 0
       AND (next_attempt, id) > (?3, ?4) AND (next_attempt <= ?5 OR next_attempt > ?8)
       AND (next_attempt <= ?6 OR next_attempt > ?8 OR postponed_by <> ?7)
     ORDER BY next_attempt, id LIMIT ?9";

/// A walk over the index that touches one row for each run.
pub(super) const NEXT_OWNER: &str =
    "SELECT min(owner) FROM conversion WHERE account = ?1 AND owner > ?2 AND state = 0";

pub(super) const COUNT_PENDING: &str = "SELECT count(*), max(iif(next_attempt > ?4, ?3, next_attempt))
     FROM conversion WHERE account = ?1 AND owner = ?2 AND state = 0";

pub(super) const STATE_OF: &str = "SELECT state FROM conversion WHERE id = ?1";

/// A range of rows in the hands of a run.
pub(super) const HOLD: &str = "INSERT INTO held (run, first, last) VALUES (?1, ?2, ?3)";

pub(super) const HOLD_LESS: &str = "UPDATE held SET last = ?3 WHERE run = ?1 AND first = ?2";

pub(super) const LET_GO: &str = "DELETE FROM held WHERE run = ?1 AND first = ?2";

pub(super) const LET_ALL_GO: &str = "DELETE FROM held WHERE run = ?1";

pub(super) const HELD_BY: &str = "SELECT first, last FROM held WHERE run = ?1";

pub(super) const NEXT_HOLDER: &str = "SELECT min(run) FROM held WHERE run > ?1";

pub(super) const GIVE_BACK: &str =
    "UPDATE conversion SET state = 0, owner = 0 WHERE id BETWEEN ?1 AND ?2 AND state = 1 AND owner = ?3";

pub(super) const ADD_TO_TALLY: &str = "INSERT INTO tally (account, state, rows, since) VALUES (?1, ?2, ?3, ?4)
     ON CONFLICT (account, state) DO UPDATE SET rows = rows + excluded.rows, since = min(since, excluded.since)";

pub(super) const UNREADABLE_IS_KNOWN: &str = "SELECT 1 FROM unreadable WHERE account = ?1 AND digest = ?2";

pub(super) const KEEP_UNREADABLE: &str =
    "INSERT INTO unreadable (account, digest, raw, line, reference, code, message, seen)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
     ON CONFLICT (account, digest) DO UPDATE
     SET line = excluded.line, code = excluded.code, message = excluded.message, seen = excluded.seen";

/// The columns of a code.
macro_rules! codes {
    ($rest:literal) => {
        concat!(
            "SELECT code.id, code.channel, code.message_id, state, owner, code.sent, closes, converted, code.line,
                    reference, source ",
            $rest
        )
    };
}

pub(super) const CODES_OF_ID: &str =
    codes!("FROM part JOIN code ON code.id = part.code WHERE part.message_id = ?1 AND part.account = ?2");

/// The codes near a mark with their parts, a row for each of these.
pub(super) const CODES_OF_MARK: &str = codes!(
    ", part.message_id, part.sent, part.line FROM code JOIN part ON part.code = code.id
     WHERE reference = ?1 AND code.account = ?2 AND channel = ?3 AND code.sent BETWEEN ?4 AND ?5
     ORDER BY code.sent, code.id LIMIT ?6"
);

pub(super) const EXPIRED_BY_LOG: &str = codes!(
    "FROM code WHERE account = ?1 AND owner = ?2 AND source = ?3 AND state = 0 AND closes < ?4
     ORDER BY closes, id LIMIT ?5"
);

pub(super) const EXPIRED_BY_CLOCK: &str = codes!(
    "FROM code WHERE account = ?1 AND owner = ?2 AND source = ?3 AND state = 0 AND arrived < ?4
     ORDER BY arrived, id LIMIT ?5"
);

/// The same, of codes whose answer would count for as long after they were sent.
pub(super) const EXPIRED_UNREAD: &str = codes!(
    "FROM code WHERE account = ?1 AND owner = ?2 AND source = ?3 AND state = 0 AND arrived < ?4 AND sent < ?4
     ORDER BY arrived, id LIMIT ?5"
);

/// The next run and source, in order, with open codes. What another live run watches is passed over as a whole: there may be
/// millions, and no other run could write meanwhile.
pub(super) const NEXT_WATCHER: &str = "SELECT owner, source FROM code
     WHERE account = ?1 AND state = 0 AND (owner, source) > (?2, ?3) ORDER BY owner, source LIMIT 1";

pub(super) const COUNT_OPEN: &str =
    "SELECT count(*) FROM code WHERE account = ?1 AND owner = ?2 AND source = ?3 AND state = 0";

pub(super) const INSERT_CODE: &str =
    "INSERT INTO code (account, channel, message_id, state, owner, sent, closes, converted, arrived, line,
                       reference, raw, source)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// `?9` is this run, and `?10` its source, if it watches the code.
pub(super) const UPDATE_CODE: &str = "UPDATE code
     SET channel = ?2, state = ?3, sent = ?4, closes = ?5, converted = ?6, reference = ?7,
         raw = iif(?8, raw, NULL), owner = coalesce(?9, owner), source = coalesce(?10, source)
     WHERE id = ?1";

pub(super) const ADD_PART: &str =
    "INSERT INTO part (message_id, account, code, sent, line) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const MOVE_PART: &str =
    "UPDATE part SET code = ?4 WHERE message_id = ?1 AND account = ?2 AND code = ?3";

pub(super) const AWAITING_CHANNEL: &str = "SELECT id, owner, line, reference, raw, arrived, source FROM code
     WHERE account = ?1 AND state = 1 AND arrived <= ?2 AND (arrived, id) > (?3, ?4)
     ORDER BY arrived, id LIMIT ?5";

pub(super) const GIVE_UP: &str = "UPDATE code SET state = 2, raw = NULL WHERE id = ?1";
