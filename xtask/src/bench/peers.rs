//! The same stream by other programs: `curl --parallel`; what people would write otherwise (Node's undici, Python's requests, `xargs`
//! with curl); and `wrk` and `h2load`, which send one form again and again, verify no certificate and look at no answer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::arena::Arena;
use super::cost::Program;
use crate::machine::installed;

/// Another program that sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Curl,
    H2load,
    Wrk,
    Undici,
    Requests,
    Xargs,
}

/// Which of them are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those that any machine may have.
    Installed,
    /// All of them; what npm and pip have is fetched.
    All,
}

/// How long `wrk` runs.
const SECONDS: u64 = 5;

impl Peer {
    pub(crate) const ALL: [Self; 6] =
        [Self::Curl, Self::H2load, Self::Wrk, Self::Undici, Self::Requests, Self::Xargs];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Curl => "`curl --parallel`",
            Self::H2load => "`h2load`",
            Self::Wrk => "`wrk`",
            Self::Undici => "Node's undici",
            Self::Requests => "Python's requests",
            Self::Xargs => "`xargs -P` with curl",
        }
    }

    /// The slow ones send a part of the records: what one of them costs does not depend on how many there are.
    pub(crate) fn share(self, records: u64) -> u64 {
        match self {
            Self::Curl | Self::H2load | Self::Wrk | Self::Undici => records,
            Self::Requests => (records / 10).max(1),
            Self::Xargs => (records / 100).max(1),
        }
    }
}

/// Where they are.
pub(crate) struct Peers {
    programs: Vec<(Peer, PathBuf)>,
    /// What npm and pip have fetched.
    packages: PathBuf,
}

impl Peers {
    pub(crate) fn find(root: &Path, wanted: Wanted) -> anyhow::Result<Self> {
        let curl = installed("curl").context("curl is not installed, and it is what is compared with")?;
        ensure!(has_parallel(&curl), "this curl has no --parallel; 7.66 is the first that has");
        let packages = root.join("target/peers");
        let mut programs =
            vec![(Peer::Curl, Some(curl)), (Peer::H2load, installed("h2load")), (Peer::Wrk, installed("wrk"))];
        if wanted == Wanted::All {
            let fetched = |program: &str, fetch: &mut Command| {
                let done = fetch.output().is_ok_and(|output| output.status.success());
                installed(program).filter(|_| done)
            };
            // The last that Node 20 runs.
            let npm = fetched(
                "node",
                Command::new("npm").args(["install", "--silent", "--prefix"]).arg(&packages).arg("undici@7"),
            );
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade", "--target"];
            let pip = fetched(
                "python3",
                Command::new("/usr/bin/python3").args(pip).arg(packages.join("python")).arg("requests"),
            );
            programs.extend([(Peer::Undici, npm), (Peer::Requests, pip), (Peer::Xargs, installed("xargs"))]);
        }
        let programs = programs.into_iter().filter_map(|(peer, path)| Some((peer, path?))).collect();
        Ok(Self { programs, packages })
    }

    pub(crate) fn found(&self) -> impl Iterator<Item = Peer> {
        self.programs.iter().map(|(peer, _)| *peer)
    }

    /// One of them with so many records to send.
    pub(crate) fn program(
        &self,
        peer: Peer,
        arena: &Arena,
        records: u64,
        jobs: usize,
        now: &str,
    ) -> anyhow::Result<Program> {
        let path = self.programs.iter().find(|(found, _)| *found == peer).map(|(_, path)| path.as_path());
        let path = path.with_context(|| format!("{} is not installed", peer.name()))?;
        match peer {
            Peer::Curl => curl(arena, path, records, jobs, now),
            Peer::Wrk => wrk(arena, path, jobs, SECONDS, now),
            Peer::H2load => h2load(arena, path, records, jobs, now),
            Peer::Xargs => xargs(arena, path, records, jobs, now),
            Peer::Undici => {
                self.script(arena, path, ("undici.mjs", include_str!("peers/undici.mjs")), "", records, jobs, now)
            }
            Peer::Requests => self.script(
                arena,
                path,
                ("send.py", include_str!("peers/requests.py")),
                "python",
                records,
                jobs,
                now,
            ),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a script is told")]
    fn script(
        &self,
        arena: &Arena,
        interpreter: &Path,
        (name, text): (&str, &str),
        packages: &str,
        records: u64,
        jobs: usize,
        now: &str,
    ) -> anyhow::Result<Program> {
        let script = arena.folder().join(name);
        fs::write(&script, text)?;
        let mut arguments: Vec<OsString> = vec![script.into(), self.packages.join(packages).into()];
        arguments.extend([arena.base_url.clone().into(), arena.ca.clone().into()]);
        arguments.extend([jobs.to_string(), records.to_string(), now.to_owned()].map(OsString::from));
        arguments.extend([arena.api_key.clone(), arena.api_secret.clone()].map(OsString::from));
        Ok(Program { path: interpreter.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 })
    }
}

/// The form of a record.
fn form(arena: &Arena, number: &str, now: &str) -> String {
    format!(
        "message-id={number}&delivered=true&timestamp={}&api_key={}&api_secret={}",
        now.replace(' ', "+").replace(':', "%3A"),
        arena.api_key,
        arena.api_secret
    )
}

/// An `h2load` that posts one form so many times, over HTTP/1.1 as the others. It verifies no certificate.
fn h2load(arena: &Arena, h2load: &Path, records: u64, jobs: usize, now: &str) -> anyhow::Result<Program> {
    let body = arena.folder().join("form");
    fs::write(&body, form(arena, &message_id(0), now))?;
    let mut arguments: Vec<OsString> =
        ["--h1", "-t1", "-H", "content-type: application/x-www-form-urlencoded", "-d"].map(OsString::from).into();
    arguments.extend([body.into(), format!("-c{jobs}").into(), format!("-n{records}").into()]);
    arguments.push(format!("{}/conversions/sms", arena.base_url).into());
    Ok(Program { path: h2load.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 })
}

/// An `xargs` that starts a curl for each record, so many at once.
fn xargs(arena: &Arena, xargs: &Path, records: u64, jobs: usize, now: &str) -> anyhow::Result<Program> {
    let ids = arena.folder().join("ids");
    let lines: String = (0..records).map(|number| message_id(number) + "\n").collect();
    fs::write(&ids, lines)?;
    let mut arguments: Vec<OsString> = vec!["-a".into(), ids.into(), "-P".into(), jobs.to_string().into()];
    arguments.extend(
        ["-I", "ID", "curl", "-q", "--silent", "--show-error", "--fail", "--output", "/dev/null", "--cacert"]
            .map(OsString::from),
    );
    arguments.extend([arena.ca.clone().into(), "--data".into(), form(arena, "ID", now).into()]);
    arguments.push(format!("{}/conversions/sms", arena.base_url).into());
    Ok(Program {
        path: xargs.into(),
        arguments,
        environment: vec![("HOME", arena.home()), ("PATH", "/usr/bin:/bin".into())],
        exit: 0,
    })
}

/// The message-id of a record.
pub(crate) fn message_id(number: u64) -> String {
    format!("0A{number:014X}")
}

/// A `curl` that posts so many forms over so many kept-alive connections. What is said before the first `next` counts for one
/// transfer only, so every one says it.
fn curl(arena: &Arena, curl: &Path, records: u64, jobs: usize, timestamp: &str) -> anyhow::Result<Program> {
    let path = arena.folder().join(format!("curl-{records}.conf"));
    let mut file = BufWriter::new(File::create(&path)?);
    for number in 0..records {
        writeln!(
            file,
            "{}silent\nshow-error\nfail\noutput = /dev/null\ncacert = \"{}\"\nurl = \"{}/conversions/sms\"\ndata = \"{}\"",
            if number == 0 { "" } else { "next\n" },
            arena.ca.display(),
            arena.base_url,
            form(arena, &message_id(number), timestamp),
        )?;
    }
    file.flush()?;
    let mut arguments: Vec<OsString> = ["-q", "--parallel", "--parallel-max"].map(OsString::from).into();
    arguments.extend([jobs.to_string().into(), "--config".into(), path.into()]);
    Ok(Program { path: curl.into(), arguments, environment: vec![("HOME", arena.home())], exit: 0 })
}

/// Whether this curl has `--parallel`: since 7.66.
fn has_parallel(curl: &Path) -> bool {
    let said = Command::new(curl).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    version(&said).is_some_and(|version| version >= (7, 66))
}

fn version(said: &str) -> Option<(u32, u32)> {
    let mut numbers = said.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A `wrk` that posts one form for so many seconds. It verifies no certificate.
fn wrk(arena: &Arena, wrk: &Path, jobs: usize, seconds: u64, timestamp: &str) -> anyhow::Result<Program> {
    let script = arena.folder().join("post.lua");
    fs::write(
        &script,
        format!(
            "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/x-www-form-urlencoded\"\nwrk.body = \"{}\"\n",
            form(arena, &message_id(0), timestamp)
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
