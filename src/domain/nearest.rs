//! "Did you mean …": which of the known names was meant.

use strsim::damerau_levenshtein;

/// The known name that a person most likely meant: one that begins with what was typed and goes on with another word, or
/// the one with the fewest wrong, missing, surplus or swapped letters, of which up to two may be, and a third of the name.
/// Of several that are equally near, the first.
///
/// Each name stands beside what it is the name of.
pub fn nearest<N: AsRef<str>, T>(typed: &str, names: impl IntoIterator<Item = (N, T)>) -> Option<T> {
    let mistakes = |name: &str| {
        let left_out =
            name.strip_prefix(typed).is_some_and(|rest| !typed.is_empty() && rest.starts_with(['-', '_']));
        let mistakes = damerau_levenshtein(typed, name);
        (left_out || mistakes <= (name.len() / 3).min(2)).then_some(mistakes)
    };
    let near = names.into_iter().filter_map(|(name, what)| Some((mistakes(name.as_ref())?, what)));
    near.min_by_key(|(mistakes, _)| *mistakes).map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_or_a_word_left_out_is_recognised() {
        let names = ["max-age", "older-than", "jobs", "rate", "id"].map(|name| (name, name));
        for (typed, meant) in [
            ("max-agee", Some("max-age")),
            ("older", Some("older-than")),
            ("jbos", Some("jobs")),
            ("tare", None),
            ("ic", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
    }
}
