//! Where a field may stand that was not found: for advice, and never for reading.

use serde_json::Value;

use super::field::{Field, bare, is_carriers, named, nearest};

/// So many names are shown, and so much of each.
const NAMES_MAX: usize = 12;
const NAME_MAX: usize = 40;

/// The beginning of a name, so that no message is longer than a screen.
#[must_use]
pub fn shown(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// The first names of a header.
pub(super) fn listed(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(NAMES_MAX).map(|name| shown(name)).collect();
    if names.len() > NAMES_MAX {
        shown.push(format!("… ({} in all)", names.len()));
    }
    shown.join(", ")
}

/// Whether a field may well stand under this name.
pub(super) fn fits(field: Field, name: &str) -> bool {
    let is_near = nearest(name).is_some_and(|(near, _)| near == field);
    let bare = bare(name);
    let says = |words: &[&str]| words.iter().any(|word| bare.contains(word));
    let ends = |words: &[&str]| words.iter().any(|word| bare.ends_with(word));
    !is_carriers(name)
        && name.chars().count() <= NAME_MAX
        && (is_near
            || match field {
                Field::MessageId => ends(&["uuid", "sid", "msgid", "messageid", "callid", "eventid"]),
                Field::Delivered => says(&["convert", "verif", "success", "complet", "confirm", "deliver"]),
                Field::Channel => says(&["channel", "medium"]),
                Field::Timestamp | Field::Sent | Field::Converted | Field::Reference | Field::Receipt => false,
            })
}

/// The path to a scalar of a JSON record under which the field may well stand: by its own name deeper inside, or by another
/// name.
pub(super) fn path(field: Field, record: &[u8]) -> Option<String> {
    let record: Value = serde_json::from_slice(record).ok()?;
    let mut paths = Vec::new();
    collect(&record, "", &mut paths);
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let is_named = |path: &&String| named(&last(path)).is_some_and(|(named, _)| named == field);
    let by_name = paths.iter().filter(is_named).min_by_key(|path| named(&last(path)).map(|(_, rank)| rank));
    by_name.or_else(|| paths.iter().find(|path| fits(field, &last(path)))).cloned()
}

/// The dotted paths to every scalar, of which only so many and so long ones can be advice.
fn collect(value: &Value, path: &str, paths: &mut Vec<String>) {
    const PATHS_MAX: usize = 500;
    const PATH_MAX: usize = 100;
    let step = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if paths.len() >= PATHS_MAX || path.len() > PATH_MAX {
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter().filter(|(key, _)| !key.is_empty() && !key.contains('.')) {
                collect(value, &step(key), paths);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate().take(PATHS_MAX) {
                collect(value, &step(&index.to_string()), paths);
            }
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => paths.push(path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, path};
    use crate::input::Field;

    #[test]
    fn a_nested_id_is_found_and_a_status_is_never_taken_for_delivered() {
        let found = |field, json: &str| path(field, json.as_bytes());
        let answer = r#"{"message-count":"1","messages":[{"to":"1","message-id":"A1","status":"0"}]}"#;
        assert_eq!(found(Field::MessageId, answer).as_deref(), Some("messages.0.message-id"));
        assert_eq!(found(Field::Delivered, answer), None);
        assert_eq!(found(Field::MessageId, r#"{"uuid":"x"}"#).as_deref(), Some("uuid"));
        assert_eq!(found(Field::MessageId, r#"{"message_uuid":"x","a":1}"#).as_deref(), Some("message_uuid"));
        assert_eq!(
            found(Field::MessageId, r#"{"records":[{"id":"r","message_id":"m"}]}"#).as_deref(),
            Some("records.0.message_id")
        );
        assert_eq!(found(Field::MessageId, r#"{"request_id":"r"}"#), None);
        assert!(fits(Field::Delivered, "did convert") && !fits(Field::Delivered, "delivery-status"));
    }
}
