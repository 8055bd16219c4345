//! Certificate authorities, from the system or from PEM, and in words what is wrong with a certificate. Opens no connection and does
//! not know whose certificates are looked at.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::{memchr_iter, memmem};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, RootCertStore};
use rustls_native_certs::load_native_certs;

/// The system's trust store; none where the system has none. Reading it is the largest cost of a single connection.
pub(crate) fn of_the_system() -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if openssl_probe::has_ssl_cert_env_vars() {
        roots.add_parsable_certificates(load_native_certs().certs);
    }
    if roots.is_empty() {
        let probed = openssl_probe::probe();
        let texts = read_each_once(probed.cert_file.as_deref(), &probed.cert_dir);
        let mut authorities = Authorities::default();
        for text in &texts {
            authorities.add(text);
        }
        roots = authorities.roots;
    }
    Some(roots).filter(|roots| !roots.is_empty())
}

/// The texts of a file, and of every file in some folders: each once, however many links lead to it.
fn read_each_once(file: Option<&Path>, folders: &[PathBuf]) -> Vec<Vec<u8>> {
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let paths = file.map(Path::to_path_buf).into_iter().chain(entries.map(|entry| entry.path()));
    let mut seen = HashSet::new();
    paths
        .filter(|path| {
            // What a link leads to.
            let file = fs::metadata(path).ok().filter(fs::Metadata::is_file);
            file.is_some_and(|file| seen.insert((file.dev(), file.ino())))
        })
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

/// Authorities from several places.
///
/// Systems keep them twice, in one bundle and each in a file of its own, and an administrator may add one to either. So both are
/// read; but a certificate that has come before, letter by letter, is not decoded again, which is what takes the time.
#[derive(Debug)]
pub(crate) struct Authorities<'a> {
    pub(crate) roots: RootCertStore,
    known: HashSet<&'a [u8], foldhash::quality::RandomState>,
}

impl Default for Authorities<'_> {
    fn default() -> Self {
        Self { roots: RootCertStore::empty(), known: HashSet::default() }
    }
}

impl<'a> Authorities<'a> {
    /// Adds those of a PEM text, and returns how many there were, known ones among them.
    pub(crate) fn add(&mut self, pem: &'a [u8]) -> usize {
        let Some(sections) = sections(pem) else {
            return add_pem(&mut self.roots, pem);
        };
        let add = |section| {
            if self.known.contains(section) {
                return 1;
            }
            let added = match decode(section) {
                Some(der) => self.roots.add_parsable_certificates([der]).0,
                None => add_pem(&mut self.roots, section),
            };
            // What cannot be read is looked at each time; it is not known.
            self.known.extend((added == 1).then_some(section));
            added
        };
        sections.into_iter().map(add).sum()
    }
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// The certificates of a text, if it has nothing else that begins like them and each has its end.
fn sections(pem: &[u8]) -> Option<Vec<&[u8]>> {
    let mut sections = Vec::new();
    let mut from = 0;
    for begin in memmem::find_iter(pem, b"-----BEGIN") {
        let rest = &pem[begin..];
        let end = memmem::find(rest, END)? + END.len();
        let is_whole = begin >= from && rest.starts_with(BEGIN) && starts_a_line(pem, begin);
        if !is_whole || !matches!(rest.get(end), Some(b'\n' | b'\r')) {
            return None;
        }
        sections.push(&rest[..=end]);
        from = begin + end;
    }
    Some(sections)
}

/// The certificate of a section, if nothing but plain Base64 is in it; the library's own reader, which takes more, needs six times as long.
fn decode(section: &[u8]) -> Option<CertificateDer<'static>> {
    let (_, rest) = section.split_at_checked(BEGIN.len())?;
    let end = memmem::find(rest, END)?;
    let mut digits = Vec::with_capacity(end);
    let mut from = 0;
    for at in memchr_iter(b'\n', &rest[..end]) {
        digits.extend_from_slice(rest[from..at].trim_ascii_end());
        from = at + 1;
    }
    digits.extend_from_slice(&rest[from..end]);
    STANDARD.decode(digits).ok().map(Into::into)
}

fn starts_a_line(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| text[before] == b'\n')
}

/// The authorities that are built into this program.
pub(crate) fn built_in() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Adds the authorities of a PEM text, and returns how many there were.
pub(crate) fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> usize {
    let before = roots.len();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
    roots.len() - before
}

/// What is wrong with it, in words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of reasons, not ours")]
pub(crate) fn reason(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::UnknownIssuer => "its issuer is not trusted here".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::BadSignature => "its signature is wrong".to_owned(),
        CertificateError::Revoked => "it has been revoked".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not a server certificate".to_owned()
        }
        _ => "it is not valid".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use rcgen::{CertificateParams, KeyPair};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::{Authorities, decode, read_each_once, sections};

    fn authority(name: &str) -> String {
        CertificateParams::new([name.to_owned()])
            .unwrap()
            .self_signed(&KeyPair::generate().unwrap())
            .unwrap()
            .pem()
    }

    #[test]
    fn one_that_stands_in_a_bundle_and_in_a_folder_is_decoded_once_and_one_in_either_is_found() {
        let [both, bundled, alone] = ["both", "bundled", "alone"].map(authority);
        let scratch = tempfile::tempdir().unwrap();
        let (bundle, folder) = (scratch.path().join("bundle.crt"), scratch.path().join("certs"));
        fs::create_dir(&folder).unwrap();
        fs::write(&bundle, format!("# comment\n{both}{bundled}")).unwrap();
        for (name, pem) in [("both.pem", &both), ("alone.pem", &alone)] {
            fs::write(folder.join(name), pem).unwrap();
            symlink(name, folder.join(format!("{name}.0"))).unwrap();
        }
        symlink("nowhere", folder.join("dangling.0")).unwrap();
        symlink(&bundle, folder.join("bundle.crt")).unwrap();
        let texts = read_each_once(Some(&bundle), &[folder]);
        assert_eq!(texts.len(), 3);
        let mut authorities = Authorities::default();
        let found: usize = texts.iter().map(|text| authorities.add(text)).sum();
        assert_eq!((found, authorities.roots.len()), (4, 3));
    }

    #[test]
    fn what_is_decoded_here_is_what_the_library_decodes() {
        let pem = authority("a");
        let first_line = "-----BEGIN CERTIFICATE-----\n";
        for (text, is_plain) in [
            (pem.clone(), true),
            (pem.replace('\n', "\r\n"), true),
            (pem.replace('\n', " \n"), true),
            (pem.replacen(first_line, &format!("{first_line}\n\n"), 1), true),
            (pem.replacen(first_line, &format!("{first_line}Comment: one\n\n"), 1), false),
            (pem.replacen("MII", "M I", 1), false),
            (pem.replacen('=', "", 1), !pem.contains('=')),
            (pem.replacen("MII", "*II", 1), false),
        ] {
            let plain = decode(text.as_bytes());
            assert_eq!(plain.is_some(), is_plain, "{text}");
            let library = CertificateDer::pem_slice_iter(text.as_bytes()).next();
            assert!(plain.is_none_or(|plain| library.is_some_and(|library| library.unwrap() == plain)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_plain_is_read_by_the_library_alone() {
        let pem = authority("a");
        let cut = &pem[..pem.len() / 2];
        for (text, count) in [
            (pem.clone(), Some(1)),
            (pem.replace('\n', "\r\n"), Some(1)),
            (format!("{pem}and words\n{pem}"), Some(2)),
            (String::new(), Some(0)),
            (cut.to_owned(), None),
            (format!("{cut}\n{pem}"), None),
            (format!(" {pem}"), None),
            (format!("{pem}-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"), None),
            (pem.trim_end().to_owned(), None),
        ] {
            assert_eq!(sections(text.as_bytes()).map(|sections| sections.len()), count, "{text}");
            let mut alone = rustls::RootCertStore::empty();
            let mut authorities = Authorities::default();
            assert_eq!(authorities.add(text.as_bytes()), super::add_pem(&mut alone, text.as_bytes()), "{text}");
        }
    }
}
