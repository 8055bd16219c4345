//! The page that stands in for an error: what a 402 was seen to carry, and a guess for the others.

use std::fmt::Write as _;

/// A page as Jetty, which the service seems to run on, makes it. `path` is the sender's and is escaped.
pub(super) fn jetty(status: u16, reason: &str, path: &str) -> String {
    let path = escape(path);
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=ISO-8859-1\"/>\n\
         <title>Error {status} {reason}</title>\n</head>\n<body><h2>HTTP ERROR {status}</h2>\n\
         <p>Problem accessing {path}. Reason:\n<pre>    {reason}</pre></p>\
         <hr><i><small>Powered by Jetty://</small></i><hr/>\n</body>\n</html>\n"
    )
}

/// Everything but plain ASCII as a numeric reference, which is right in any character set.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        if c.is_ascii_graphic() && !matches!(c, '<' | '>' | '&' | '"' | '\'') {
            escaped.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "&#{};", u32::from(c));
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::jetty;

    #[test]
    fn a_path_cannot_become_markup() {
        let page = jetty(404, "Not Found", "/<script>\"é");
        assert!(
            page.contains("Problem accessing /&#60;script&#62;&#34;&#233;. Reason:\n<pre>    Not Found</pre>"),
            "{page}"
        );
    }
}
