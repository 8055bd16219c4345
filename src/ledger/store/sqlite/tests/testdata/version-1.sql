-- A ledger of version 1, written down from the program that made it: its schema as it stood before codes were kept, and rows as
-- a run left them that was killed. Never edited: what is in such files will not change any more.
-- The account is abcd1234; the times are those of the tests, whose beginning is 1795310726.
PRAGMA application_id = 1853383542;
PRAGMA user_version = 1;

CREATE TABLE account (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE
) STRICT;

-- Runs that have not ended cleanly: living ones and crashed ones; the lock files tell which.
CREATE TABLE run (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL
) STRICT;

-- The order of `id` is the order of recording. `key_time` is `timestamp`, or -1 where the input gave none.
CREATE TABLE conversion (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL,
    channel      INTEGER NOT NULL,
    message_id   TEXT    NOT NULL,
    delivered    INTEGER NOT NULL,
    key_time     INTEGER NOT NULL,
    timestamp    INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    owner        INTEGER NOT NULL,
    recorded     INTEGER NOT NULL,
    next_attempt INTEGER NOT NULL,
    line         INTEGER NOT NULL,
    rounds       INTEGER NOT NULL DEFAULT 0,
    postponed_by INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    ambiguous    INTEGER NOT NULL DEFAULT 0,
    settled      INTEGER,
    http_status  INTEGER,
    code         TEXT,
    reached      INTEGER,
    message      TEXT,
    reference    TEXT
) STRICT;
-- The message-id stands first because it nearly always decides: comparing what is nearly always equal costs most.
CREATE UNIQUE INDEX conversion_key ON conversion (message_id, account, channel, key_time, delivered);
CREATE INDEX conversion_pending ON conversion (account, owner, state, next_attempt) WHERE state < 2;
CREATE INDEX conversion_settled ON conversion (state, settled) WHERE state >= 2;

-- Input that was no record. The digest keeps a file that is read every hour from filling the table.
CREATE TABLE unreadable (
    id        INTEGER PRIMARY KEY,
    account   INTEGER NOT NULL,
    digest    BLOB    NOT NULL,
    raw       BLOB    NOT NULL,
    line      INTEGER NOT NULL,
    reference TEXT,
    code      TEXT    NOT NULL,
    message   TEXT    NOT NULL,
    seen      INTEGER NOT NULL,
    UNIQUE (account, digest)
) STRICT;
CREATE INDEX unreadable_seen ON unreadable (seen);
INSERT INTO account VALUES (1, 'e9cee71ab932fde8');
INSERT INTO run VALUES (7, 1795310700);
-- Recorded and never tried; in flight when the run was killed; postponed by a 503.
INSERT INTO conversion (id, account, channel, message_id, delivered, key_time, timestamp, state, owner, recorded, next_attempt, line)
    VALUES (1, 1, 0, 'QUEUED', 1, 1795310720, 1795310720, 0, 7, 1795310721, 1795310721, 1),
           (2, 1, 1, 'HELD', 0, -1, 1795310721, 1, 7, 1795310721, 1795310721, 2);
INSERT INTO conversion
    VALUES (3, 1, 0, 'POSTPONED', 1, 1795310700, 1795310700, 0, 0, 1795310701, 1795310761, 3, 1, 60, 4, 1, NULL, NULL,
            'server_error', NULL, 'the API answered 503', '"row 3"');
-- Settled: accepted, refused, too late.
INSERT INTO conversion
    VALUES (4, 1, 0, 'ACCEPTED', 1, 1795310600, 1795310600, 2, 0, 1795310601, 1795310601, 4, 0, 0, 1, 0, 1795310602, 200, NULL, NULL,
            NULL, NULL),
           (5, 1, 1, 'REFUSED', 0, 1795310600, 1795310600, 3, 0, 1795310601, 1795310601, 5, 0, 0, 1, 0, 1795310602, 420,
            'bad_parameters', 1, 'the API refused it with 420', '{"row":5}'),
           (6, 1, 0, 'EXPIRED', 1, 1795200000, 1795200000, 4, 0, 1795200001, 1795286000, 6, 9, 900, 31, 2, 1795290000, NULL, 'timeout',
            NULL, 'no answer in time', NULL),
           (7, 1, 0, 'ACCEPTED', 0, 1795310500, 1795310500, 5, 0, 1795310603, 1795310603, 7, 0, 0, 0, 0, 1795310603, NULL, 'stale', 0,
            'a newer value was accepted', NULL);
INSERT INTO unreadable VALUES (1, 1, x'00112233445566778899aabbccddeeff', x'6e6f207265636f7264', 8, NULL, 'bad_record', 'no record', 1795310601);
