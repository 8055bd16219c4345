//! INI as npm's `ini` reads it: the format of `.nexmorc`. Two lines differ from every other INI: `;` and `#` begin a comment
//! also behind a value unless a backslash stands before them, and a value in quotes is JSON.

/// The last value of a key in a section. `Err` is the line, from 1, at which the text is no INI.
pub(super) fn value(text: &str, section: &str, key: &str) -> Result<Option<String>, usize> {
    let mut here = String::new();
    let mut found = None;
    for (number, line) in text.lines().enumerate() {
        for line in line.split('\r').map(str::trim) {
            if line.is_empty() || line.starts_with([';', '#']) {
                continue;
            }
            if let Some(head) = line.strip_prefix('[') {
                here = unescaped(head.strip_suffix(']').ok_or(number + 1)?);
                continue;
            }
            // A key alone is npm's way to write `true`, which is no text.
            let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
            if here == section && unescaped(name) == key {
                found = value.map(unescaped);
            }
        }
    }
    Ok(found)
}

/// npm's `unsafe`.
fn unescaped(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return serde_json::from_str(inner).unwrap_or_else(|_| inner.to_owned());
    }
    if text.len() > 1 && text.starts_with('"') && text.ends_with('"') {
        return serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ';' | '#' => break,
            '\\' => plain.push(letters.next_if(|next| "\\;#".contains(*next)).unwrap_or('\\')),
            _ => plain.push(letter),
        }
    }
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::value;

    fn secret(line: &str) -> Option<String> {
        value(&format!("[credentials]\napi_key=k\n{line}\n"), "credentials", "api_secret").unwrap()
    }

    /// The right-hand sides are what `ini.stringify({ credentials: { api_secret } })` of npm's `ini` 1.3.4 and 5.0.0 writes.
    #[test]
    fn values_are_read_as_npm_writes_them() {
        for (plain, written) in [
            ("abc", "abc"),
            ("a;b", r"a\;b"),
            ("a#b", r"a\#b"),
            (";#", r"\;\#"),
            ("a=b", r#""a=b""#),
            (" a ", r#"" a ""#),
            ("[a", r#""[a""#),
            (r#""a""#, r#""\"a\"""#),
            ("'a'", r#""'a'""#),
            (r"a\b", r"a\b"),
            ("a'b", "a'b"),
            ("a\"b", "a\"b"),
            ("a b", "a b"),
            ("é€", "é€"),
            ("1e3", "1e3"),
            ("a\u{1f511}=", "\"a\u{1f511}=\""),
        ] {
            assert_eq!(secret(&format!("api_secret={written}")).as_deref(), Some(plain), "{written}");
            assert_eq!(secret(&format!("  api_secret\t=  {written}  \r")).as_deref(), Some(plain), "{written}");
        }
    }

    #[test]
    fn values_written_by_hand_are_read_as_npm_reads_them() {
        for (written, plain) in [
            ("'a;b'", "a;b"),
            ("'a", "'a"),
            ("\"", "\""),
            ("''", ""),
            (r#"'"a"'"#, "a"),
            ("a ; a comment", "a"),
            ("a#b", "a"),
            (r"a\\b", r"a\b"),
            (r"a\", r"a\"),
            (r#""a" # no JSON"#, r#""a""#),
            ("\"a\\q\"", "\"a\\q\""),
            ("", ""),
            (r"\u0041", r"\u0041"),
            (r#""\u0041""#, "A"),
        ] {
            assert_eq!(secret(&format!("api_secret={written}")).as_deref(), Some(plain), "{written}");
        }
    }

    #[test]
    fn only_the_keys_of_the_section_count_and_the_last_of_them() {
        let read = |text| value(text, "credentials", "api_secret").unwrap();
        assert_eq!(read("api_secret=a\n[other]\napi_secret=b\n"), None);
        assert_eq!(
            read("[credentials]\napi_secret=a\n[x]\napi_secret=b\n[credentials]\n; c\napi_key=k"),
            Some("a".into())
        );
        assert_eq!(read("[credentials]\napi_secret=a\napi_secret=b\n"), Some("b".into()));
        assert_eq!(read("[credentials]\napi_secret[]=a\nAPI_SECRET=b\napi_secret.x=c\n"), None);
        assert_eq!(read("[credentials]\napi_secret=a\napi_secret\n"), None);
        assert_eq!(read("[ \"credentials\" ]\r\r\n\"api_secret\" = a\r[x]"), Some("a".into()));
        assert_eq!(read("# [credentials]\n;x\n\n[Credentials]\napi_secret=a\n"), None);
        assert_eq!(value("[credentials]\nx\n[", "credentials", "api_secret"), Err(3));
    }
}
