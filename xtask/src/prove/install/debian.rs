//! The .deb in a minimal Debian system.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use super::boot::Booted;
use super::root::Root;
use super::{services, units};

/// Completes `nexmo-conversion sm`, as a shell does that has not heard of the program before.
const COMPLETE: &str = r#"bash -c '
. /usr/share/bash-completion/bash_completion
complete -p nexmo-conversion >/dev/null 2>&1 && exit 1
if declare -F _comp_load >/dev/null; then _comp_load nexmo-conversion; else _completion_loader nexmo-conversion; fi
how=$(complete -p nexmo-conversion) || exit 1
function=${how#*-F } function=${function%% *}
COMP_LINE="nexmo-conversion sm" COMP_POINT=19 COMP_WORDS=(nexmo-conversion sm) COMP_CWORD=1
$function nexmo-conversion sm nexmo-conversion
echo "${COMPREPLY[@]}"'"#;
const LEDGER: &str = "/var/lib/nexmo-conversion/ledger.db";

/// From the package's first minute to its last.
pub(super) fn show(root: &Path, package: &Path) -> anyhow::Result<Vec<String>> {
    let system = Root::debian(root)?;
    for compiler in ["cc", "gcc", "cargo", "rustc"] {
        ensure!(!system.at("usr/bin").join(compiler).exists(), "the minimal system has a compiler");
    }
    fs::copy(package, system.at("nexmo-conversion.deb"))?;
    let first = first_command(root)?;
    system.shell(&first)?.exits(127).context("control: before it is installed")?;
    let mut answer = Vec::new();
    // With its own resolver, and no lists: whatever it needed would be missed.
    system.shell("apt-get install -y ./nexmo-conversion.deb")?.exits(0).context("install")?;
    let said = system.shell(&first)?.exits(0).with_context(|| first.clone())?;
    ensure!(said.starts_with("accepted  sms  "), "{first}: {said}");
    answer.push(format!(
        "deb      a minimal system without a compiler; `{first}` says accepted, and did not before"
    ));
    for (page, has) in [
        ("1 nexmo-conversion", "NAME"),
        ("1 nexmo-conversion-sms", "--delivered"),
        ("5 nexmo-conversion-config", "api_secret"),
    ] {
        let text = system.shell(&format!("MANWIDTH=100 man -P cat {page}"))?.exits(0).context("man")?;
        ensure!(text.contains(has), "man {page}: {text}");
    }
    let completed = system.shell(COMPLETE)?.exits(0).context("completion")?;
    ensure!(completed.split_whitespace().any(|word| word == "sms"), "completion: {completed}");
    let folder =
        system.shell("stat -c '%U:%G %a' /etc/nexmo-conversion /etc/nexmo-conversion/config.toml")?.exits(0)?;
    ensure!(folder == "root:nexmo-conversion 750\nroot:nexmo-conversion 640\n", "/etc: {folder}");
    answer.push(
        "         man renders 3 pages, bash completes, /etc/nexmo-conversion is root:nexmo-conversion 750"
            .to_owned(),
    );
    answer.extend(units::show(&system)?);
    answer.extend(removed(&system)?);
    Ok(answer)
}

/// The units at work, and the end of the package under them.
fn removed(system: &Root) -> anyhow::Result<Vec<String>> {
    let booted = Booted::start(system)?;
    let mut answer = services::show(&booted)?;
    let record = fs::read(system.at(LEDGER)).context("the units have made no ledger")?;
    booted.shell("apt-get remove -y nexmo-conversion")?.exits(0).context("remove")?;
    let active = booted.shell("systemctl list-units --all --no-legend 'nexmo-conversion-*@*'")?.exits(0)?;
    ensure!(!active.contains(" running") && !active.contains(" waiting"), "after remove: {active}");
    ensure!(!system.at("usr/bin/nexmo-conversion").exists(), "remove leaves the program");
    ensure!(fs::read(system.at(LEDGER)).is_ok_and(|now| now == record), "remove has touched the ledger");
    booted.shell("apt-get purge -y nexmo-conversion")?.exits(0).context("purge")?;
    for gone in [LEDGER, "/var/lib/nexmo-conversion", "/etc/nexmo-conversion"] {
        ensure!(!system.at(gone).exists(), "purge leaves {gone}");
    }
    let left = booted.shell("getent passwd nexmo-conversion; find /etc /usr /var/lib -name 'nexmo-conversion*' | grep -v ^/var/lib/systemd")?;
    ensure!(left.stdout.is_empty(), "purge leaves {}", left.stdout);
    answer.push(
        "         remove stops the units and keeps the ledger as it is; purge leaves nothing, and no user"
            .to_owned(),
    );
    Ok(answer)
}

/// The README's first command, as it is typed where the program is installed.
fn first_command(root: &Path) -> anyhow::Result<String> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    let block = readme.split("<!-- ci: first -->").nth(1).context("the README has no first command")?;
    let line = block.lines().find_map(|line| line.strip_prefix("cargo run --release -- "));
    Ok(format!("nexmo-conversion {}", line.context("the README's first command is another one")?))
}
