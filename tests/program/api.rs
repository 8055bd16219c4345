//! The one way to start a sandbox: which account it knows, and what it answers.

use nexmo_conversion::domain::{Secret, SignatureMethod};
use nexmo_conversion::sandbox::{
    Answer, CertificateKind, Encryption, LoggedRequest, Sandbox, SandboxAccount, SandboxOptions, Script,
    TlsVersions,
};

pub(crate) const KEY: &str = "abcd1234";
/// Has characters that mean something to URLs, forms, shells and TOML.
pub(crate) const SECRET: &str = "Zq7Odd&x=%2f+Sek/ret?'!";
pub(crate) const SIGNATURE_SECRET: &str = "Vw3Odd&y=%2f+Sig/nat?'!";

/// Without TLS, with an account, and without faults.
pub(crate) fn options() -> SandboxOptions {
    SandboxOptions { encryption: Encryption::Plain, accounts: vec![account()], ..SandboxOptions::default() }
}

pub(crate) fn account() -> SandboxAccount {
    signing(SignatureMethod::Md5Hash)
}

pub(crate) fn signing(method: SignatureMethod) -> SandboxAccount {
    SandboxAccount::new(KEY, SECRET).unwrap().signing(Secret::new(SIGNATURE_SECRET.to_owned()), method)
}

pub(crate) fn plain() -> Sandbox {
    Sandbox::start(options()).unwrap()
}

/// These answers to the first requests, and then what they deserve.
pub(crate) fn answering(answers: &[&str]) -> Sandbox {
    scripted(Script::first(answers.iter().map(|text| answer(text))))
}

/// This answer, whatever the request.
pub(crate) fn always(text: &str) -> Sandbox {
    scripted(Script::always(answer(text)))
}

/// As its options say, to an account that everybody here knows.
pub(crate) fn with(options: SandboxOptions) -> Sandbox {
    Sandbox::start(options).unwrap()
}

/// The ids of all requests, in the order in which they were read.
pub(crate) fn ids(sandbox: &Sandbox) -> Vec<String> {
    let id = |request: &LoggedRequest| request.parameter("message-id").unwrap_or_default().to_owned();
    sandbox.requests().iter().map(id).collect()
}

fn scripted(script: Script) -> Sandbox {
    Sandbox::start(SandboxOptions { script, ..options() }).unwrap()
}

pub(crate) fn answer(text: &str) -> Answer {
    text.parse().unwrap()
}

/// Over TLS, with a certificate of this kind.
pub(crate) fn tls(certificate: CertificateKind) -> Sandbox {
    let encryption = Encryption::Tls { certificate, versions: TlsVersions::Both };
    Sandbox::start(SandboxOptions { encryption, ..options() }).unwrap()
}

/// How many requests there were.
pub(crate) fn requests(sandbox: &Sandbox) -> u64 {
    sandbox.counts().requests
}

/// How often the answer of this name was given in place of the one that was deserved.
pub(crate) fn fired(sandbox: &Sandbox, name: &str) -> u64 {
    sandbox.faults_fired().get(name).copied().unwrap_or_default()
}
