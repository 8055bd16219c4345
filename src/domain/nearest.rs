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

/// What is wrong with a text that is none of these names: all of them, and the one that was probably meant.
pub(crate) fn none_of(typed: &str, names: impl Iterator<Item = &'static str> + Clone) -> String {
    let meant = nearest(&typed.to_lowercase(), names.clone().map(|name| (name, name)));
    let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("none of {}{meant}", names.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::{nearest, none_of};

    #[test]
    fn who_is_told_the_names_is_told_the_nearest() {
        let said = |typed| none_of(typed, ["ndjson", "csv"].into_iter());
        assert_eq!(said("CVS"), "none of ndjson, csv; did you mean `csv`?");
        assert_eq!(said("xml"), "none of ndjson, csv");
    }

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
