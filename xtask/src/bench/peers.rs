//! The same stream by other programs: `curl --parallel`, and `wrk`, which sends one form again and again and looks at nothing.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::arena::Arena;
use super::cost::Program;

/// The message-id of a record.
pub(crate) fn message_id(number: u64) -> String {
    format!("0A{number:014X}")
}

/// A `curl` that posts so many forms over so many kept-alive connections. What is said before the first `next` counts for one
/// transfer only, so every one says it.
pub(crate) fn curl(
    arena: &Arena,
    curl: &Path,
    records: u64,
    jobs: usize,
    timestamp: &str,
) -> anyhow::Result<Program> {
    let path = arena.folder().join(format!("curl-{records}.conf"));
    let mut file = BufWriter::new(File::create(&path)?);
    let timestamp = timestamp.replace(' ', "+").replace(':', "%3A");
    for number in 0..records {
        writeln!(
            file,
            "{}silent\nshow-error\nfail\noutput = /dev/null\ncacert = \"{}\"\nurl = \"{}/conversions/sms\"\ndata = \
             \"message-id={}&delivered=true&timestamp={timestamp}&api_key={}&api_secret={}\"",
            if number == 0 { "" } else { "next\n" },
            arena.ca.display(),
            arena.base_url,
            message_id(number),
            arena.api_key,
            arena.api_secret,
        )?;
    }
    file.flush()?;
    let mut arguments: Vec<OsString> = ["-q", "--parallel", "--parallel-max"].map(OsString::from).into();
    arguments.extend([jobs.to_string().into(), "--config".into(), path.into()]);
    Ok(Program { path: curl.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 })
}

/// Whether this curl has `--parallel`: since 7.66.
pub(crate) fn has_parallel(curl: &Path) -> bool {
    let said = Command::new(curl).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    version(&said).is_some_and(|version| version >= (7, 66))
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A `wrk` that posts one form for so many seconds. It verifies no certificate.
pub(crate) fn wrk(
    arena: &Arena,
    wrk: &Path,
    jobs: usize,
    seconds: u64,
    timestamp: &str,
) -> anyhow::Result<Program> {
    let script = arena.folder().join("post.lua");
    fs::write(
        &script,
        format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\nwrk.body = \
             \"message-id={}&delivered=true&timestamp={}&api_key={}&api_secret={}\"\n",
            message_id(0),
            timestamp.replace(' ', "+").replace(':', "%3A"),
            arena.api_key,
            arena.api_secret
        ),
    )
    .context("cannot write wrk's script")?;
    let mut arguments: Vec<OsString> =
        vec!["-t1".into(), format!("-c{jobs}").into(), format!("-d{seconds}s").into()];
    arguments.extend(["-s".into(), script.into(), format!("{}/conversions/sms", arena.base_url).into()]);
    Ok(Program { path: wrk.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn curls_version_is_read_from_its_first_line() {
        assert_eq!(version("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1"), Some((7, 88)));
        assert_eq!(version("something else"), None);
    }
}
