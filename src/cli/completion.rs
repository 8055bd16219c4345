//! The completion scripts. `cargo xtask generate` makes them from the command line's definition, and not this program: many shells ask for
//! one each time they start.

use super::args::Shell;

pub(super) fn completion_script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("../../completions/nexmo-conversion.bash"),
        Shell::Elvish => include_str!("../../completions/nexmo-conversion.elv"),
        Shell::Fish => include_str!("../../completions/nexmo-conversion.fish"),
        Shell::Powershell => include_str!("../../completions/_nexmo-conversion.ps1"),
        Shell::Zsh => include_str!("../../completions/_nexmo-conversion"),
    }
}
