//! Plain ids: the line is the id, and the options say the rest.

use super::assemble::{Defaults, Entry, Purpose, Refusal, Said, assemble, text};
use super::field::Field;

/// The field that ids need from the options and do not get.
pub(super) fn missing(defaults: Defaults) -> Option<Field> {
    if defaults.purpose == Purpose::Events {
        Some(Field::Sent)
    } else if defaults.channel.is_none() {
        Some(Field::Channel)
    } else if defaults.delivered.is_none() {
        Some(Field::Delivered)
    } else {
        None
    }
}

pub(super) fn read(record: &[u8], defaults: Defaults, line: u64) -> Result<Entry, Refusal> {
    let said = Said { message_id: Some(text(record)?.into()), ..Said::default() };
    assemble(said, defaults, line)
}
