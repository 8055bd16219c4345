//! Statements as values, and one exchange with the server for several of them: none waits for the answer of the one before, so
//! that a transaction takes one round trip, or two.
//!
//! Every statement is unnamed: a named one would belong to a connection that a pooler may give to somebody else.

use std::io;

use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::connect::{ANSWER_LIMIT, Connection, unreachable};
use crate::ledger::store::StoreError;

/// Something that is asked of the server.
pub(super) enum Step<'a> {
    /// Commands without values, such as those around a transaction.
    Commands(String),
    /// A statement with its values.
    Statement(Statement<'a>),
}

/// A statement and its values.
pub(super) struct Statement<'a> {
    text: String,
    values: Vec<(Box<dyn ToSql + Sync + 'a>, Type)>,
}

impl<'a> Statement<'a> {
    pub(super) fn new(text: String) -> Self {
        Self { text, values: Vec::new() }
    }

    /// With the next value.
    pub(super) fn with(mut self, value: impl ToSql + Sync + 'a, of: Type) -> Self {
        self.values.push((Box::new(value), of));
        self
    }

    pub(super) fn number(self, value: i64) -> Self {
        self.with(value, Type::INT8)
    }

    pub(super) fn numbers(self, values: Vec<i64>) -> Self {
        self.with(values, Type::INT8_ARRAY)
    }
}

impl<'a> From<Statement<'a>> for Step<'a> {
    fn from(statement: Statement<'a>) -> Self {
        Self::Statement(statement)
    }
}

impl Connection {
    /// Sends all of these at once and waits for their answers: the rows of each. The first failure is the whole exchange's.
    pub(super) fn exchange(&mut self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let Self { client, runtime: Some(runtime), is_lost } = self else {
            return Err(unreachable("the connection is closed"));
        };
        // The first poll sends, and these are polled in their order.
        let asked = join_all(steps.iter().map(|step| ask(client, step)));
        match runtime.block_on(async { timeout(ANSWER_LIMIT, asked).await }) {
            Ok(answers) => answers.into_iter().map(|answer| answer.map_err(StoreError::from)).collect(),
            Err(_) => {
                *is_lost = true;
                let why = format!("the server did not answer within {ANSWER_LIMIT:?}");
                Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, why)))
            }
        }
    }

    /// The same for one statement.
    pub(super) fn query(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(self.exchange(&[statement.into()])?.pop().unwrap_or_default())
    }
}

async fn ask(client: &Client, step: &Step<'_>) -> Result<Vec<Row>, Error> {
    match step {
        Step::Commands(text) => client.batch_execute(text).await.map(|()| Vec::new()),
        Step::Statement(Statement { text, values }) => {
            let values: Vec<_> =
                values.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
            client.query_typed(text, &values).await
        }
    }
}
