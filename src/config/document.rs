//! A TOML document that is asked for its keys by name, and in the end complains about those that were not asked for.
//!
//! Read by hand rather than through serde, because serde's texts quote the value that they refuse, and the parser's own
//! `Display` quotes the line: either may be a secret. Knows TOML and positions, not what the keys mean.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::nearest;

use super::error::ConfigError;
use super::position::Position;
use super::value::{Raw, ValueError};

/// The text of a file, able to say where in it a byte stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl<'a> Document<'a> {
    pub(super) fn parse(self) -> Result<TomlTable<'a>, ConfigError> {
        let root = DeTable::parse(self.text).map_err(|error| ConfigError::Syntax {
            at: self.position(error.span().map_or(0, |span| span.start)),
            reason: error.message().to_owned(),
        })?;
        Ok(TomlTable { document: self, entries: root.into_inner(), known: Vec::new() })
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            file: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A table that remembers what it was asked for. No `Debug`: secrets stand in it.
pub(super) struct TomlTable<'a> {
    document: Document<'a>,
    entries: DeTable<'a>,
    known: Vec<&'static str>,
}

/// A key with its value.
pub(super) struct TomlEntry<'a> {
    document: Document<'a>,
    key: String,
    value: Spanned<DeValue<'a>>,
}

impl<'a> TomlTable<'a> {
    /// Takes the value of a key out; from now on the key is known, whether it is there or not.
    pub(super) fn take(&mut self, key: &'static str) -> Option<TomlEntry<'a>> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        Some(TomlEntry { document: self.document, key: key.to_owned(), value })
    }

    /// Every entry, for a table whose keys are free.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, TomlEntry<'a>)> {
        let document = self.document;
        self.entries.into_iter().map(move |(key, value)| {
            let key = key.into_inner().into_owned();
            let entry = TomlEntry { document, key: key.clone(), value };
            (key, entry)
        })
    }

    /// The first key that was not asked for is an error.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        let stranger = self.entries.keys().min_by_key(|key| key.span().start);
        stranger.map_or(Ok(()), |key| {
            Err(ConfigError::UnknownKey {
                at: self.document.position(key.span().start),
                key: key.get_ref().escape_debug().to_string(),
                nearest: nearest(key.get_ref(), self.known.iter().map(|known| (known, *known))),
            })
        })
    }
}

impl<'a> TomlEntry<'a> {
    pub(super) fn at(&self) -> Position {
        self.document.position(self.value.span().start)
    }

    pub(super) fn error(&self, source: ValueError) -> ConfigError {
        ConfigError::Key { at: self.at(), key: self.key.escape_debug().to_string(), source }
    }

    /// A single value.
    pub(super) fn raw(&self) -> Result<Raw, ConfigError> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(Raw::Text(text.as_ref().to_owned())),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix());
                // What does not fit is out of every range anyway.
                Ok(Raw::Integer(number.unwrap_or(i64::MAX)))
            }
            DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => Err(self.wrong_type("a string or an integer")),
        }
    }

    pub(super) fn text(&self) -> Result<String, ConfigError> {
        self.value.get_ref().as_str().map(str::to_owned).ok_or_else(|| self.wrong_type("a string"))
    }

    /// A program and its arguments.
    pub(super) fn argv(&self) -> Result<(String, Vec<String>), ConfigError> {
        let wanted = "an array of strings, the program and its arguments";
        let words = self.value.get_ref().as_array();
        let words: Option<Vec<_>> = words.and_then(|words| {
            let texts = words.iter().map(|word| word.get_ref().as_str().map(str::to_owned));
            texts.collect()
        });
        let mut words = words.ok_or_else(|| self.wrong_type(wanted))?.into_iter();
        match words.next() {
            Some(program) if !program.is_empty() => Ok((program, words.collect())),
            Some(_) | None => Err(self.error(ValueError::Empty)),
        }
    }

    pub(super) fn table(self) -> Result<TomlTable<'a>, ConfigError> {
        let wrong = self.wrong_type("a table");
        match self.value.into_inner() {
            DeValue::Table(entries) => Ok(TomlTable { document: self.document, entries, known: Vec::new() }),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => Err(wrong),
        }
    }

    fn wrong_type(&self, wanted: &'static str) -> ConfigError {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        self.error(ValueError::Type { wanted, found })
    }
}
