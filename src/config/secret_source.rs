//! Where a secret comes from, and getting it from there. Only the secret that is used is fetched.

use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::domain::Secret;

use super::command::{self, CommandError, TIME_LIMIT};
use super::error::ConfigError;
use super::origin::Origin;
use super::private_file::{FileError, OpenFile, Patience, Warning};

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
    Command { program: String, arguments: Vec<String> },
}

/// A secret's source, and who named it.
#[derive(Debug, Clone)]
pub(super) struct PromisedSecret {
    pub(super) source: SecretSource,
    /// The key of the file, or the variable's whole name.
    pub(super) key: &'static str,
    pub(super) origin: Origin,
}

/// No secret is anywhere near as long; a file that is, is the wrong one.
const MOST: usize = 64 * 1024;

impl PromisedSecret {
    /// Fetches the secret: reads the file, runs the program.
    pub(super) fn fetch(&self, warnings: &mut Vec<Warning>) -> Result<Secret, ConfigError> {
        self.source.fetch(warnings).map_err(|source| ConfigError::Secret {
            place: match &self.origin {
                Origin::Variable(name) => name.clone(),
                origin @ (Origin::Flag(_)
                | Origin::Profile { .. }
                | Origin::Section { .. }
                | Origin::VendorFile(_)
                | Origin::Default) => format!("{} of {origin}", self.key),
            },
            source,
        })
    }
}

impl SecretSource {
    fn fetch(&self, warnings: &mut Vec<Warning>) -> Result<Secret, SecretError> {
        match self {
            Self::Value(secret) => single_line(Zeroizing::new(secret.expose().as_bytes().to_vec())),
            Self::File(path) => from_file(path, Patience::Never, warnings),
            Self::FileOrStream(path) => from_file(path, Patience::ForWriter, warnings),
            Self::Command { program, arguments } => {
                single_line(command::output(program, arguments, MOST, TIME_LIMIT)?)
            }
        }
    }
}

fn from_file(path: &Path, patience: Patience, warnings: &mut Vec<Warning>) -> Result<Secret, SecretError> {
    let file = OpenFile::open(path, patience)?;
    if !(patience == Patience::ForWriter && file.is_stream()) {
        warnings.extend(file.insist_trustworthy()?);
    }
    single_line(file.read(MOST)?)
}

/// One line without its end.
fn single_line(mut bytes: Zeroizing<Vec<u8>>) -> Result<Secret, SecretError> {
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    if bytes.is_empty() {
        return Err(SecretError::Empty);
    }
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        return Err(SecretError::SeveralLines);
    }
    String::from_utf8(std::mem::take(&mut *bytes)).map(Secret::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        SecretError::NotUtf8
    })
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::single_line;

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        let read = |bytes: &[u8]| {
            single_line(Zeroizing::new(bytes.to_vec()))
                .map(|secret| secret.expose().to_owned())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read(b"s3cret"), Ok("s3cret".into()));
        assert_eq!(read(b"s3cret\n"), Ok("s3cret".into()));
        assert_eq!(read(b"s3cret\r\n"), Ok("s3cret".into()));
        assert_eq!(read(b" s3 cret \n"), Ok(" s3 cret ".into()));
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert_eq!(read(empty), Err("the secret is empty".into()));
        }
        for lines in [&b"s3cret\n\n"[..], b"a\nb", b"a\r"] {
            assert_eq!(read(lines), Err("the secret has more than one line".into()));
        }
        assert_eq!(read(b"s3cret\xff"), Err("the secret is not UTF-8".into()));
    }
}
