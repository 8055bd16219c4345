//! What stops the reading of an input altogether. (A bad record does not: it is an item like a good one.)

use std::io;

use thiserror::Error;

use super::{Encoding, Field, Format};

/// Nothing more can be read from this input, and nothing that was read makes sense to send.
#[derive(Debug, Error)]
pub enum InputError {
    /// It cannot be opened or read.
    #[error("cannot read {name}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Its first bytes are those of something that must be converted first.
    #[error("{name} is {encoding}, not UTF-8 text")]
    NotText {
        /// The file.
        name: String,
        /// What it is.
        encoding: Encoding,
    },
    /// A line shows that none of them can be read.
    #[error("{name} line {line}: {fault}")]
    Line {
        /// The file.
        name: String,
        /// The line.
        line: u64,
        /// What is wrong with it.
        fault: LineFault,
    },
}

/// What is wrong with a line that shows what the whole input is.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum LineFault {
    /// A JSON array, where one object on each line is wanted.
    #[error("a JSON array, not one object on each line")]
    JsonArray,
    /// A JSON object that goes on in the next line.
    #[error("a JSON object over several lines, not one object on each line")]
    JsonOverSeveralLines,
    /// The first record has no such key, and another one that was probably meant to be it.
    #[error("{field} is missing, and `{key}` is not a known key")]
    MisspelledKey {
        /// What is missing.
        field: Field,
        /// What stands there.
        key: String,
        /// How it is spelled.
        known: &'static str,
    },
    /// None of the formats by its first line.
    #[error("neither NDJSON nor a CSV or TSV header nor a single id")]
    UnknownFormat,
    /// No known name in the first line of a table.
    #[error("no column of this {format} has a known name; is there a header line?")]
    NoHeader {
        /// CSV or TSV.
        format: Format,
    },
    /// A column that every record needs, and that has no default.
    #[error("there is no column for {field} among {columns}")]
    MissingColumn {
        /// What is missing.
        field: Field,
        /// The column that `--field` names for it.
        mapped_to: Option<String>,
        /// The column that was probably meant.
        nearest: Option<String>,
        /// The columns that are there; the first of them.
        columns: String,
    },
    /// A carrier's receipts, where what users did is wanted.
    #[error("a carrier's delivery receipts, which do not say whether users converted")]
    Receipts,
    /// Two columns of one name.
    #[error("column `{column}` ({field}) stands there twice")]
    DuplicateColumn {
        /// The name.
        column: String,
        /// What is read from it.
        field: Field,
    },
    /// `--where` looks at a column that is not there.
    #[error("there is no column `{column}` among {columns}")]
    NoSuchColumn {
        /// What `--where` names.
        column: String,
        /// The columns that are there; the first of them.
        columns: String,
    },
    /// `--where` looks at a column of which there are two.
    #[error("column `{column}` stands there twice")]
    AmbiguousColumn {
        /// The name.
        column: String,
    },
    /// Plain ids, and no default for what they do not say.
    #[error("plain ids do not say {field}")]
    IdsDoNotSay {
        /// `channel` or `delivered`.
        field: Field,
    },
}
