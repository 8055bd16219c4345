//! Disks without room: a small file system of its own that fills up, and a limit on the size of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

use super::super::ledger_rows;
use super::super::stage::BREAK;
use super::{Stage, said_of};

/// How many conversions are read: more than there is room for, even when the log is written back again and again.
const RECORDS: usize = 40_000;

/// Runs the program ($2) with a place ($1) for its ledger that has too little room, waits for the word to go on, and runs it
/// again with room enough on what is left ($3/left); then lets it send what is pending. A file system that is made so can be
/// seen by this script alone, so it copies the ledger.
const SCRIPT: &str = r#"
batch() { "$program" --json batch --format ids --delivered true --channel sms "$@"; }
place=$1 program=$2 results=$3
fill || exit 99
(limit; batch "$results/input") >"$results/accepted" 2>"$results/said"
echo $?
read -r go
empty
batch "$results/left" >/dev/null 2>"$results/said-later"
echo $?
"$program" -q ledger resume 2>>"$results/said-later"
echo $?
cp "$place"/ledger.db* "$results"
"#;

/// Fills a disk with the program, and what room is left with something else, so that only the ballast can give any; then removes old
/// rows and sends one conversion more.
const FORGETTING: &str = r#"
place=$1 program=$2 results=$3
mount -t tmpfs -o size=4m tmpfs "$place" || exit 99
"$program" batch --format ids --delivered true --channel sms "$results/input" >/dev/null 2>&1
echo $?
[ -e "$place/ledger.db.ballast" ] || exit
cat /dev/zero >"$place/other" 2>/dev/null
"$program" ledger forget settled --older-than 0s 2>"$results/said"
echo $?
stat -c %s "$place/ledger.db.ballast"
"$program" sms ONE_MORE --delivered >>"$results/said" 2>&1
"#;

#[derive(Debug, Clone, Copy)]
enum Room {
    /// A file system of a few MiB; needs a user namespace.
    SmallDisk,
    /// A limit on files.
    SmallFiles,
}

impl Room {
    fn commands(self) -> &'static str {
        match self {
            Self::SmallDisk => {
                "fill() { mount -t tmpfs -o size=4m tmpfs \"$place\"; }\n\
                 limit() { :; }\n\
                 empty() { mount -o remount,size=64m \"$place\"; }\n"
            }
            // In blocks of 512 bytes.
            Self::SmallFiles => "fill() { :; }\nlimit() { ulimit -f 4096; }\nempty() { :; }\n",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::SmallDisk => "a disk of 4 MiB",
            Self::SmallFiles => "files of at most 2 MiB",
        }
    }
}

/// How often the disk is filled.
const ROUNDS: usize = 4;

pub(super) fn show(stage: &Stage) -> anyhow::Result<String> {
    let disk = if namespaces() {
        // Where in its log a run meets the end of the disk is chance.
        let rounds: Vec<_> = (0..ROUNDS).map(|_| fill(stage, Room::SmallDisk)).collect::<anyhow::Result<_>>()?;
        format!("{}\n{}", rounds.join("\n"), forget(stage)?)
    } else {
        "a disk of 4 MiB: skipped, no user namespace can be made here".to_owned()
    };
    Ok(format!("{disk}\n{}", fill(stage, Room::SmallFiles)?))
}

fn namespaces() -> bool {
    let made = Command::new("unshare").args(["-Urm", "true"]).stdin(Stdio::null()).output();
    made.is_ok_and(|made| made.status.success())
}

/// Where a script has its ledger, and where it finds its input and leaves what was said.
struct Folders {
    _both: TempDir,
    place: PathBuf,
    results: PathBuf,
    /// What is in the input.
    ids: Vec<String>,
}

impl Folders {
    fn with_input(prefix: &str) -> anyhow::Result<Self> {
        let both = tempfile::tempdir()?;
        let (place, results) = (both.path().join("place"), both.path().join("results"));
        fs::create_dir(&place)?;
        fs::create_dir(&results)?;
        let ids: Vec<_> = (0..RECORDS).map(|number| format!("{prefix}{number}")).collect();
        fs::write(results.join("input"), ids.join("\n") + "\n")?;
        Ok(Self { _both: both, place, results, ids })
    }
}

fn fill(stage: &Stage, room: Room) -> anyhow::Result<String> {
    let Folders { place, results, ids, .. } = &Folders::with_input("F")?;
    let begin = stage.witness.log_length();

    let mut command = match room {
        Room::SmallDisk => stage.witness.command(Path::new("unshare")),
        Room::SmallFiles => stage.witness.command(Path::new("sh")),
    };
    if let Room::SmallDisk = room {
        command.args(["-Urm", "sh"]);
    }
    command.arg("-c").arg(format!("{}{SCRIPT}", room.commands())).arg("sh");
    command.arg(place).arg(&stage.programs.honest).arg(results);
    command.env("NEXMO_CONVERSION_LEDGER", place.join("ledger.db"));
    let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut exits = BufReader::new(script.stdout.take().context("no output")?).lines();
    let mut exit = || anyhow::Ok(exits.next().context("the script has ended")??);

    let full = exit()?;
    let accepted = said_of(&fs::read(results.join("accepted"))?, &["accepted"]);
    let left: Vec<_> = ids.iter().filter(|id| !accepted.contains(*id)).map(String::as_str).collect();
    fs::write(results.join("left"), left.join("\n") + "\n")?;
    script.stdin.take().context("no input")?.write_all(b"go\n")?;
    let later = [exit()?, exit()?];
    script.wait()?;

    let (name, said) = (room.name(), fs::read_to_string(results.join("said"))?);
    let said_later = fs::read_to_string(results.join("said-later"))?;
    ensure!(full == "74" && said.contains("error: "), "{name}: exit {full}: {said}");
    ensure!(!accepted.is_empty() && !left.is_empty(), "{name}: {} accepted, {} left", accepted.len(), left.len());
    ensure!(later == ["0", "0"], "{name}: with room again: exits {later:?}: {said_later}");
    let mut arrived: BTreeMap<String, usize> = BTreeMap::new();
    for request in stage.witness.requests_since(begin)? {
        if let (Some(id), Some(200)) = (request.parameter("message-id"), request.status) {
            *arrived.entry(id.to_owned()).or_default() += 1;
        }
    }
    let lost = ids.iter().filter(|id| !arrived.contains_key(*id)).count();
    let again: BTreeSet<_> = arrived.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id).collect();
    let accepted_again = again.iter().filter(|id| accepted.contains(**id)).count();
    let pending = ledger_rows(&results.join("ledger.db"))?.values().filter(|state| **state < 2).count();
    let shown = format!(
        "{name}: exit {full} after {} of {RECORDS}; with room again the rest: {lost} lost, {accepted_again} accepted and sent \
         again, {} others sent again, {pending} pending",
        accepted.len(),
        again.len() - accepted_again
    );
    ensure!(lost + accepted_again + pending == 0, "{shown}\n{said}");
    // A limit on files is an error like any other; a full disk is one that was provided for.
    ensure!(again.is_empty() || matches!(room, Room::SmallFiles), "{shown}\n{said}");
    Ok(format!("{shown} ({})", said.lines().next().unwrap_or_default()))
}

/// Old rows can be removed where nothing else makes room. In the control the program makes none either.
fn forget(stage: &Stage) -> anyhow::Result<String> {
    let kept = with_ballast(|| forget_on_full_disk(stage, &stage.programs.honest, None))?;
    let is_kept = kept.exits == ["74", "0", "2097152"] && kept.said.contains(" rows removed\naccepted ");
    ensure!(is_kept, "forgetting on a full disk: {kept:?}");
    let removed = kept.said.lines().next().unwrap_or_default();
    let broken = Some("forgetting-has-room");
    for _ in 0..5 {
        let control = with_ballast(|| forget_on_full_disk(stage, &stage.programs.breakable, broken))?;
        if control.exits[1] == "74" {
            return Ok(format!("forgetting on a disk without a byte left: {removed}; in the control exit 74"));
        }
        // Its log had been written back just before: then a new one has room in the same place.
    }
    bail!("forgetting on a full disk: the control did it as well")
}

/// A run that fills the disk has now and then used its ballast up.
fn with_ballast(mut forget: impl FnMut() -> anyhow::Result<Forgotten>) -> anyhow::Result<Forgotten> {
    for _ in 0..20 {
        let forgotten = forget()?;
        if forgotten.exits.len() > 1 {
            return Ok(forgotten);
        }
    }
    bail!("no run that filled the disk has left its ballast")
}

#[derive(Debug)]
struct Forgotten {
    /// Of the run that fills the disk, and of what removes rows; then the size of the ballast, where there is one again.
    exits: Vec<String>,
    said: String,
}

fn forget_on_full_disk(stage: &Stage, program: &Path, broken: Option<&str>) -> anyhow::Result<Forgotten> {
    let Folders { place, results, .. } = &Folders::with_input("G")?;
    let mut command = stage.witness.command(Path::new("unshare"));
    command.args(["-Urm", "sh", "-c", FORGETTING, "sh"]).arg(place).arg(program).arg(results);
    command.env("NEXMO_CONVERSION_LEDGER", place.join("ledger.db"));
    command.envs(broken.map(|promise| (BREAK, promise)));
    let output = command.stdin(Stdio::null()).output()?;
    let exits = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
    // Where there was no ballast, nothing was tried.
    Ok(Forgotten { exits, said: fs::read_to_string(results.join("said")).unwrap_or_default() })
}
