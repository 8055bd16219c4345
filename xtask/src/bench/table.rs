//! Tables in Markdown, to be pasted into `docs/performance.md`.

/// A table whose first column is words and whose other columns are figures.
pub(crate) fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![line(header.iter().copied())];
    lines.push(line(header.iter().enumerate().map(|(column, _)| if column == 0 { "---" } else { "---:" })));
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str))));
    lines.join("\n")
}

fn line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn figures_are_aligned_to_the_right() {
        let rows = [vec!["curl".to_owned(), "21".to_owned()]];
        assert_eq!(markdown(&["program", "ms"], &rows), "| program | ms |\n| --- | ---: |\n| curl | 21 |");
    }
}
