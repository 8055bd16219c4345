//! What `--version` tells: the commit that is built, where this folder is a git checkout of its own, and the version of rustls,
//! from the lock file.

use std::path::Path;
use std::process::Command;

fn main() {
    // Where cargo runs it. The folder that it was compiled in may be another one: it is used again for this one.
    let folder = Path::new(".");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = std::fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
    if let Some(version) = locked(&lock, "rustls") {
        println!("cargo::rustc-env=BUILT_WITH_RUSTLS={version}");
    }
    // A folder inside some other checkout (a vendored copy, a package's build folder) has no commit of its own.
    let here = folder.canonicalize().ok();
    let top = git(folder, &["rev-parse", "--show-toplevel"]).and_then(|top| Path::new(&top).canonicalize().ok());
    if here.is_none() || here != top {
        return;
    }
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(folder, &["rev-parse", "--git-path", name])
            && folder.join(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    if let Some(commit) = git(folder, &["rev-parse", "HEAD"]) {
        println!("cargo::rustc-env=BUILT_FROM_COMMIT={commit}");
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim().to_owned())
}

fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{package}\"\n")))?;
    entry.split("version = \"").nth(1)?.split('"').next()
}
