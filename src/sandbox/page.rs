//! The page that stands in for an error: what a 402 was seen to carry, and a guess for the others.

use std::fmt::Write as _;

/// A page as the service's Jetty makes it: a 402 for `/conversions/sms` is, byte for byte, the one that the vendor's Python library
/// keeps as a test file. That the other statuses have the same page is a guess. `path` is the sender's and is escaped.
pub(super) fn jetty(status: u16, reason: &str, path: &str) -> String {
    let path = escape(path);
    format!(
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=ISO-8859-1\"/>\n\
         <title>Error {status} </title>\n</head>\n<body>\n<h2>HTTP ERROR: {status}</h2>\n\
         <p>Problem accessing {path}. Reason:\n<pre>    {reason}</pre></p>\n\
         <hr /><i><small>Powered by Jetty://</small></i>\n</body>\n</html>"
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

    #[test]
    fn the_page_of_a_402_is_the_one_that_was_seen() {
        let page = jetty(402, "Bad Account Credentials", "/conversions/sms");
        assert_eq!(page.len(), 306, "{page}");
        for part in [
            "<title>Error 402 </title>\n",
            "<h2>HTTP ERROR: 402</h2>\n",
            "Problem accessing /conversions/sms. Reason:\n<pre>    Bad Account Credentials</pre>",
            "<hr /><i><small>Powered by Jetty://</small></i>",
        ] {
            assert!(page.contains(part), "{part}");
        }
        assert!(page.ends_with("</html>"), "no end of line");
    }
}
