//! Options with few values: help and completions list the names, and the type's own room parses them.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};

/// Parses with a function, and names what it takes.
#[derive(Clone)]
pub(super) struct Choice<P> {
    names: &'static [&'static str],
    parse: P,
}

impl<P> Choice<P> {
    pub(super) const fn of(names: &'static [&'static str], parse: P) -> Self {
        Self { names, parse }
    }
}

impl<P: TypedValueParser> TypedValueParser for Choice<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        self.parse.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(PossibleValue::new)))
    }
}
