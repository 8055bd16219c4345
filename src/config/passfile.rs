//! libpq's file of passwords: `host:port:database:user:password`, the first line that fits. `*` is anything, and `\` takes the
//! meaning from a `:` or another `\`.

use std::path::Path;

use zeroize::Zeroizing;

use crate::domain::{HostAddress, Secret, ServerHost};

use super::error::ConfigError;
use super::private_file::{Missing, OpenFile};

/// As large as somebody would still write by hand.
const MOST: usize = 1024 * 1024;

/// The file's lines. No `Debug`: every line has a password.
pub(super) struct PassFile(Zeroizing<Vec<u8>>);

/// Reads it. Others must not be able to.
pub(super) fn read(path: &Path, missing: Missing) -> Result<Option<PassFile>, ConfigError> {
    let Some(file) = OpenFile::open_if_there(path, missing)? else { return Ok(None) };
    file.insist_private()?;
    Ok(Some(PassFile(file.read(MOST)?)))
}

impl PassFile {
    /// The password for a role in a database of a host. A socket is `localhost`, or its folder.
    pub(super) fn password(&self, host: &ServerHost, database: &str, user: &str) -> Option<Secret> {
        let names = match &host.address {
            HostAddress::Name(name) => vec![name.clone()],
            HostAddress::Socket(folder) => vec!["localhost".to_owned(), folder.display().to_string()],
        };
        let lines = self.0.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
        lines.map(|line| line.trim_end_matches('\r')).find_map(|line| {
            let mut rest = line.strip_prefix('#').map_or(line, |_| "");
            let mut fits = |wanted: &[&str]| {
                let (written, after) = field(rest)?;
                rest = after;
                Some(*written == "*" || wanted.contains(&written.as_str()))
            };
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let port = host.port.to_string();
            (fits(&names)? && fits(&[&port])? && fits(&[database])? && fits(&[user])?).then_some(())?;
            Some(Secret::new(unescaped(rest)))
        })
    }
}

/// The first field without its escapes, and what follows its colon.
fn field(line: &str) -> Option<(Zeroizing<String>, &str)> {
    let mut is_escaped = false;
    for (at, letter) in line.char_indices() {
        match letter {
            ':' if !is_escaped => return Some((Zeroizing::new(unescaped(&line[..at])), &line[at + 1..])),
            _ => is_escaped = letter == '\\' && !is_escaped,
        }
    }
    None
}

/// A password may have further colons in it, escaped or not, as libpq has it: it ends where the line ends.
fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        plain.push(if letter == '\\' { letters.next().unwrap_or(letter) } else { letter });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::PassFile;
    use crate::domain::{HostAddress, ServerHost};

    fn found(lines: &str, host: &str, database: &str, user: &str) -> Option<String> {
        let address =
            if host.starts_with('/') { HostAddress::Socket(host.into()) } else { HostAddress::Name(host.into()) };
        let host = ServerHost { address, port: 5432, password: None };
        let file = PassFile(lines.as_bytes().to_vec().into());
        file.password(&host, database, user).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_counts() {
        let lines = "# h:5432:d:u:commented\n\nh:5433:d:u:other port\nh:5432:d:u:first\r\n*:*:*:*:any\n";
        assert_eq!(found(lines, "h", "d", "u").as_deref(), Some("first"));
        assert_eq!(found(lines, "h", "d", "v").as_deref(), Some("any"));
        assert_eq!(found("h:5432:d:u:p", "i", "d", "u"), None);
        for incomplete in ["", "h", "h:5432:d:u", ":::"] {
            assert_eq!(found(incomplete, "h", "d", "u"), None, "{incomplete}");
        }
    }

    #[test]
    fn a_backslash_takes_the_meaning_from_a_colon_and_from_a_backslash() {
        assert_eq!(found(r"\:\:1:5432:a\\b:u\:v:p\:q\\r", "::1", r"a\b", "u:v").as_deref(), Some(r"p:q\r"));
        assert_eq!(found(r"h:*:*:*:a:b", "h", "d", "u").as_deref(), Some("a:b"));
        assert_eq!(found(r"h:*:*:*:é*", "h", "d", "u").as_deref(), Some("é*"));
    }

    #[test]
    fn a_socket_is_localhost_or_its_folder() {
        assert_eq!(found("localhost:*:*:*:p", "/run/postgresql", "d", "u").as_deref(), Some("p"));
        assert_eq!(found("/tmp/x:*:*:*:p", "/tmp/x", "d", "u").as_deref(), Some("p"));
        assert_eq!(found("/tmp/y:*:*:*:p", "/tmp/x", "d", "u"), None);
    }
}
