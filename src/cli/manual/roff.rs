//! The little of roff that the pages need. Nothing of a text can act: it is escaped before it is marked up.

use std::fmt::Write as _;

/// A piece of a page.
#[derive(Default)]
pub(super) struct Roff(String);

impl Roff {
    pub(super) fn heading(&mut self, title: &str) {
        self.put(&format!(".SH \"{title}\"\n"));
    }

    /// Lines as they are, to be copied: neither filled nor hyphenated, with the quotes and hyphens of a shell.
    pub(super) fn verbatim<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.put(".nf\n");
        for line in lines {
            self.put(&format!("{}\n", shielded(&escaped(line))));
        }
        self.put(".fi\n");
    }

    /// Paragraphs; those with indented lines stay as they are.
    pub(super) fn prose(&mut self, text: &str) {
        for paragraph in text.trim().split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            self.put(".PP\n");
            if paragraph.lines().any(|line| line.starts_with("  ")) {
                self.verbatim(paragraph.lines());
            } else {
                paragraph.lines().for_each(|line| self.line(line));
            }
        }
    }

    /// A term and what it means.
    pub(super) fn entry(&mut self, term: &str, meaning: &str) {
        self.put(&format!(".TP\n\\fB{}\\fR\n", escaped(term)));
        self.line(meaning);
    }

    /// A line of filled text; what stands between backticks is bold.
    pub(super) fn line(&mut self, text: &str) {
        let pieces = text
            .split('`')
            .enumerate()
            .map(|(at, piece)| if at % 2 == 1 { format!("\\fB{}\\fR", escaped(piece)) } else { escaped(piece) });
        let line: String = pieces.collect();
        self.put(&format!("{}\n", shielded(&line)));
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).into_bytes()
    }

    fn put(&mut self, roff: &str) {
        self.0.push_str(roff);
    }
}

fn escaped(text: &str) -> String {
    let mut roff = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => roff.push_str("\\e"),
            '-' => roff.push_str("\\-"),
            '\'' => roff.push_str("\\(aq"),
            '`' => roff.push_str("\\(ga"),
            '^' => roff.push_str("\\(ha"),
            '~' => roff.push_str("\\(ti"),
            c if c.is_ascii() => roff.push(c),
            c => {
                let _ = write!(roff, "\\[u{:04X}]", u32::from(c));
            }
        }
    }
    roff
}

/// A line that begins with a full stop would be a request.
fn shielded(line: &str) -> String {
    if line.starts_with('.') { format!("\\&{line}") } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Roff;

    #[test]
    fn nothing_of_a_text_acts() {
        let mut page = Roff::default();
        page.verbatim([".so /etc/passwd", "a 'b' \\n --c"]);
        let roff = String::from_utf8(page.take()).unwrap();
        assert_eq!(roff, ".nf\n\\&.so /etc/passwd\na \\(aqb\\(aq \\en \\-\\-c\n.fi\n");
    }

    #[test]
    fn indented_paragraphs_keep_their_lines() {
        let mut page = Roff::default();
        page.prose("one `two`\nthree\n\nfour:\n  five");
        let roff = String::from_utf8(page.take()).unwrap();
        assert_eq!(roff, ".PP\none \\fBtwo\\fR\nthree\n.PP\n.nf\nfour:\n  five\n.fi\n");
    }
}
