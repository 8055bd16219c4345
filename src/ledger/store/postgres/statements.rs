//! The SQL that finds and changes rows. `schema` explains the columns; each `@` stands for the schema.
//!
//! Groups go in as arrays. `LATERAL … OFFSET 0` and `state + 0` keep the planner from other indices than those by which rows are
//! named here: the one of pending rows is full of entries of rows that are settled by now.

/// A run's transaction begins: it has a lease, which cannot be taken from it meanwhile, and leaves its number behind.
pub(super) const ENTER: &str = "WITH alive AS (SELECT run FROM @lease WHERE run = $1 AND until > now() FOR SHARE)
     INSERT INTO @done (run, serial) SELECT run, $2 FROM alive RETURNING serial";

/// What a broken promise makes of it: without a look at the lease.
pub(super) const ENTER_UNFENCED: &str = "INSERT INTO @done (run, serial) VALUES ($1, $2) RETURNING serial";

/// The same for a transaction that is one exchange: it leaves its number behind with what it has done, if it has.
pub(super) const LEASED: &str = "SELECT run FROM @lease WHERE run = $1 AND until > now() FOR SHARE";

/// A statement that leaves the number of its transaction behind if it has an effect.
macro_rules! noted {
    ($run:literal, $serial:literal, $statement:expr) => {
        concat!(
            "WITH did AS (",
            $statement,
            "), noted AS (INSERT INTO @done (run, serial) SELECT ",
            $run,
            ", ",
            $serial,
            " FROM did LIMIT 1) SELECT * FROM did"
        )
    };
}

/// Makes a transaction that was not committed one that never will be: its number is taken. The number's negative says that it was taken
/// here, because the answer to this can be lost, too.
pub(super) const RULE_OUT: &str =
    "WITH taken AS (INSERT INTO @done (run, serial) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING run, serial)
     INSERT INTO @done (run, serial) SELECT run, -serial FROM taken";

/// Asked after it, and not with it: that may have waited for another one that was under way.
pub(super) const IS_RULED_OUT: &str = "SELECT serial FROM @done WHERE run = $1 AND serial = -$2";

/// Of earlier transactions, and not of one that is being asked about.
pub(super) const FORGET_DONE: &str = "DELETE FROM @done WHERE run = $1 AND serial < $2 AND serial > -$2";

pub(super) const RENEW: &str =
    "UPDATE @lease SET until = now() + $2 * interval '1 second' WHERE run = $1 AND until > now() RETURNING run";

pub(super) const BEGIN_RUN: &str =
    "WITH new AS (INSERT INTO @run (started, unsettled_max, host) VALUES ($1, $2, $3) RETURNING id)
     INSERT INTO @lease (run, until) SELECT id, now() + $4 * interval '1 second' FROM new RETURNING run";

/// Takes leases. Of a run that read a log, how far it came is kept until its lease would have ended, under its number's negative:
/// whoever reads that log next needs a moment to begin, and silence waits for every log.
macro_rules! sweep {
    ($condition:literal) => {
        concat!(
            "WITH gone AS (
                 DELETE FROM @lease WHERE run IN (
                     SELECT l.run FROM @lease l LEFT JOIN @run r ON r.id = l.run
                     WHERE l.run <> $1 AND ",
            $condition,
            " FOR UPDATE OF l SKIP LOCKED)
                 RETURNING run, until, account, sources, log_time),
             unread AS (
                 INSERT INTO @lease (run, until, account, sources, log_time)
                 SELECT -run, until, account, sources, log_time FROM gone
                 WHERE run > 0 AND log_time IS NOT NULL AND until > now())
             UPDATE @run r SET dead = true FROM gone WHERE r.id = gone.run RETURNING r.id"
        )
    };
}

/// Takes the lease from every run that has let it end, and from those of this machine (`$2`) that have left these locks.
pub(super) const SWEEP: &str = sweep!("(l.until < now() OR (r.host = $2 AND l.run = ANY($3)))");

/// What a broken promise makes of it: from every other run.
pub(super) const SWEEP_ALL: &str = sweep!("$2::text IS NOT NULL AND $3::int8[] IS NOT NULL");

pub(super) const STILL_LEASED: &str = "SELECT run FROM @lease WHERE run = ANY($1)";

pub(super) const UNREPORTED: &str =
    "SELECT id, unsettled_max FROM @run WHERE dead AND NOT reported AND id <> $1 ORDER BY id";

/// Gives up the lease of a run, which ends here. There is nothing to report of it.
pub(super) const LET_GO: &str = "WITH gone AS (DELETE FROM @lease WHERE run = $1 RETURNING run)
     UPDATE @run SET dead = true, reported = true WHERE id = $1";

/// Makes what another number of this run still has its own.
pub(super) const RECLAIM: &str =
    "UPDATE @conversion SET owner = $2 WHERE account = $1 AND owner = $3 AND state < 2 RETURNING id";

pub(super) const REPORTED: &str = "UPDATE @run SET reported = true
     WHERE id IN (SELECT id FROM @run WHERE id = ANY($1) ORDER BY id FOR UPDATE)";

/// Runs that nobody need know any more: a summary has shown them, and nothing of theirs is pending.
pub(super) const FORGET_RUNS: &str = "DELETE FROM @run WHERE id IN (
         SELECT r.id FROM @run r WHERE r.dead AND r.reported AND NOT EXISTS (
             SELECT 1 FROM @account a CROSS JOIN LATERAL (
                 SELECT 1 FROM @conversion c WHERE c.account = a.id AND c.owner = r.id AND c.state < 2 LIMIT 1) x)
         FOR UPDATE SKIP LOCKED)
     RETURNING id";

pub(super) const FORGET_DONE_OF: &str = "DELETE FROM @done WHERE run = ANY($1)";

/// The most rows that a lane is read whole with. A longer one is read by indices that hold no row of a shorter one (`alone`), so
/// that ordinary rows pay nothing for them.
pub(super) const FEW: usize = 4;

/// Rows (`s`) of lanes (`u`), each with its lane's place, and whether no live run has it.
macro_rules! siblings {
    ($from:expr) => {
        concat!(
            "SELECT u.n, s.id, s.delivered, s.key_time, s.timestamp, s.state, s.owner,
                    s.next_attempt, s.postponed_by, s.owner = 0 OR r.id IS NULL OR r.dead AS free FROM ",
            $from,
            " LEFT JOIN @run r ON r.id = s.owner "
        )
    };
}

/// The rows of lanes (`$2`, `$3`); of each up to one more than [`FEW`].
macro_rules! lanes {
    ($condition:literal) => {
        concat!(
            siblings!(
                "unnest($2::int2[], $3::text[]) WITH ORDINALITY u(c, m, n)
                 CROSS JOIN LATERAL (
                     SELECT * FROM @conversion s
                     WHERE s.message_id = u.m AND s.account = $1 AND s.channel = u.c LIMIT 5) s"
            ),
            $condition
        )
    };
}

pub(super) const LANES: &str = lanes!("");

/// Rows of one long lane.
macro_rules! of_lane {
    ($rest:literal) => {
        concat!(
            "(SELECT * FROM @conversion s WHERE s.message_id = u.m AND s.account = $1 AND s.channel = u.c ",
            $rest,
            ")"
        )
    };
}

/// The heads of long lanes (`$2`, `$3`), each with its place (`$4`). `f` is the newest accepted value, or one that is about to be
/// (`$5`, `$6`): what waits and is older than that has been overtaken.
pub(super) const HEADS: &str = siblings!(concat!(
    "unnest($2::int2[], $3::text[], $4::int8[], $5::int8[], $6::int8[]) u(c, m, n, t, i)
     LEFT JOIN LATERAL ",
    of_lane!("AND NOT alone AND state + 0 = 2 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    " a ON true
     CROSS JOIN LATERAL (
         SELECT CASE WHEN (a.timestamp, a.id) > (u.t, u.i) THEN a.timestamp ELSE u.t END AS t,
                CASE WHEN (a.timestamp, a.id) > (u.t, u.i) THEN a.id ELSE u.i END AS i OFFSET 0) f
     CROSS JOIN LATERAL (",
    of_lane!("AND NOT alone AND state + 0 = 2 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    " UNION ALL ",
    of_lane!("AND NOT alone AND state + 0 = 1"),
    " UNION ALL ",
    of_lane!("AND NOT alone AND state + 0 = 0 AND (timestamp, id) < (f.t, f.i)"),
    " UNION ALL ",
    of_lane!("AND NOT alone AND state + 0 = 0 AND (timestamp, id) >= (f.t, f.i) ORDER BY timestamp, id LIMIT 1"),
    " UNION ALL ",
    of_lane!("AND NOT alone AND state + 0 = 0 ORDER BY timestamp DESC, id DESC LIMIT 1"),
    " UNION ALL ",
    of_lane!("AND NOT alone AND state * 1 = 0 AND owner = $7 LIMIT 1"),
    " UNION ALL ",
    of_lane!("AND key_time = -1"),
    ") s"
));

/// The rows with keys from one to another (`$5` to `$6`, `$7`) in long lanes (`$2`, `$3`), each with its lane's place (`$4`).
pub(super) const KEYS: &str = siblings!(concat!(
    "unnest($2::int2[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::bool[]) u(c, m, n, k, l, d)
     CROSS JOIN LATERAL ",
    of_lane!("AND key_time >= u.k AND key_time <= u.l AND delivered = u.d OFFSET 0"),
    " s"
));

/// These message-ids (`$2`, `$3`) have many rows from now on.
pub(super) const NOT_ALONE: &str = "UPDATE @conversion c SET alone = false
     FROM unnest($2::int2[], $3::text[]) u(channel, message_id)
     WHERE c.message_id = u.message_id AND c.account = $1 AND c.channel = u.channel AND c.alone RETURNING c.id";

/// The same in a transaction (`$5`) that has done nothing.
pub(super) const LANES_INSTEAD: &str =
    lanes!("WHERE (SELECT count(*) FROM @done d WHERE d.run = $4 AND d.serial = $5) = 0");

/// Goes on in a transaction that has begun (`$4`, `$5`) if its lanes are what they were (`$6`), and fails it otherwise.
pub(super) const UNLESS_CHANGED: &str = concat!(
    "SELECT 1 / CASE WHEN EXISTS (SELECT 1 FROM @done d WHERE d.run = $4 AND d.serial = $5)
         AND $6 = (SELECT coalesce(string_agg(concat_ws(',', n, id, timestamp, state, owner, next_attempt, postponed_by,
                                                        free), ';' ORDER BY n, id), '') FROM (",
    lanes!(""),
    ") l) THEN 1 ELSE 0 END"
);

/// Rows of dead runs wait, from here on, as they do for those who see them.
pub(super) const FREE: &str = "UPDATE @conversion SET state = 0, owner = 0 WHERE id = ANY($1) AND state + 0 = 1";

/// Rows of a group, in its order.
macro_rules! insert {
    ($condition:literal) => {
        concat!(
            "INSERT INTO @conversion (account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded,
                                      next_attempt, line, reference, settled, exclusive, alone)
             SELECT $1, u.channel, u.message_id, u.delivered, u.key_time, u.timestamp, u.state,
                    CASE WHEN u.state < 2 THEN $2 ELSE 0 END, $3, $3, u.line, u.reference,
                    CASE WHEN u.state < 2 THEN NULL ELSE $3 END, u.exclusive,
                    u.alone
             FROM unnest($4::int2[], $5::text[], $6::bool[], $7::int8[], $8::int8[], $9::int2[], $10::int8[],
                         $11::text[], $12::bool[], $13::bool[]) WITH ORDINALITY
                  u(channel, message_id, delivered, key_time, timestamp, state, line, reference, exclusive, alone, n) ",
            $condition,
            " ORDER BY u.n RETURNING id, channel, message_id, key_time, delivered"
        )
    };
}

pub(super) const INSERT: &str = insert!("");

/// The same where none of these message-ids has a row, by a run that has a lease; all of them or none.
pub(super) const INSERT_NEW: &str = noted!("$2", "$14", insert!(
    "WHERE EXISTS (SELECT 1 FROM @lease WHERE run = $2 AND until > now())
       AND (SELECT count(*) FROM unnest($4::int2[], $5::text[]) w(c, m) CROSS JOIN LATERAL (
                SELECT 1 FROM @conversion s WHERE s.message_id = w.m AND s.account = $1 AND s.channel = w.c LIMIT 1) x) = 0"
));

/// Fails a transaction (`$4`, `$5`) that has inserted so many rows (`$6`) into these lanes (`$2`, `$3`), if others are there, too. It
/// sees what was committed while the insert waited for a lock: a newer value may have been recorded, sent and accepted meanwhile.
/// From here on the place of what is under way keeps others out.
pub(super) const NOTHING_ELSE: &str = "SELECT 1 / CASE
         WHEN (SELECT count(*) FROM @done d WHERE d.run = $4 AND d.serial = $5) = 0 THEN 1
         WHEN (SELECT count(*) FROM unnest($2::int2[], $3::text[]) u(c, m) CROSS JOIN LATERAL (
                   SELECT 1 FROM @conversion s WHERE s.message_id = u.m AND s.account = $1 AND s.channel = u.c OFFSET 0) x)
              = $6 THEN 1
         ELSE 0 END";

/// What a broken promise makes of it: without a look at the lease.
pub(super) const INSERT_NEW_UNFENCED: &str = noted!("$2", "$14", insert!(
    "WHERE (SELECT count(*) FROM unnest($4::int2[], $5::text[]) w(c, m) CROSS JOIN LATERAL (
                SELECT 1 FROM @conversion s WHERE s.message_id = w.m AND s.account = $1 AND s.channel = w.c LIMIT 1) x) = 0"
));

/// The rows with these keys.
pub(super) const BY_KEYS: &str = "SELECT s.id, s.channel, s.message_id, s.key_time, s.delivered
     FROM unnest($2::int2[], $3::text[], $4::int8[], $5::bool[]) u(c, m, k, d)
     CROSS JOIN LATERAL (
         SELECT * FROM @conversion s
         WHERE s.message_id = u.m AND s.account = $1 AND s.channel = u.c AND s.key_time = u.k AND s.delivered = u.d
         OFFSET 0) s";

pub(super) const HAND_OUT: &str =
    "UPDATE @conversion SET state = 1, owner = $2 WHERE id = ANY($1) AND state + 0 < 2 RETURNING id";

pub(super) const OVERTAKEN: &str =
    "UPDATE @conversion SET state = 5, owner = 0, settled = $2 WHERE id = ANY($1) RETURNING id";

pub(super) const DEAD_LETTER: &str = "UPDATE @conversion
     SET state = 4, owner = 0, settled = $2, code = $3, message = $4 WHERE id = ANY($1) RETURNING id";

pub(super) const CLAIM: &str = "UPDATE @conversion c
     SET recorded = CASE WHEN u.revived THEN $2 ELSE c.recorded END,
         rounds = CASE WHEN u.revived THEN 0 ELSE c.rounds END,
         state = 0, owner = $3, line = u.line, reference = u.reference, next_attempt = $2, settled = NULL,
         timestamp = u.timestamp, exclusive = u.exclusive
     FROM unnest($1::int8[], $4::bool[], $5::int8[], $6::text[], $7::int8[], $8::bool[])
          u(id, revived, line, reference, timestamp, exclusive)
     WHERE c.id = u.id RETURNING c.id";

/// `$2` is this run. A row that was not sent in this round keeps what an earlier round met.
macro_rules! end {
    ($condition:literal) => {
        concat!(
            "UPDATE @conversion c
             SET state = u.state, owner = 0, exclusive = true, next_attempt = u.next_attempt, rounds = u.rounds,
                 attempts = c.attempts + u.attempts, ambiguous = c.ambiguous + u.ambiguous,
                 settled = CASE WHEN u.state < 2 THEN NULL ELSE $3 END,
                 http_status = coalesce(u.http_status, c.http_status),
                 code = CASE WHEN u.keeps THEN c.code ELSE u.code END,
                 reached = CASE WHEN u.keeps THEN c.reached ELSE u.reached END,
                 message = CASE WHEN u.keeps THEN c.message ELSE u.message END,
                 postponed_by = CASE WHEN u.postponed THEN $4 ELSE 0 END
             FROM unnest($1::int8[], $5::int2[], $6::int8[], $7::int4[], $8::int4[], $9::int4[], $10::int4[],
                         $11::text[], $12::int2[], $13::text[], $14::bool[], $15::bool[])
                  u(id, state, next_attempt, rounds, attempts, ambiguous, http_status, code, reached, message,
                    postponed, keeps)
             WHERE c.id = u.id ",
            $condition,
            " RETURNING c.id"
        )
    };
}

pub(super) const END: &str = end!("AND c.state + 0 = 1 AND c.owner + 0 = $2");

/// The same where nothing else of these message-ids (`$16`, `$17`), which have few rows, is pending and the run, which has a lease,
/// holds all of them.
pub(super) const END_ALONE: &str = noted!(
    "$4",
    "$19",
    end!(
        "AND c.state + 0 = 1 AND c.owner + 0 = $2
       AND EXISTS (SELECT 1 FROM @lease WHERE run = $4 AND until > now())
       AND (SELECT count(*) FROM unnest($1::int8[]) w(id) CROSS JOIN LATERAL (
                SELECT 1 FROM @conversion s WHERE s.id = w.id AND s.state + 0 = 1 AND s.owner + 0 = $2 OFFSET 0) x)
           = cardinality($1::int8[])
       AND (SELECT count(*) FROM unnest($16::int2[], $17::text[]) w(c, m) CROSS JOIN LATERAL (
                SELECT count(*) AS rows, count(*) FILTER (WHERE f.state < 2 AND NOT f.id = ANY($1)) AS others FROM (
                    SELECT s.id, s.state FROM @conversion s
                    WHERE s.message_id = w.m AND s.account = $18 AND s.channel = w.c LIMIT 5) f) x
            WHERE x.rows > 4 OR x.others > 0) = 0"
    )
);

/// What a broken promise makes of it: whoever has the row now, and whatever became of the lease.
pub(super) const END_UNFENCED: &str = noted!(
    "$4",
    "$19",
    end!(
        "AND $2::int8 IS NOT NULL AND $16::int2[] IS NOT NULL AND $17::text[] IS NOT NULL AND $18::int8 IS NOT NULL"
    )
);

/// After the columns of a record.
pub(super) const STORED: &str =
    "recorded, rounds, http_status, code, reached, message, id FROM @conversion WHERE id = ANY($1)";

/// Owners whose rows may be taken over (no run, and dead ones), and this run (`$2`).
macro_rules! owners {
    () => {
        "(SELECT 0::int8 AS id, false AS mine
          UNION ALL SELECT $2::int8, true
          UNION ALL SELECT r.id, false FROM @run r WHERE r.dead AND r.id <> $2) o"
    };
}

/// The next rows that may be taken over, from a place on.
pub(super) const CANDIDATES: &str = concat!(
    "c.next_attempt, c.id, c.owner, c.state FROM ",
    owners!(),
    " CROSS JOIN LATERAL (
         SELECT * FROM @conversion c
         WHERE c.account = $1 AND c.owner = o.id AND c.state < 2 AND (c.state = 0 OR NOT o.mine)
           AND (c.owner, c.state, c.next_attempt, c.id) > ($3, $4, $5, $6)
           AND (c.next_attempt <= $7 OR c.next_attempt > $9)
           AND (c.next_attempt <= $8 OR c.next_attempt > $9 OR c.postponed_by <> $2)
         ORDER BY c.state, c.next_attempt, c.id LIMIT $10) c
     ORDER BY c.owner, c.state, c.next_attempt, c.id LIMIT $10"
);

pub(super) const COUNT_PENDING: &str = concat!(
    "SELECT count(*), max(CASE WHEN c.next_attempt > $4 THEN $3 ELSE c.next_attempt END) FROM ",
    owners!(),
    " CROSS JOIN LATERAL (
         SELECT * FROM @conversion c WHERE c.account = $1 AND c.owner = o.id AND c.state < 2 OFFSET 0) c"
);

pub(super) const KEEP_UNREADABLE: &str =
    "INSERT INTO @unreadable (account, digest, raw, line, reference, code, message, seen)
     SELECT $1, u.digest, u.raw, u.line, u.reference, u.code, u.message, $2
     FROM unnest($3::bytea[], $4::bytea[], $5::int8[], $6::text[], $7::text[], $8::text[])
          u(digest, raw, line, reference, code, message)
     ON CONFLICT DO NOTHING RETURNING digest";

pub(super) const SEE_UNREADABLE: &str = "UPDATE @unreadable k
     SET line = u.line, code = u.code, message = u.message, seen = $2
     FROM unnest($3::bytea[], $4::int8[], $5::text[], $6::text[]) u(digest, line, code, message)
     WHERE k.account = $1 AND k.digest = u.digest";

pub(super) const NOTE_END: &str = "INSERT INTO @ended (account, command, at, exit_code) VALUES ($1, $2, $3, $4)
     ON CONFLICT (account, command) DO UPDATE SET at = excluded.at, exit_code = excluded.exit_code";
