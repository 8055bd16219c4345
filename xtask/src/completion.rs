//! Completion scripts, generated from the command line's own definition, and what the generator cannot: profiles are named by the
//! configuration file, and bash's script is mended.
//!
//! The generator's other engine, which asks the program at every key, is marked unstable; a script for each shell is not.

use clap::Command;
use clap_complete::Shell;

/// The completion script for a shell.
pub(crate) fn completion_script(command: &mut Command, shell: Shell) -> Vec<u8> {
    let script = generated(command, shell);
    match shell {
        Shell::Bash => bash(&script).into_bytes(),
        Shell::Zsh => zsh(&script).into_bytes(),
        Shell::Fish => fish(&script, command).into_bytes(),
        Shell::Elvish | Shell::PowerShell | _ => script.into_bytes(),
    }
}

fn generated(command: &mut Command, shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "nexmo-conversion", &mut script);
    String::from_utf8(script).unwrap_or_default()
}

/// What `clap_complete` 4.6.11 calls the states that it never reaches, because of the hyphen in our name
/// (clap-rs/clap issue 6421).
const UNREACHABLE: &str = "nexmo__subcmd__conversion";
const REACHABLE: &str = "nexmo__conversion";

/// After `--option=` readline hands over the value, or nothing, with `=` as the word before.
const AFTER_EQUALS: &str = "    prev=\"$3\"
    if [[ $cur == \"=\" ]]; then
        cur=\"\"
    elif [[ $prev == \"=\" ]]; then
        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    fi
";

fn bash(script: &str) -> String {
    let script = script.replace(UNREACHABLE, REACHABLE).replacen("    prev=\"$3\"\n", AFTER_EQUALS, 1);
    let files = "COMPREPLY=($(compgen -f \"${cur}\"))";
    let mut mended = String::with_capacity(script.len() + BASH_FUNCTIONS.len());
    let mut option = "";
    let mut reads_files = false;
    for line in script.lines() {
        if let Some(command) = line.trim().strip_prefix("nexmo__conversion__subcmd__") {
            reads_files = FILE_READERS.contains(&command);
        }
        let profile = matches!(option, "--profile)" | "-p)");
        option = line.trim();
        if option == files {
            let names = if profile { "_nexmo__conversion_profiles" } else { "_nexmo__conversion_files" };
            mended.push_str(&line.replace(files, names));
        } else if reads_files && line == OPTIONS_LAST {
            mended.push_str("            _nexmo__conversion_files");
        } else if reads_files {
            // Its first word may be a file as well.
            mended.push_str(&line.replace(" || ${COMP_CWORD} -eq 2 ]]", " ]]"));
        } else {
            mended.push_str(line);
        }
        mended.push('\n');
    }
    mended + BASH_FUNCTIONS
}

/// The commands that take files, as the script names their states.
const FILE_READERS: [&str; 2] = ["batch)", "track)"];

/// Where no option's value is completed, the script offers options, also where none was begun.
const OPTIONS_LAST: &str = "            COMPREPLY=( $(compgen -W \"${opts}\" -- \"${cur}\") )";

/// No `compgen -W`: it would run what a name between `$(` and `)` says. No list of words either: a file's name may have spaces.
const BASH_FUNCTIONS: &str = r#"
_nexmo__conversion_files() {
    local name
    COMPREPLY=()
    while IFS= read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null
}

_nexmo__conversion_profiles() {
    local name i config=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ ${COMP_WORDS[i]} == --config ]]; then
            [[ ${COMP_WORDS[i+1]} == "=" ]] && ((i++))
            config=(--config "${COMP_WORDS[i+1]/#\~\//$HOME/}")
        fi
    done
    COMPREPLY=()
    while IFS= read -r name; do
        [[ $name == "$cur"* ]] && COMPREPLY+=("$(printf %q "$name")")
    done < <(command nexmo-conversion config profiles "${config[@]}" 2>/dev/null)
}
"#;

fn zsh(script: &str) -> String {
    let named = script.lines().map(|line| {
        if let Some(ids) = line.strip_prefix("'*::").filter(|ids| ids.contains(" -- ")) {
            // With two colons nothing but arguments is completed after the first one.
            format!("'*:{ids}")
        } else if line.starts_with("'-p+[") || line.starts_with("'--profile=[") {
            line.replace(":NAME:_default'", ":NAME:_nexmo-conversion_profiles'")
        } else {
            line.to_owned()
        }
    });
    let mut script: String = named.map(|line| line + "\n").collect();
    // The script ends with the call of its function, which needs the other one.
    let end = script.find("\nif [ \"$funcstack[1]\"").unwrap_or(script.len());
    script.insert_str(end, ZSH_PROFILES);
    script
}

const ZSH_PROFILES: &str = r#"
_nexmo-conversion_profiles() {
    local -a typed names config
    typed=(${(z)LBUFFER})
    local at=${typed[(I)--config]} joined=${typed[(R)--config=*]}
    (( at )) && config=(--config ${(Q)~typed[at+1]})
    [[ -n $joined ]] && config=(--config ${(Q)~joined#--config=})
    names=(${(f)"$(command nexmo-conversion config profiles $config 2>/dev/null)"})
    compadd -a names
}
"#;

/// An option before the command whose value is still to come is no mistake.
const FISH_PARSE: &str = "    argparse -s (__fish_nexmo_conversion_global_optspecs) -- $cmd 2>/dev/null\n";

fn fish(script: &str, command: &Command) -> String {
    let without_the_last = FISH_PARSE.replace("    argparse", "    or argparse").replace("$cmd", "$cmd[1..-2]");
    let script = script.replacen(FISH_PARSE, &format!("{FISH_PARSE}{without_the_last}"), 1);
    let lines = script.lines().map(|line| {
        if line.contains(" -s p -l profile ") {
            format!("{line} -f -a '(__fish_nexmo_conversion_profiles)'")
        } else {
            line.to_owned()
        }
    });
    let choices = command.get_subcommands().flat_map(|outer| {
        let inner = outer.get_subcommands().map(|inner| {
            (inner, format!("{}; and __fish_seen_subcommand_from {}", outer.get_name(), inner.get_name()))
        });
        inner.chain([(outer, outer.get_name().to_owned())]).filter_map(fish_choices).collect::<Vec<_>>()
    });
    FISH_PROFILES.lines().map(str::to_owned).chain(lines).chain(choices).map(|line| line + "\n").collect()
}

/// The generator leaves out the values of arguments that are no options.
fn fish_choices((command, place): (&Command, String)) -> Option<String> {
    let names = |arg: &clap::Arg| {
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect::<Vec<_>>()
    };
    let names = command.get_positionals().map(names).find(|names| !names.is_empty())?;
    let place = format!("__fish_nexmo_conversion_using_subcommand {place}");
    Some(format!("complete -c nexmo-conversion -n \"{place}\" -f -a \"{}\"", names.join(" ")))
}

const FISH_PROFILES: &str = "\
function __fish_nexmo_conversion_profiles
    set -l typed (commandline -opc)
    set -l config
    for i in (seq (count $typed))
        if test $typed[$i] = --config; and set -q typed[(math $i + 1)]
            set config --config $typed[(math $i + 1)]
        else if string match -q -- '--config=*' $typed[$i]
            set config $typed[$i]
        end
    end
    command nexmo-conversion config profiles $config 2>/dev/null
end
";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use clap_complete::Shell;

    use nexmo_conversion::cli::Cli;

    use super::{AFTER_EQUALS, OPTIONS_LAST, UNREACHABLE, completion_script, generated};

    fn script(shell: Shell) -> String {
        String::from_utf8(completion_script(&mut Cli::command(), shell)).unwrap()
    }

    #[test]
    fn the_generator_still_needs_mending() {
        let raw = generated(&mut Cli::command(), Shell::Bash);
        assert!(raw.contains(UNREACHABLE), "clap_complete is mended: take the replacement away");
        assert!(raw.contains("    prev=\"$3\"\n"), "the script begins otherwise: see AFTER_EQUALS");
    }

    #[test]
    fn every_profile_is_asked_for_from_the_configuration() {
        let bash = script(Shell::Bash);
        assert!(!bash.contains(UNREACHABLE) && bash.contains(AFTER_EQUALS));
        let cases = bash.matches("                -p)\n").count();
        assert!(cases > 10);
        assert_eq!(bash.matches("                    _nexmo__conversion_profiles\n").count(), 2 * cases);
        assert_eq!(
            bash.matches(OPTIONS_LAST).count() + 2,
            generated(&mut Cli::command(), Shell::Bash).matches(OPTIONS_LAST).count()
        );
        let zsh = script(Shell::Zsh);
        assert_eq!(zsh.matches("'-p+[").count(), zsh.matches(":NAME:_nexmo-conversion_profiles'").count() / 2);
        let fish = script(Shell::Fish);
        assert!(fish.contains("or argparse -s"), "the script begins otherwise: see FISH_PARSE");
        assert_eq!(
            fish.matches(" -l profile ").count(),
            fish.matches("-a '(__fish_nexmo_conversion_profiles)'").count()
        );
    }
}
