//! The seam's methods for a run on a server.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio_postgres::types::Type;

use super::codes;
use super::followed;
use super::forget::prune;
use super::liveness::{RunId, RunLock};
use super::row;
use super::run::PostgresStore;
use super::statements as sql;
use super::transaction::PostgresTx;
use crate::domain::{FollowedFile, ReadTo, Timestamp};
use crate::ledger::error::Location;
use crate::ledger::store::{Lease, Store, StoreError, Tx};
use crate::ledger::ticket::{RunEnd, UncleanStops};
use crate::ledger::tracking::LogSource;

impl Store for PostgresStore {
    fn location(&self) -> Location {
        Location::Server(self.access.name.clone())
    }

    fn unclean_stops(&self) -> UncleanStops {
        let repeats = self.crashed.iter().fold(0, |sum: u64, (_, most)| sum.saturating_add(*most));
        UncleanStops { runs: self.crashed.len() as u64, repeats }
    }

    fn reads(&mut self, files: &[LogSource], now: Timestamp) -> Result<(), StoreError> {
        self.sources = self.persist(|store| codes::sources(store, files, now))?;
        // Nothing of it has been read.
        let beginning = Timestamp::from_unix(0).unwrap_or(now);
        self.persist(|store| codes::read_to(store, beginning)).map(drop)
    }

    fn read_before(&mut self, file: &Arc<FollowedFile>, now: Timestamp) -> Result<Vec<ReadTo>, StoreError> {
        self.persist(|store| followed::find(store, file, now))
    }

    fn read_to(&mut self, positions: &[ReadTo]) -> Result<(), StoreError> {
        self.persist(|store| followed::note(store, positions))
    }

    fn heed(&mut self, stop: Arc<AtomicBool>) {
        PostgresStore::heed(self, stop);
    }

    fn begin(&mut self, now: Timestamp) -> Result<Box<dyn Tx + '_>, StoreError> {
        Ok(Box::new(PostgresTx::new(self, now)))
    }

    /// Only what passes is tried again, and not for ever.
    fn tries_again(&mut self, failed: &StoreError) -> bool {
        self.tries_transaction_again(failed)
    }

    fn beat(&mut self) -> Result<Lease, StoreError> {
        self.renew()
    }

    fn reserve_room(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn release_room(&mut self) -> bool {
        false
    }

    fn close(mut self: Box<Self>, recorded: u64, end: Option<RunEnd>, now: Timestamp) -> Result<(), StoreError> {
        let reported: Vec<_> = self.crashed.iter().map(|(run, _)| *run).collect();
        self.persist(|store| {
            let schema = &store.access.schema;
            prune(&mut store.connection, schema, recorded, now.before(store.access.keep))?;
            let mut steps = vec![
                schema.statement(sql::LET_GO).number(store.me).into(),
                schema.statement(sql::REPORTED).numbers(reported.clone()).into(),
                schema.statement(sql::FORGET_RUNS).into(),
            ];
            steps.extend(end.map(|RunEnd { command, exit_code }| {
                let note = schema.statement(sql::NOTE_END).number(store.account).with(command, Type::TEXT);
                note.number(now.unix()).with(i32::from(exit_code), Type::INT4).into()
            }));
            let answers = store.connection.exchange(&steps)?;
            let gone = answers[2].iter().map(|row| row::get(row, 0)).collect::<Result<Vec<RunId>, _>>()?;
            if !gone.is_empty() {
                store.connection.query(schema.statement(sql::FORGET_DONE_OF).numbers(gone))?;
            }
            Ok(())
        })?;
        self.lock.take().map_or(Ok(()), RunLock::end)
    }

    #[cfg(test)]
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
