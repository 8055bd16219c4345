//! The program in a root file system that has nothing else, as in a container made from scratch: no library, no trust store, no
//! passwd, no folder for temporary files; and as a container's first process.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nexmo_conversion::clock;

use super::Said;
use super::root::{Entry, Root};
use crate::build::{Build, build};

/// The container's user, who has no entry anywhere.
const USER: &str = "65532:65532";
const RECORD: &str = "{\"id\":\"A\",\"channel\":\"sms\",\"delivered\":true}\n";

/// Runs it there.
pub(super) fn show(root: &Path, program: &Path, image: &Path) -> anyhow::Result<Vec<String>> {
    let dynamic = Root::empty()?;
    fs::copy(build(root, Build::Honest)?, dynamic.at("nexmo-conversion"))?;
    let said = run(&dynamic, &["--version"])?;
    ensure!(
        said.status == Some(127),
        "control: a program that is linked dynamically runs there: {:?}",
        said.status
    );

    let bare = Root::empty()?;
    fs::copy(program, bare.at("nexmo-conversion"))?;
    let said = run(&bare, &["check", "--sandbox"])?.exits(0).context("check --sandbox")?;
    ensure!(said.contains("ok    connection"), "check --sandbox: {said}");
    let said = run(&bare, &["sms", "0A0000000123ABCD1", "--delivered", "--sandbox", "-v"])?;
    ensure!(said.stderr.contains("in memory"), "its ledger is somewhere: {}", said.stderr);
    let said = said.exits(0).context("sms --sandbox")?;
    ensure!(said.starts_with("accepted  sms  "), "sms --sandbox: {said}");
    let here: Vec<_> = fs::read_dir(bare.path())?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    ensure!(here == ["nexmo-conversion"], "it has left something: {here:?}");

    let container = Root::unpacked(image)?;
    let volume = kept(&container)?;
    let ended = first_process(&container)?;
    Ok(vec![
        format!(
            "bare     in an empty root, read-only, as {USER}: check and sms --sandbox; control: linked dynamically it does not start"
        ),
        format!("image    {volume}"),
        format!("         {ended}"),
    ])
}

fn run(bare: &Root, arguments: &[&str]) -> anyhow::Result<Said> {
    let entry = Entry { user: Some(USER), is_read_only: true, ..Entry::default() };
    Said::of(&mut bare.command(&entry, &[&["/nexmo-conversion"], arguments].concat()))
}

/// A ledger on a volume, the only place that can be written.
fn kept(bare: &Root) -> anyhow::Result<String> {
    /// A sandbox outside the root, in the same network, for two containers one after the other.
    const TWICE: &str = r#"
PATH=$PATH:/usr/sbin:/sbin
ip link set lo up
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t tmpfs -o mode=700,uid=65532,gid=65532 tmpfs "$0/ledger" || exit 125
echo open-sesame-2026 >"$1/secret"
"$0/nexmo-conversion" sandbox --port 8080 --api-key abcd1234 --api-secret-file "$1/secret" >"$1/env" &
until [ -s "$1/env" ]; do sleep 0.1; done
for time in 1 2; do
    env -i VONAGE_API_KEY=abcd1234 VONAGE_API_SECRET=open-sesame-2026 NEXMO_CONVERSION_LEDGER=/ledger/ledger.db \
        NEXMO_CONVERSION_BASE_URL=http://127.0.0.1:8080 \
        /usr/sbin/chroot --userspec=65532:65532 "$0" /nexmo-conversion sms A --delivered=true || exit
done
stat -c '%u %a' "$0/ledger/ledger.db"
kill $!
"#;
    let folder = fs::metadata(bare.at("ledger"))?;
    ensure!(
        (folder.uid(), folder.mode() & 0o7777) == (65532, 0o700),
        "the folder of the ledger is not its user's"
    );
    let beside = tempfile::tempdir()?;
    let around = ["60", "unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", TWICE];
    let said = Said::of(Command::new("timeout").args(around).arg(bare.path()).arg(beside.path()))?.exits(0)?;
    let lines: Vec<_> = said.lines().collect();
    let begins = |line: usize, word: &str| lines.get(line).is_some_and(|line| line.starts_with(word));
    ensure!(begins(0, "accepted ") && begins(1, "skipped ") && begins(2, "65532 600"), "on a volume: {said}");
    Ok("a ledger on a volume outlives the container, so that the next one skips what the first has sent"
        .to_owned())
}

/// SIGTERM to process 1, which the kernel only delivers to a program that listens.
fn first_process(bare: &Root) -> anyhow::Result<String> {
    let entry = Entry { user: Some(USER), is_read_only: true, ..Entry::default() };
    let ours = bare.command(&entry, &["/nexmo-conversion", "batch", "--sandbox", "--json"]);
    let status = terminated(ours, RECORD, "\"accepted\"")?.context("it does not end at SIGTERM as process 1")?;
    ensure!(status == 143, "at SIGTERM as process 1 it ends with {status}");
    let mut deaf = Command::new("unshare");
    deaf.args(["--pid", "--fork", "--kill-child", "sh", "-c", "read line; echo $line; exec sleep 60"]);
    ensure!(terminated(deaf, "hello\n", "hello")?.is_none(), "control: sleep as process 1 ends at SIGTERM, too");
    Ok("as process 1 it ends at SIGTERM with 143 while it waits for input; control: sleep does not".to_owned())
}

/// Sends SIGTERM to the first process of a namespace, once it has said something, and says how it ended, if it did.
fn terminated(mut command: Command, input: &str, answer: &str) -> anyhow::Result<Option<i32>> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let mut around = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    // Stays open: whatever reads it waits for more.
    let mut stdin = around.stdin.take().context("no standard input")?;
    stdin.write_all(input.as_bytes())?;
    let mut line = String::new();
    BufReader::new(around.stdout.take().context("no standard output")?).read_line(&mut line)?;
    ensure!(line.contains(answer), "it said {line:?}");
    let first = first_of(around.id()).context("there is no process 1")?;
    Said::of(Command::new("kill").args(["-TERM", &first.to_string()]))?.exits(0)?;
    let began = clock::monotonic();
    while clock::monotonic().saturating_sub(began) < PATIENCE {
        if let Some(status) = around.try_wait()? {
            return Ok(status.code());
        }
        clock::sleep(Duration::from_millis(20));
    }
    Said::of(Command::new("kill").args(["-KILL", &first.to_string()]))?.exits(0)?;
    around.wait()?;
    Ok(None)
}

/// The process below this one that is number 1 in its own namespace.
fn first_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    if numbers.split_whitespace().count() > 1 && numbers.split_whitespace().next_back() == Some("1") {
        return Some(process);
    }
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).ok()?;
    children.split_whitespace().filter_map(|child| child.parse().ok()).find_map(first_of)
}
