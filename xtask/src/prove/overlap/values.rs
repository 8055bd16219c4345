//! Several machines have different values of the same message-ids at the same moment: one is under way at a time, an older one never
//! goes after a newer one, and the newest goes.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, bail, ensure};

use super::{CONTROL, at_once};
use crate::prove::producer::{Ended, Fact};
use crate::prove::stage::{Stage, Witness};

/// Message-ids of which every machine has a value.
const IDS: usize = 100;

/// How long each request takes; the sandbox's log has whole seconds, so two of the same second were under way at once.
const LATENCY: &str = "1s";

/// What the sandbox saw of them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    meetings: usize,
    requests: usize,
    /// Values that arrived while another one of their message-id was under way.
    beside_another: usize,
    /// Values that arrived after a newer one of their message-id.
    after_newer: usize,
    /// Message-ids whose newest value did not arrive.
    without_newest: usize,
    overtaken: usize,
}

/// Lets machines meet; fails if the order of any message-id was broken.
pub(super) fn meet_in_order(stage: &Stage) -> anyhow::Result<Seen> {
    let seen = meet(stage, Index::Kept)?;
    ensure!(
        seen.beside_another == 0 && seen.after_newer == 0 && seen.without_newest == 0,
        "the order of values was broken: {seen:?}"
    );
    Ok(seen)
}

/// The same without the index that holds the order, until it was broken.
pub(super) fn meet_without_index(stage: &Stage) -> anyhow::Result<String> {
    for meeting in 1..=CONTROL {
        let Seen { requests, beside_another, after_newer, .. } = meet(stage, Index::Dropped)?;
        if beside_another > 0 {
            return Ok(format!(
                "in meeting {meeting} {beside_another} of {requests} values were under way beside another one of their \
                 message-id, {after_newer} arrived after a newer one"
            ));
        }
    }
    bail!("control: without the index, the order of values was kept")
}

/// Whether the ledger has its index of values under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    Kept,
    Dropped,
}

fn meet(stage: &Stage, index: Index) -> anyhow::Result<Seen> {
    let witness = stage.witness(&["--latency", LATENCY])?;
    if index == Index::Dropped {
        witness.ledger().rows("DROP INDEX conversion_slot")?;
    }
    // Both values alternate, and each machine's is a second newer.
    let times: Vec<_> =
        (0..stage.machines()).map(|machine| format!("2026-11-22 01:25:{:02}", 26 + machine)).collect();
    let values = times.iter().enumerate().map(|(machine, time)| {
        let value = |id| Fact::new(format!("VALUES{id:06}"), machine % 2 == 1, Some(time.clone()));
        (0..IDS).map(value).collect()
    });
    let ended = at_once(&witness, values.collect(), |machine| {
        let mut command = witness.command_on(machine, &stage.programs.honest);
        command.args(["--json", "batch", "-j", "64"]);
        command
    })?;
    if index == Index::Kept {
        let resume = |machine| {
            let mut command = witness.command_on(machine, &stage.programs.honest);
            command.args(["--json", "ledger", "resume", "-j", "64"]);
            command
        };
        end_well(&witness, ended, &|| at_once(&witness, vec![Vec::new(); times.len()], resume))?;
    }
    see(&witness, &times)
}

/// What waits behind another machine's value is left for later runs, which meet, too.
fn end_well(
    witness: &Witness,
    mut ended: Vec<Ended>,
    resume: &dyn Fn() -> anyhow::Result<Vec<Ended>>,
) -> anyhow::Result<()> {
    for _ in 0..30 {
        for run in &ended {
            ensure!(matches!(run.code, Some(0 | 75)), "a run ended with {:?}: {}", run.code, run.stderr);
        }
        if witness.ledger().pending()? == 0 {
            return Ok(());
        }
        ended = resume()?;
    }
    bail!("values wait for ever behind others: {:?}", ended[0].stderr)
}

/// Reads the sandbox's log; these are all times of values, in order.
fn see(witness: &Witness, times: &[String]) -> anyhow::Result<Seen> {
    let mut of_ids: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for request in witness.requests()? {
        let parameter = |name| request.parameter(name).map(str::to_owned).context("not a conversion");
        of_ids.entry(parameter("message-id")?).or_default().push((request.time.clone(), parameter("timestamp")?));
    }
    let mut seen = Seen { meetings: 1, without_newest: IDS - of_ids.len(), ..Seen::default() };
    for requests in of_ids.values() {
        let mut pairs = requests.windows(2);
        seen.requests += requests.len();
        seen.overtaken += times.len().saturating_sub(requests.len());
        seen.beside_another += pairs.clone().filter(|pair| pair[0].0 == pair[1].0).count();
        seen.after_newer += pairs.by_ref().filter(|pair| pair[0].1 > pair[1].1).count();
        seen.without_newest += usize::from(requests.iter().map(|(_, time)| time).max() != times.last());
    }
    Ok(seen)
}

impl Seen {
    pub(super) fn add(&mut self, other: &Self) {
        self.meetings += other.meetings;
        self.requests += other.requests;
        self.beside_another += other.beside_another;
        self.after_newer += other.after_newer;
        self.without_newest += other.without_newest;
        self.overtaken += other.overtaken;
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { meetings, requests, overtaken, .. } = self;
        write!(
            f,
            "{meetings} meetings of machines with different values of the same {IDS} message-ids: {requests} requests, each alone \
             and none older after a newer one, {overtaken} overtaken, the newest of each arrived"
        )
    }
}
