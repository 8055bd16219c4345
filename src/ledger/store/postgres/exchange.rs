//! Statements as values, and one exchange with the server for several of them: none waits for the answer of the one before, so
//! that a transaction takes one round trip, or two.
//!
//! Every statement is unnamed: a named one would belong to a connection that a pooler may give to somebody else.

use futures_util::future::join_all;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error, Row};

use super::connect::Connection;
use crate::ledger::store::{ServerError, StoreError};

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
        #[cfg(test)]
        if self.plans.is_some() {
            return self.exchange_explained(steps);
        }
        // The first poll sends, and these are polled in their order.
        let asked = async |client: &Client| Ok(join_all(steps.iter().map(|step| ask(client, step))).await);
        let answers: Result<Vec<Vec<Row>>, _> =
            self.wait(asked)?.into_iter().map(|answer| answer.map_err(failure)).collect();
        #[cfg(test)]
        {
            self.rows += answers.iter().flatten().flatten().count() as u64;
        }
        answers
    }

    /// The same for one statement.
    pub(super) fn query(&mut self, statement: Statement<'_>) -> Result<Vec<Row>, StoreError> {
        Ok(self.exchange(&[statement.into()])?.pop().unwrap_or_default())
    }
}

#[cfg(test)]
impl Connection {
    /// The same, with the plan of each statement, made where it is carried out.
    fn exchange_explained(&mut self, steps: &[Step<'_>]) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut answers = Vec::new();
        for step in steps {
            if let Step::Statement(Statement { text, values }) = step {
                let values: Vec<_> =
                    values.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect();
                let explained = format!("EXPLAIN {text}");
                let rows = self.wait(async |client| client.query_typed(&explained, &values).await)?;
                let plan = rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n");
                self.plans.iter_mut().for_each(|plans| plans.push((text.clone(), plan.clone())));
            }
            answers.push(self.wait(async |client| Ok(ask(client, step).await))?.map_err(failure)?);
        }
        Ok(answers)
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

/// What others did at the same time was in the way: that is no failure, and the same may work again from its beginning.
fn failure(error: Error) -> StoreError {
    match error.code().map(SqlState::code) {
        // A key that exists, lanes that have changed (`UNLESS_CHANGED`), a conflict, a deadlock, a lock or an answer that took too
        // long.
        Some("23505" | "22012" | "40001" | "40P01" | "55P03" | "57014") => StoreError::Busy,
        // The server has given up a transaction that rested, and the connection with it.
        Some("25P03") => StoreError::Server(ServerError::Unreachable(error.into())),
        Some(_) | None => error.into(),
    }
}
