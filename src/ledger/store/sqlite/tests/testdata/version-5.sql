-- A ledger of version 5, written down from the program that made it, which had sent a batch (one accepted, one refused, one postponed, one
-- line that was no record) and tracked a log to its end, leaving one window open. Never edited: what is in such files will not
-- change any more. The account is abcd1234; the times are those of the tests, whose beginning is 1795310726.
PRAGMA application_id = 1853383542;
PRAGMA user_version = 5;

CREATE TABLE account (
        id          INTEGER PRIMARY KEY,
        fingerprint TEXT NOT NULL UNIQUE
    ) STRICT;
INSERT INTO account VALUES(1,'e9cee71ab932fde8');
CREATE TABLE run (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        started INTEGER NOT NULL
    , unsettled_max INTEGER NOT NULL DEFAULT 64) STRICT;
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
    , alone INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO conversion VALUES(1,1,0,'ACCEPTED',1,1795310600,1795310600,2,0,1795310721,1795310721,1,0,0,1,0,1795310721,200,NULL,NULL,NULL,'"r1"',1);
INSERT INTO conversion VALUES(2,1,1,'REFUSED',0,1795310600,1795310600,3,0,1795310721,1795310721,2,0,0,1,0,1795310721,420,'bad_parameters',1,'the server answered 420 Invalid Parameters: it will not take this record',NULL,1);
INSERT INTO conversion VALUES(3,1,0,'POSTPONED',1,1795310600,1795310600,0,0,1795310721,1795310726,4,1,1,1,0,NULL,NULL,'server_error',1,'the server answered 503 Service Unavailable',NULL,1);
INSERT INTO conversion VALUES(4,1,0,'USED',1,1795310720,1795310720,0,0,1795310721,1795310726,3,1,2,1,0,NULL,NULL,'server_error',1,'the server answered 503 Service Unavailable',NULL,1);
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
INSERT INTO unreadable VALUES(1,1,X'2561969ef0e66eb91c7d516472ff6d84',X'6e6f207265636f7264',3,NULL,'bad_record','not a JSON object',1795310721);
CREATE TABLE code (
        id         INTEGER PRIMARY KEY,
        account    INTEGER NOT NULL,
        channel    INTEGER,
        message_id TEXT    NOT NULL,
        state      INTEGER NOT NULL,
        owner      INTEGER NOT NULL,
        sent       INTEGER,
        closes     INTEGER,
        converted  INTEGER,
        arrived    INTEGER NOT NULL,
        line       INTEGER NOT NULL,
        reference  TEXT,
        raw        BLOB
    , source INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO code VALUES(1,1,0,'OPEN',0,2,1795310700,1795311300,NULL,1795310721,1,NULL,NULL,1);
INSERT INTO code VALUES(2,1,0,'USED',3,2,1795310701,1795311301,1795310720,1795310721,2,NULL,NULL,1);
CREATE TABLE source (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        account  INTEGER NOT NULL,
        name     TEXT,
        identity TEXT,
        read     INTEGER NOT NULL
    ) STRICT;
INSERT INTO source VALUES(1,1,'/log','65024:10021085:1795310700705307254',1795310721);
CREATE TABLE "part" (
        message_id TEXT    NOT NULL,
        account    INTEGER NOT NULL,
        code       INTEGER NOT NULL,
        sent       INTEGER,
        line       INTEGER NOT NULL,
        PRIMARY KEY (message_id, account, code)
    ) STRICT, WITHOUT ROWID;
INSERT INTO part VALUES('OPEN',1,1,1795310700,1);
INSERT INTO part VALUES('USED',1,2,1795310701,2);
CREATE UNIQUE INDEX conversion_key ON conversion (message_id, account, channel, key_time, delivered);
CREATE INDEX conversion_pending ON conversion (account, owner, state, next_attempt) WHERE state < 2;
CREATE INDEX conversion_settled ON conversion (state, settled) WHERE state >= 2;
CREATE INDEX unreadable_seen ON unreadable (seen);
CREATE INDEX code_unplaced ON code (account, arrived) WHERE state = 1;
CREATE INDEX code_ended ON code (arrived) WHERE state > 1;
CREATE INDEX conversion_lane ON conversion (message_id, account, channel, state, timestamp) WHERE alone = 0;
CREATE INDEX conversion_waiting ON conversion (message_id, account, channel, owner) WHERE alone = 0 AND state = 0;
CREATE INDEX source_name ON source (account, name) WHERE name NOT NULL;
CREATE INDEX source_identity ON source (account, identity) WHERE identity NOT NULL;
CREATE INDEX code_closes ON code (account, owner, source, closes) WHERE state = 0;
CREATE INDEX code_open ON code (account, owner, source, arrived) WHERE state = 0;
CREATE INDEX code_mark ON code (reference, account, channel, sent) WHERE reference NOT NULL;
CREATE INDEX part_code ON part (code);
INSERT INTO sqlite_sequence VALUES('run',2);
UPDATE sqlite_sequence SET seq = 1 WHERE name = 'source';
