//! The chapters of the book that say what the sources say already: the command line's help, and the fields of a result line.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use nexmo_conversion::cli::Cli;
use serde_json::Value;

/// Each command's help, as it is shown on a terminal of 80 columns.
pub(crate) fn command_line() -> String {
    let mut root = Cli::command();
    root.build();
    let mut page = "# The command line\n\nEach command's `--help`, as the program prints it. The options of every command stand once, at the \
                    top; `nexmo-conversion\nCOMMAND -h` is shorter, and `nexmo-conversion man FOLDER` writes manual pages.\n"
        .to_owned();
    section(&root, &mut page);
    page
}

fn section(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let help = shown_once(command).term_width(80).render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim_end());
    let listed = |inner: &&Command| !inner.is_hide_set() && inner.get_name() != "help";
    command.get_subcommands().filter(listed).for_each(|inner| section(inner, page));
}

/// Without the options that every command has, but for the program itself.
fn shown_once(command: &Command) -> Command {
    let is_root = command.get_name() == Cli::command().get_name();
    let everywhere = |heading: Option<&str>| heading == Some("Global options");
    command.clone().mut_args(|arg| {
        let hidden = !is_root && everywhere(arg.get_help_heading());
        if hidden { arg.hide(true) } else { arg }
    })
}

/// The fields and error codes of the schema.
pub(crate) fn result_lines(schema: &str) -> anyhow::Result<String> {
    let schema: Value = serde_json::from_str(schema).context("the schema of result lines is no JSON")?;
    let mut page = "# Result lines\n\nWith `--json`, `sms`, `voice`, `batch` and `track` answer with one JSON object a line. \
                    The [schema](../result-line.schema.json) says the same\nto programs. Under `\"v\":1` fields, outcomes and error \
                    codes are only added: ignore what you do not know.\n"
        .to_owned();
    fields(&mut page, "Fields", &schema)?;
    let error = &schema["$defs"]["error"];
    fields(&mut page, "Fields of `error`", error)?;
    page += "\n## Error codes\n\n| code | means |\n|---|---|\n";
    for code in error["properties"]["code"]["oneOf"].as_array().context("the schema lists no error codes")? {
        row(&mut page, code["const"].as_str(), code)?;
    }
    Ok(page)
}

/// In the order in which a line has them; then those that not every line has.
fn fields(page: &mut String, title: &str, described: &Value) -> anyhow::Result<()> {
    let properties = described["properties"].as_object().context("the schema has no properties")?;
    let required: Vec<_> =
        described["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let others = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let _ = write!(page, "\n## {title}\n\n| field | is |\n|---|---|\n");
    required.iter().copied().chain(others).try_for_each(|name| row(page, Some(name), &properties[name]))
}

fn row(page: &mut String, name: Option<&str>, described: &Value) -> anyhow::Result<()> {
    let name = name.context("something in the schema has no name")?;
    let description = described["description"].as_str().with_context(|| format!("{name} has no description"))?;
    let _ = writeln!(page, "| `{name}` | {} |", description.replace('|', "\\|"));
    Ok(())
}
