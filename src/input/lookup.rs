//! Finding a value in a JSON line by its path, without reading more of the line than that takes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::assemble::Problem;
use super::filter::Filter;
use super::path::Path;
use super::scalar::mark;

/// Whether a JSON line is wanted. `found` hears of each condition whose field is there.
pub(super) fn is_wanted(json: &str, filter: &Filter, mut found: impl FnMut(usize)) -> Result<bool, Problem> {
    let mut is_wanted = true;
    for (number, condition) in filter.conditions().iter().enumerate() {
        let value = value_at(condition.path(), json)?;
        if value.is_some() {
            found(number);
        }
        is_wanted &= value.is_some_and(|value| condition.is_met(&mark(value)));
    }
    Ok(is_wanted)
}

/// The JSON text of what stands at the end of this path. As for fields, a flat key with dots in it is understood, too, after the
/// path.
fn value_at<'a>(path: &Path, json: &'a str) -> Result<Option<&'a str>, Problem> {
    let mut here = Some(json);
    for step in path.steps() {
        here = match here {
            Some(node) => child(path, node, step)?,
            None => break,
        };
    }
    match here {
        None if path.steps().len() > 1 => child(path, json, path.text()),
        found => Ok(found),
    }
}

fn child<'a>(path: &Path, node: &'a str, key: &str) -> Result<Option<&'a str>, Problem> {
    let mut found = Children { key, first: None, count: 0 };
    let mut deserializer = serde_json::Deserializer::from_str(node);
    match node.trim_ascii_start().as_bytes().first() {
        Some(b'{') => deserializer.deserialize_map(&mut found),
        Some(b'[') => deserializer.deserialize_seq(&mut found),
        _ => return Ok(None),
    }
    .and_then(|()| deserializer.end())
    .map_err(|error| Problem::bad_json(&error))?;
    if found.count > 1 {
        return Err(Problem::NameTwice(path.text().to_owned()));
    }
    Ok(found.first)
}

/// What an object or a list has under one key.
struct Children<'k, 'a> {
    key: &'k str,
    first: Option<&'a str>,
    count: usize,
}

impl<'de> Children<'_, 'de> {
    fn take(&mut self, value: &'de RawValue) {
        self.first = Some(value.get());
        self.count += 1;
    }
}

impl<'de> Visitor<'de> for &mut Children<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(is_it) = map.next_key_seed(Is(self.key))? {
            if is_it {
                self.take(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let Some(value) = seq.next_element::<&RawValue>()? else { break };
            if self.key.parse() == Ok(index) {
                self.take(value);
            }
        }
        Ok(())
    }
}

/// Whether a key is this one.
struct Is<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}
