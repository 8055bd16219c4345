//! No redirect is followed, so a portal's page is never booked as a delivery.
//!
//! A gateway answers every report with a redirect to a portal, whose page is a plain 200 as the API's own would be. The
//! honest build asks once, stops, and keeps every record for the real API. The control follows, turns each report into a `GET`
//! without a body, and books the page: the records are gone, and no message says so.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::stage::{BREAK, Programs, Witness};

/// Every status that sends a client elsewhere.
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const RECORDS: usize = 20;
/// The exit code of an answer that is not the API's.
const CONFIGURATION: i32 = 78;
/// A hang is a failure.
const LIMIT: &str = "30s";

pub(super) fn show(root: &Path) -> anyhow::Result<String> {
    let programs = Programs::build(root)?;
    let mut answer = format!("{RECORDS} records at a gateway that redirects to a portal\n");
    for status in STATUSES {
        let tried = try_it(&programs, &programs.honest, status, "normal")?;
        tried.followed_nothing().with_context(|| format!("{status}: {tried}"))?;
        writeln!(answer, "{status}      {tried}")?;
    }
    let control = try_it(&programs, &programs.breakable, 302, "last")?;
    ensure!(control.followed_nothing().is_err(), "the control followed nothing: {control}");
    ensure!(control.asked_at_portal == RECORDS, "the control did not get to the portal: {control}");
    ensure!(control.accepted == RECORDS && control.delivered == 0, "the control lost nothing: {control}");
    Ok(format!("{answer}control  {control}: every record booked, and none delivered"))
}

/// What came of sending the records to the gateway, and then what was kept to the API.
struct Tried {
    exit: Option<i32>,
    asked_at_gateway: usize,
    asked_at_portal: usize,
    accepted: usize,
    retry: usize,
    delivered: usize,
    delivered_twice: usize,
}

/// `then` is what the gateway does after its first answer: the same once more, or what the API does.
fn try_it(programs: &Programs, program: &Path, status: u16, then: &str) -> anyhow::Result<Tried> {
    let portal = Witness::start(programs, &["--reply", "200,type=text/plain,body=Welcome", "--then", "last"])?;
    let redirect = format!("{status},location={}/welcome", portal.base_url());
    let gateway = Witness::start(programs, &["--reply", &redirect, "--then", then])?;
    let input = gateway.folder().join("input");
    fs::write(&input, (0..RECORDS).map(|n| format!("N{n:05}\n")).collect::<Vec<_>>().concat())?;

    let sent = gateway
        .command(program)
        .env(BREAK, "redirects-not-followed")
        .args(["--json", "batch", "--format", "ids", "--channel", "sms", "--delivered", "true"])
        .args(["--deadline", LIMIT])
        .arg(&input)
        .output()?;
    let lines = String::from_utf8(sent.stdout)?;
    let outcomes: Vec<String> = lines.lines().map(outcome).collect::<anyhow::Result<_>>()?;
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();

    let asked_at_gateway = gateway.requests()?.len();
    // The way is repaired: whatever was kept is sent now, to the same address.
    gateway.command(&programs.honest).args(["--json", "ledger", "resume", "--deadline", LIMIT]).output()?;
    let deliveries = gateway.deliveries()?;
    Ok(Tried {
        exit: sent.status.code(),
        asked_at_gateway,
        asked_at_portal: portal.requests()?.len(),
        accepted: count("accepted"),
        retry: count("retry"),
        delivered: deliveries.len(),
        delivered_twice: deliveries.values().filter(|times| **times > 1).count(),
    })
}

fn outcome(line: &str) -> anyhow::Result<String> {
    let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
    Ok(line["outcome"].as_str().context("a result line without an outcome")?.to_owned())
}

impl Tried {
    /// The promise.
    fn followed_nothing(&self) -> anyhow::Result<()> {
        ensure!(self.exit == Some(CONFIGURATION), "the exit code is not {CONFIGURATION}");
        ensure!(self.asked_at_gateway == 1, "one answer was not enough");
        ensure!(self.asked_at_portal == 0, "the redirect was followed");
        ensure!(self.accepted == 0, "a redirect was taken for a delivery");
        ensure!(self.retry == RECORDS, "a record has no answer");
        ensure!(self.delivered == RECORDS && self.delivered_twice == 0, "what was kept is not what was given");
        Ok(())
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { asked_at_gateway, asked_at_portal, accepted, retry, delivered, delivered_twice, .. } = self;
        let exit = self.exit.map_or("none".to_owned(), |exit| exit.to_string());
        write!(
            f,
            "exit {exit}, {asked_at_gateway} requests to the gateway, {asked_at_portal} to the portal, {accepted} accepted, \
             {retry} kept, {delivered} delivered by the next run, {delivered_twice} of them twice"
        )
    }
}
