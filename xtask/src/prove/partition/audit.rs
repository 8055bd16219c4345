//! The server's own book of who did what to the ledger: triggers that a superuser has put on its tables. Each machine's connections
//! have its name as their `application_name`, so that the program's own columns need not be believed.

use super::super::ledger::Ledger;

/// The book, and what fills it.
const BOOK: &str = "
CREATE SCHEMA witness;
CREATE TABLE witness.run (run bigint, machine text);
CREATE TABLE witness.fault (what text, machine text, run bigint, message_id text);
CREATE TABLE witness.taken (machine text, run bigint, message_id text);
CREATE FUNCTION witness.machine_of(number bigint) RETURNS text LANGUAGE sql AS
    $$ SELECT machine FROM witness.run WHERE run = number $$;
CREATE FUNCTION witness.lives(number bigint) RETURNS boolean LANGUAGE sql AS
    $$ SELECT EXISTS (SELECT 1 FROM nexmo_conversion.run WHERE id = number AND NOT dead) $$;
CREATE FUNCTION witness.began() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness.run VALUES (NEW.id, current_setting('application_name'));
    RETURN NULL;
END $$;
CREATE FUNCTION witness.recorded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.owner <> 0 AND NOT witness.lives(NEW.owner) THEN
        INSERT INTO witness.fault VALUES ('recorded', current_setting('application_name'), NEW.owner, NEW.message_id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION witness.changed() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
    me text := current_setting('application_name');
    other boolean := OLD.owner <> 0 AND witness.machine_of(OLD.owner) <> me;
BEGIN
    IF OLD.state >= 2 OR (OLD.state = 1 AND NEW.state >= 2 AND (other OR NOT witness.lives(OLD.owner))) THEN
        INSERT INTO witness.fault VALUES ('settled', me, OLD.owner, NEW.message_id);
    ELSIF other AND NEW.owner <> OLD.owner THEN
        INSERT INTO witness.taken VALUES (me, OLD.owner, NEW.message_id);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION witness.ended() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.until > clock_timestamp() AND witness.machine_of(OLD.run) <> current_setting('application_name') THEN
        INSERT INTO witness.fault VALUES ('ended', current_setting('application_name'), OLD.run, NULL);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER witness AFTER DELETE ON nexmo_conversion.lease FOR EACH ROW EXECUTE FUNCTION witness.ended();
CREATE TRIGGER witness AFTER INSERT ON nexmo_conversion.run FOR EACH ROW EXECUTE FUNCTION witness.began();
CREATE TRIGGER witness_new AFTER INSERT ON nexmo_conversion.conversion FOR EACH ROW EXECUTE FUNCTION witness.recorded();
CREATE TRIGGER witness_old AFTER UPDATE ON nexmo_conversion.conversion FOR EACH ROW EXECUTE FUNCTION witness.changed();";

/// The book of one ledger.
pub(super) struct Audit<'a> {
    ledger: &'a Ledger,
}

impl<'a> Audit<'a> {
    /// Begins to write down what happens to a ledger.
    pub(super) fn begin(ledger: &Ledger) -> anyhow::Result<()> {
        ledger.rows(BOOK).map(drop)
    }

    pub(super) fn of(ledger: &'a Ledger) -> Self {
        Self { ledger }
    }

    /// The number of a machine's run; it takes another one when it has lost its lease.
    pub(super) fn run_of(&self, machine: &str) -> anyhow::Result<Option<u64>> {
        let rows = self.ledger.rows(&format!("SELECT max(run) FROM witness.run WHERE machine = '{machine}'"))?;
        rows.first().filter(|row| !row.is_empty()).map(|row| Ok(row.parse()?)).transpose()
    }

    /// For how many milliseconds a run still has its lease; below zero when it has ended.
    pub(super) fn lease_of(&self, run: u64) -> anyhow::Result<Option<f64>> {
        let ends = "1000 * extract(epoch FROM until - clock_timestamp())";
        let rows = self.ledger.rows(&format!("SELECT {ends} FROM lease WHERE run = {run}"))?;
        rows.first().map(|row| Ok(row.parse()?)).transpose()
    }

    /// The records that a run has, and that are not settled.
    pub(super) fn held_by(&self, run: u64) -> anyhow::Result<Vec<String>> {
        self.ledger.rows(&format!("SELECT message_id FROM conversion WHERE owner = {run} AND state < 2"))
    }

    /// How many of these records are not settled.
    pub(super) fn open(&self, records: &[String]) -> anyhow::Result<u64> {
        let these = records.join("','");
        self.number(&format!("SELECT count(*) FROM conversion WHERE state < 2 AND message_id IN ('{these}')"))
    }

    /// How many of a run's records another machine has taken over.
    pub(super) fn taken_from(&self, run: u64) -> anyhow::Result<u64> {
        self.number(&format!("SELECT count(DISTINCT message_id) FROM witness.taken WHERE run = {run}"))
    }

    /// Records that a run recorded whose lease had ended.
    pub(super) fn recorded_in_vain(&self) -> anyhow::Result<u64> {
        self.number("SELECT count(*) FROM witness.fault WHERE what = 'recorded'")
    }

    /// Records that a machine settled though they were another run's, of its own run whose lease had ended, or settled already.
    pub(super) fn settled_in_vain(&self) -> anyhow::Result<u64> {
        self.number("SELECT count(*) FROM witness.fault WHERE what = 'settled'")
    }

    /// Leases that one machine took from another before they had ended.
    pub(super) fn ended_too_early(&self) -> anyhow::Result<u64> {
        self.number("SELECT count(*) FROM witness.fault WHERE what = 'ended'")
    }

    fn number(&self, question: &str) -> anyhow::Result<u64> {
        Ok(self.ledger.rows(question)?.first().map_or(Ok(0), |row| row.parse())?)
    }
}
