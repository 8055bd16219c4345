//! Text from outside: nothing of it acts on a terminal, and what is harmless is left as it is.

use nexmo_conversion::output::{Escaped, to_json};
use serde_json::Value;

use crate::{acts_on_a_terminal, assert_only_prints};

/// Any bytes, shown to people and written as JSON.
pub fn escaping(data: &[u8]) {
    let shown = Escaped(data).to_string();
    assert!(!shown.chars().any(acts_on_a_terminal), "{shown:?}");
    assert_eq!(Escaped::text(&shown).to_string(), shown, "escaping what is escaped changes it");
    let text = String::from_utf8_lossy(data);
    if text.as_bytes() == data {
        let harmless = !text.chars().any(acts_on_a_terminal);
        assert_eq!(shown == text, harmless, "{shown:?}");
        for (at, _) in text.char_indices() {
            let (front, back) = text.split_at(at);
            assert_eq!(format!("{}{}", Escaped::text(front), Escaped::text(back)), shown);
        }
        assert_eq!(undone(&shown, &text), text, "something is lost");
    }
    json(&Value::from(&*text));
    json(&serde_json::json!({ &*text: [&*text, null, 1.5], "b": { "c": &*text } }));
    raw_json(&text);
}

/// Undoes the escapes, with the original to distinguish an escape from a text that looks like one.
fn undone(shown: &str, original: &str) -> String {
    let (mut rest, mut text) = (shown, String::new());
    for c in original.chars() {
        let hex = format!("\\u{{{:x}}}", u32::from(c));
        let mut plain = [0; 4];
        let spelled = match c {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            c if acts_on_a_terminal(c) => &hex,
            c => &*c.encode_utf8(&mut plain),
        };
        match rest.strip_prefix(spelled) {
            Some(after) => rest = after,
            None => return text,
        }
        text.push(c);
    }
    text + rest
}

fn json(value: &Value) {
    let mut line = Vec::new();
    to_json(&mut line, value).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert!(line.ends_with('\n') && line.lines().count() == 1);
    assert_only_prints(&line);
    assert_eq!(&serde_json::from_str::<Value>(&line).unwrap(), value);
}

/// JSON that is passed on as it came (a `ref`).
fn raw_json(text: &str) {
    let spelled = format!("\"{}\"", text.replace(|c: char| c < ' ' || c == '"' || c == '\\', "_"));
    let raw = serde_json::value::RawValue::from_string(spelled).unwrap();
    let mut line = Vec::new();
    to_json(&mut line, &raw).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert_only_prints(&line);
    let (ours, theirs) = (serde_json::from_str::<String>(&line), serde_json::from_str::<String>(raw.get()));
    assert_eq!(ours.unwrap(), theirs.unwrap());
}
