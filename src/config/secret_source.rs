//! Where a secret comes from, and getting it from there. Only the secret that is used is fetched.

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::domain::Secret;

use super::command::{self, CommandError, TIME_LIMIT};
use super::file_error::FileError;
use super::private_file::{OpenFile, OpenMode, Warning};
use super::text;

/// Why there is no usable secret. Shows nothing of it.
#[derive(Debug, Error)]
pub enum SecretError {
    /// Nothing there.
    #[error("the secret is empty")]
    Empty,
    /// More than one line: probably the wrong file.
    #[error("the secret has more than one line")]
    SeveralLines,
    /// No secret of the provider looks so.
    #[error("the secret is not UTF-8")]
    NotUtf8,
    /// Written by an editor or a shell in another encoding.
    #[error("the secret is UTF-16, not UTF-8")]
    Utf16,
    /// Something that no key on a keyboard types.
    #[error("the secret has a control character in it (U+{:04X})", u32::from(*.0))]
    Control(char),
    /// The file cannot be read or trusted.
    #[error(transparent)]
    File(#[from] FileError),
    /// The program did not print one.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Where a secret is to be had.
#[derive(Debug, Clone)]
pub(super) enum SecretSource {
    /// Here.
    Value(Secret),
    /// In a file that the configuration names: a regular one.
    File(PathBuf),
    /// In what a variable names: a file, or a pipe of the shell's making.
    FileOrStream(PathBuf),
    /// On the standard output of a program.
    Command { program: PathBuf, arguments: Vec<String> },
}

/// No secret is anywhere near as long; a file that is, is the wrong one.
const MOST: usize = 64 * 1024;

impl SecretSource {
    pub(super) fn fetch(&self, warnings: &mut Vec<Warning>) -> Result<Secret, SecretError> {
        match self {
            Self::Value(secret) => parse_secret(secret.expose().as_bytes()),
            Self::File(path) => from_file(path, OpenMode::NonBlocking, warnings),
            Self::FileOrStream(path) => from_file(path, OpenMode::Blocking, warnings),
            Self::Command { program, arguments } => {
                parse_secret(&command::output(program, arguments, MOST, TIME_LIMIT)?)
            }
        }
    }
}

/// A secret from a file that was named on the command line: a file, or a pipe of the shell's making.
pub fn read_secret_file(path: &Path) -> Result<Secret, SecretError> {
    // That others can read it will be no matter of the new file's.
    from_file(path, OpenMode::Blocking, &mut Vec::new())
}

fn from_file(path: &Path, mode: OpenMode, warnings: &mut Vec<Warning>) -> Result<Secret, SecretError> {
    let file = OpenFile::open(path, mode)?;
    if mode == OpenMode::NonBlocking {
        file.insist_regular()?;
    }
    warnings.extend(file.insist_trustworthy()?);
    parse_secret(&file.read(MOST)?)
}

/// One line, without its end and without the mark that some editors put at its head.
pub fn parse_secret(bytes: &[u8]) -> Result<Secret, SecretError> {
    if text::is_utf16(bytes) {
        return Err(SecretError::Utf16);
    }
    let line = std::str::from_utf8(text::without_mark(bytes)).map_err(|_| SecretError::NotUtf8)?;
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(SecretError::Empty);
    }
    if line.contains(['\n', '\r']) {
        return Err(SecretError::SeveralLines);
    }
    match line.chars().find(|letter| letter.is_control()) {
        Some(letter) => Err(SecretError::Control(letter)),
        None => Ok(Secret::new(line.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_secret;

    fn read(bytes: &[u8]) -> Result<String, String> {
        parse_secret(bytes).map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        for end in ["", "\n", "\r\n", "\r"] {
            assert_eq!(read(format!("s3cret{end}").as_bytes()), Ok("s3cret".into()), "{end:?}");
        }
        assert_eq!(read(b" s3 cret \n"), Ok(" s3 cret ".into()));
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert_eq!(read(empty), Err("the secret is empty".into()));
        }
        for lines in [&b"s3cret\n\n"[..], b"a\nb", b"a\r\r"] {
            assert_eq!(read(lines), Err("the secret has more than one line".into()));
        }
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_a_secret() {
        assert_eq!(read("\u{feff}s3cret\r\n".as_bytes()), Ok("s3cret".into()));
        assert_eq!(read("\u{feff}\n".as_bytes()), Err("the secret is empty".into()));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_with_the_reason() {
        assert_eq!(read(b"s3cret\xff"), Err("the secret is not UTF-8".into()));
        for utf16 in [&b"\xff\xfes\0t\0\n\0"[..], b"\xfe\xff\0s\0t", b"s\0t\0", b"\0s\0t"] {
            assert_eq!(read(utf16), Err("the secret is UTF-16, not UTF-8".into()), "{utf16:?}");
        }
        assert_eq!(read(b"s3\0cret"), Err("the secret has a control character in it (U+0000)".into()));
        assert_eq!(read(b"s3cret\x1b[0m"), Err("the secret has a control character in it (U+001B)".into()));
        assert_eq!(read(b"s3\tcret"), Err("the secret has a control character in it (U+0009)".into()));
        assert_eq!(
            read("s3cret\u{85}".as_bytes()),
            Err("the secret has a control character in it (U+0085)".into())
        );
    }
}
