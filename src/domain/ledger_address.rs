//! Where a ledger is, as it is written: the path of a file, or the URL of a PostgreSQL server.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{names, nearest};

/// A file, or a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerAddress {
    /// This file.
    File(PathBuf),
    /// A database of a server's.
    Server(ServerUrl),
}

/// A server as a URL names it. There is no password in it, so it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    text: String,
    parameters: ServerParameters,
}

names! {
    /// What can be said about a server, by libpq's names.
    #[derive(PartialOrd, Ord)]
    ServerParameter {
        /// Hosts, separated by commas; one that begins with a slash is the folder of a socket.
        Host = "host",
        /// One port, or one for each host.
        Port = "port",
        /// The database.
        Database = "dbname",
        /// The role.
        User = "user",
        /// Never in a URL.
        Password = "password",
        /// The file of passwords.
        PassFile = "passfile",
        /// A section of the service file.
        Service = "service",
        /// Whole seconds for one host.
        ConnectTimeout = "connect_timeout",
        /// How the connection is protected.
        SslMode = "sslmode",
        /// A file of authorities, or `system`.
        SslRootCert = "sslrootcert",
        /// The client's certificate.
        SslCert = "sslcert",
        /// Its key.
        SslKey = "sslkey",
        /// Whether a password must be bound to the TLS connection.
        ChannelBinding = "channel_binding",
        /// Which hosts will do.
        TargetSessionAttrs = "target_session_attrs",
        /// What the server's lists call this program.
        ApplicationName = "application_name",
    }
}

/// libpq's parameters that change nothing here: these limits are this program's own, and the text is always UTF-8.
const WITHOUT_EFFECT: &[&str] = &[
    "client_encoding",
    "fallback_application_name",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "tcp_user_timeout",
];

/// What one source says about a server.
pub type ServerParameters = BTreeMap<ServerParameter, String>;

/// Why a text is not the address of a ledger. Shows nothing of it that could be a part of a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LedgerAddressError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A URL of something else.
    #[error("`{0}://` is neither a file nor a PostgreSQL server (`postgres://…`)")]
    Scheme(String),
    /// `postgres:db`.
    #[error("a server is written `postgres://…`, and a file of that name `./postgres:…`")]
    Slashes,
    /// A password on command lines is everybody's to read.
    #[error("a password must not stand in the URL of a server")]
    Password,
    /// Half a host.
    #[error("is not a URL of a server (`postgres://user@host:port/database?sslmode=verify-full`)")]
    Unreadable,
    /// `%zz`, or what would not be text.
    #[error("a `%` in it does not stand before the two digits of a UTF-8 byte")]
    Encoding,
    /// A parameter that means nothing.
    #[error("has a parameter `{name}`, which is unknown here{}", .nearest.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)")))]
    UnknownParameter {
        /// As it was written.
        name: String,
        /// The known one that is most like it.
        nearest: Option<&'static str>,
    },
    /// The same twice.
    #[error("has the parameter `{0}` twice")]
    Twice(&'static str),
}

impl LedgerAddress {
    /// Parses what was typed or stored. A path that looks like a URL can be written with `./` before it.
    pub fn parse(text: &str) -> Result<Self, LedgerAddressError> {
        if text.is_empty() {
            return Err(LedgerAddressError::Empty);
        }
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            Some(_) | None => return Ok(Self::File(text.into())),
        };
        let is_ours = ["postgres", "postgresql"].iter().any(|ours| scheme.eq_ignore_ascii_case(ours));
        match rest.strip_prefix("//") {
            Some(rest) if is_ours => Ok(Self::Server(ServerUrl::parse(text, rest)?)),
            Some(_) => Err(LedgerAddressError::Scheme(scheme.to_owned())),
            None if is_ours => Err(LedgerAddressError::Slashes),
            None => Ok(Self::File(text.into())),
        }
    }

    /// The same for a path, which need not be text: then it is no URL.
    pub fn of_path(path: &Path) -> Result<Self, LedgerAddressError> {
        path.to_str().map_or_else(|| Ok(Self::File(path.to_owned())), Self::parse)
    }
}

impl fmt::Display for LedgerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => f.write_str(&url.text),
        }
    }
}

/// A letter, and then letters, digits, `+`, `-` and `.`.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

impl ServerUrl {
    /// What it says.
    #[must_use]
    pub fn parameters(&self) -> &ServerParameters {
        &self.parameters
    }

    fn parse(text: &str, rest: &str) -> Result<Self, LedgerAddressError> {
        match parameters(rest) {
            Ok(parameters) if parameters.contains_key(&ServerParameter::Password) => {
                Err(LedgerAddressError::Password)
            }
            Ok(parameters) => Ok(Self { text: text.to_owned(), parameters }),
            // Whatever else seems wrong with it: up to an `@` it looks like `user:password`.
            Err(_) if rest.split_once('@').is_some_and(|(before, _)| before.contains(':')) => {
                Err(LedgerAddressError::Password)
            }
            Err(error) => Err(error),
        }
    }
}

/// `[user@][host[:port]][,…][/database][?name=value[&…]]`, as libpq reads it.
fn parameters(rest: &str) -> Result<ServerParameters, LedgerAddressError> {
    let mut parameters = ServerParameters::new();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = authority.split_once('@').unwrap_or(("", authority));
    if user.contains(':') {
        return Err(LedgerAddressError::Password);
    }
    let (hosts, ports) = hosts_and_ports(hosts)?;
    for (parameter, value) in [
        (ServerParameter::User, decoded(user)?),
        (ServerParameter::Host, hosts),
        (ServerParameter::Port, ports),
        (ServerParameter::Database, decoded(database)?),
    ] {
        // Nothing but commas says nothing.
        if value.chars().any(|letter| letter != ',') {
            parameters.insert(parameter, value);
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(LedgerAddressError::Unreadable)?;
        if let Some(parameter) = server_parameter(name)?
            && parameters.insert(parameter, decoded(value)?).is_some()
        {
            return Err(LedgerAddressError::Twice(parameter.as_str()));
        }
    }
    Ok(parameters)
}

/// The parameter of a name; none if it has no effect here.
pub fn server_parameter(name: &str) -> Result<Option<ServerParameter>, LedgerAddressError> {
    if WITHOUT_EFFECT.contains(&name) {
        return Ok(None);
    }
    if name == "sslpassword" {
        return Err(LedgerAddressError::Password);
    }
    let all = ServerParameter::ALL.iter().copied();
    if let Some(parameter) = all.clone().find(|parameter| parameter.as_str() == name) {
        return Ok(Some(parameter));
    }
    if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Err(LedgerAddressError::Unreadable);
    }
    let nearest = nearest(name, all.map(|parameter| (parameter.as_str(), parameter.as_str())));
    Err(LedgerAddressError::UnknownParameter { name: name.to_owned(), nearest })
}

fn hosts_and_ports(text: &str) -> Result<(String, String), LedgerAddressError> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(address) => {
                let (address, port) = address.split_once(']').ok_or(LedgerAddressError::Unreadable)?;
                (address, port)
            }
            None => one.split_at(one.find(':').unwrap_or(one.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port,
            None if port.is_empty() => "",
            None => return Err(LedgerAddressError::Unreadable),
        };
        if !port.is_empty() && port.parse::<u16>().map_or(true, |port| port == 0) {
            return Err(LedgerAddressError::Unreadable);
        }
        hosts.push(decoded(host)?);
        ports.push(port);
    }
    Ok((hosts.join(","), ports.join(",")))
}

/// Undoes `%2F`. A `+` is a plus.
fn decoded(text: &str) -> Result<String, LedgerAddressError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or(LedgerAddressError::Encoding)?);
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    let text = String::from_utf8(bytes).map_err(|_| LedgerAddressError::Encoding)?;
    if text.chars().any(char::is_control) { Err(LedgerAddressError::Encoding) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::{LedgerAddress, LedgerAddressError};

    fn said(text: &str) -> String {
        match LedgerAddress::parse(text) {
            Ok(LedgerAddress::File(path)) => format!("file {}", path.display()),
            Ok(LedgerAddress::Server(url)) => {
                let said: Vec<_> =
                    url.parameters().iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect();
                said.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_url_is_read_as_libpq_reads_it() {
        for (url, parameters) in [
            ("postgres://", ""),
            ("postgresql://db1", "host=db1"),
            ("postgres:///app", "dbname=app"),
            ("postgres://me@db1/app", "host=db1 dbname=app user=me"),
            ("postgres://me@db1,db2:5433/app", "host=db1,db2 port=,5433 dbname=app user=me"),
            ("postgres://[::1]:5433/app", "host=::1 port=5433 dbname=app"),
            ("postgres://%2Fvar%2Frun/app", "host=/var/run dbname=app"),
            ("postgres:///app?host=/var/run&user=a@b", "host=/var/run dbname=app user=a@b"),
            ("postgres://h:1/app?user=a@b", "host=h port=1 dbname=app user=a@b"),
            ("postgres://h/?sslmode=verify-full&keepalives=1", "host=h sslmode=verify-full"),
            ("POSTGRES://h", "host=h"),
        ] {
            assert_eq!(said(url), parameters, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_a_file() {
        for path in ["ledger.db", "./postgres:", "./postgres://x", "/var/a:b", "c:ledger", "a b://", "-"] {
            assert_eq!(said(path), format!("file {path}"));
        }
    }

    #[test]
    fn other_urls_are_refused_and_not_taken_for_files() {
        let neither = "is neither a file nor a PostgreSQL server (`postgres://…`)";
        assert_eq!(said("mysql://u:s3cret@h/d"), format!("`mysql://` {neither}"));
        assert_eq!(said("file:///x"), format!("`file://` {neither}"));
        assert_eq!(LedgerAddress::parse("postgres:x"), Err(LedgerAddressError::Slashes));
        assert_eq!(LedgerAddress::parse(""), Err(LedgerAddressError::Empty));
    }

    #[test]
    fn a_password_is_refused_wherever_it_stands_and_however_it_is_garbled() {
        for url in [
            "postgres://u:s3cret@h/d",
            "postgres://u:@h/d",
            "postgres://h/d?password=s3cret",
            "postgres://h/d?sslpassword=s3cret",
            "postgres://u:s3/cret@h/d",
            "postgres://u:s3?cret@h/d",
            "postgres://u:s3#c%ret@h/d",
            "postgres://u:s3:cret@h/d",
        ] {
            assert_eq!(LedgerAddress::parse(url), Err(LedgerAddressError::Password), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said() {
        for (url, wrong) in [
            ("postgres://h:x/d", "is not a URL of a server"),
            ("postgres://h:0/d", "is not a URL of a server"),
            ("postgres://[::1/d", "is not a URL of a server"),
            ("postgres://h/d?sslmode", "is not a URL of a server"),
            ("postgres://h/%zz", "a `%` in it does not stand before"),
            ("postgres://h/%ff", "a `%` in it does not stand before"),
            ("postgres://h/%0a", "a `%` in it does not stand before"),
            (
                "postgres://h/d?sslmod=x",
                "has a parameter `sslmod`, which is unknown here (did you mean `sslmode`?)",
            ),
            ("postgres://h/d?options=-c", "has a parameter `options`, which is unknown here"),
            ("postgres://h/d?host=x", "has the parameter `host` twice"),
        ] {
            assert!(said(url).starts_with(wrong), "{url}: {}", said(url));
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_error_shows_a_password(password in "[ -~]{8,20}") {
            // What stands before the first of these cannot be told from a host's name or from a parameter's.
            prop_assume!(!password.starts_with(['/', '?', '@', '&']));
            if let Err(error) = LedgerAddress::parse(&format!("postgres://u:{password}@h/d")) {
                prop_assert!(!error.to_string().contains(&password));
            }
        }

        #[test]
        fn a_path_that_is_not_a_url_stays_itself(name in "[a-z./ -]{1,20}") {
            prop_assert_eq!(LedgerAddress::of_path(Path::new(&name)), Ok(LedgerAddress::File(name.into())));
        }
    }
}
