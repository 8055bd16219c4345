-- A ledger of version 4, written down from the program that made it, which had tracked a log to its end and left two windows
-- open, one of them with two parts. Never edited: what is in such files will not change any more.
-- The account is abcd1234; the times are those of the tests, whose beginning is 1795310726.
PRAGMA application_id = 1853383542;
PRAGMA user_version = 4;

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
INSERT INTO conversion VALUES(1,1,1,'USED',1,1795310710,1795310710,2,0,1795310721,1795310721,4,0,0,1,0,1795310721,200,NULL,NULL,NULL,NULL,1);
INSERT INTO conversion VALUES(2,1,0,'LATE',0,1795310600,1795310600,2,0,1795310721,1795310721,6,0,0,1,0,1795310721,200,NULL,NULL,NULL,NULL,1);
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
INSERT INTO unreadable VALUES(1,1,X'2f47fb9df61b5d96e5b7dd5a64d23d83',X'7b226576656e74223a22636f6e766572746564222c226d6573736167655f6964223a22554e504c41434544222c2274696d657374616d70223a313739353331303731357d',7,NULL,'bad_record','channel is missing, and no line says that the code was sent',1795310721);
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
    ) STRICT;
INSERT INTO code VALUES(1,1,0,'OPEN',0,1,1795310700,1795311300,NULL,1795310721,1,'"u"',NULL);
INSERT INTO code VALUES(2,1,1,'USED',3,1,1795310701,1795311301,1795310710,1795310721,3,NULL,NULL);
INSERT INTO code VALUES(3,1,0,'ALSO-OPEN',0,1,1795310720,1795311320,NULL,1795310721,5,NULL,NULL);
INSERT INTO code VALUES(4,1,0,'LATE',4,1,1795310000,1795310600,NULL,1795310721,6,NULL,NULL);
INSERT INTO code VALUES(5,1,NULL,'UNPLACED',2,1,NULL,NULL,1795310715,1795310721,7,NULL,NULL);
CREATE TABLE part (
        message_id TEXT    NOT NULL,
        account    INTEGER NOT NULL,
        code       INTEGER NOT NULL,
        PRIMARY KEY (message_id, account)
    ) STRICT, WITHOUT ROWID;
INSERT INTO part VALUES('OPEN',1,1);
INSERT INTO part VALUES('PART',1,1);
INSERT INTO part VALUES('USED',1,2);
INSERT INTO part VALUES('ALSO-OPEN',1,3);
INSERT INTO part VALUES('LATE',1,4);
INSERT INTO part VALUES('UNPLACED',1,5);
INSERT INTO sqlite_sequence VALUES('run',1);
CREATE UNIQUE INDEX conversion_key ON conversion (message_id, account, channel, key_time, delivered);
CREATE INDEX conversion_pending ON conversion (account, owner, state, next_attempt) WHERE state < 2;
CREATE INDEX conversion_settled ON conversion (state, settled) WHERE state >= 2;
CREATE INDEX unreadable_seen ON unreadable (seen);
CREATE INDEX code_closes ON code (account, owner, closes) WHERE state = 0;
CREATE INDEX code_open ON code (account, owner, arrived) WHERE state = 0;
CREATE INDEX code_unplaced ON code (account, arrived) WHERE state = 1;
CREATE INDEX code_ended ON code (arrived) WHERE state > 1;
CREATE INDEX code_reference ON code (reference, account) WHERE reference NOT NULL;
CREATE INDEX part_code ON part (code);
CREATE INDEX conversion_lane ON conversion (message_id, account, channel, state, timestamp) WHERE alone = 0;
CREATE INDEX conversion_waiting ON conversion (message_id, account, channel, owner) WHERE alone = 0 AND state = 0;
