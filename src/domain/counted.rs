//! A number and what it counts, in the singular or the plural.

/// `1 window`, `2 windows`, `3 retries`: for nouns that make their plural so.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let before = |stem: &str| stem.ends_with(['a', 'e', 'o', 'u']);
    match noun.strip_suffix('y').filter(|stem| !before(stem)) {
        _ if number == 1 => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular_and_everything_else_is_not() {
        let shown = |noun| [0, 1, 2].map(|number| counted(number, noun));
        assert_eq!(shown("blank line"), ["0 blank lines", "1 blank line", "2 blank lines"]);
        assert_eq!(shown("retry"), ["0 retries", "1 retry", "2 retries"]);
        assert_eq!(shown("key"), ["0 keys", "1 key", "2 keys"]);
    }
}
