//! `report`: an account's figures over a span of time, from the ledger.
//!
//! Whose: `--account`, `--all-accounts`, else the account of the credentials that any other command would use (no secret is
//! fetched for it), else, where there are no credentials at all, every account of the ledger.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::anyhow;

use super::args::ReportArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print};
use crate::clock;
use crate::config::{Configuration, KnownKey, Overrides};
use crate::domain::{LedgerPlace, Timestamp};
use crate::figures::{Figures, Span};
use crate::files::{self, Before};
use crate::ledger::LedgerReader;
use crate::output::{
    AccountReport, Escaped, OutputFormat, Severity, report_csv, report_json, report_page, report_prometheus,
    report_text,
};

pub(super) fn report(args: &ReportArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let place = context.ledger(args.file.ledger.as_ref(), None)?;
    let wanted = Wanted::of(args, context)?;
    let ledger = LedgerReader::open_at(&place)?;
    let known = ledger.as_ref().map(LedgerReader::accounts).transpose()?.unwrap_or_default();
    let now = clock::now();
    let length = args.since.length_at(now).map_err(|why| {
        let example = "for example `--since 24h`, `--since 2026-11-20` (UTC)";
        CommandFailure::new(Exit::Usage, anyhow!("--since is not usable: {why}"), example)
    })?;
    let span = Span::before(now, length);
    let reports = wanted.among(known, context)?.into_iter().map(|(account, profile)| {
        let figures = match &ledger {
            Some(ledger) => Figures::of(ledger, &account, span)?,
            None => Figures::of_nothing(span),
        };
        Ok(AccountReport { account, profile, figures })
    });
    let reports: Vec<_> = reports.collect::<Result<_, CommandFailure>>()?;
    if let Some(file) = &args.html {
        let page = report_page(&reports, now);
        return Published { file, mode: 0o600, option: "--html" }.publish(&page, Told::Always, context);
    }
    if let Some(file) = &args.prometheus {
        let metrics = report_prometheus(&reports);
        return Published { file, mode: 0o644, option: "--prometheus" }.publish(
            &metrics,
            Told::WhenVerbose,
            context,
        );
    }
    if args.csv {
        return context.print(report_csv(&reports));
    }
    match context.global.format() {
        OutputFormat::Json => context.print(json(&reports)?),
        OutputFormat::Text => context.print(text(&reports, &place, now, context)),
    }
}

/// Whose figures are wanted.
enum Wanted {
    /// Of one account, by its fingerprint, which was typed.
    Typed(String),
    /// Of the account whose credentials hold.
    Own { account: String, profile: Option<String> },
    /// Of all.
    All,
}

impl Wanted {
    fn of(args: &ReportArgs, context: &Context) -> Result<Self, CommandFailure> {
        if let Some(account) = &args.account {
            return Ok(Self::Typed(account.clone()));
        }
        if args.all_accounts {
            return Ok(Self::All);
        }
        let surroundings = context.surroundings();
        let overrides = Overrides { profile: context.global.profile.clone(), ..Overrides::default() };
        let configuration = Configuration::read(&surroundings)?;
        let Some(KnownKey { api_key, profile }) = configuration.api_key(&overrides)? else { return Ok(Self::All) };
        let account = configuration.settings(&overrides)?.base_url.value.account(&api_key);
        Ok(Self::Own { account: account.as_str().to_owned(), profile })
    }

    /// The accounts, each with the profile that named it.
    fn among(
        self,
        known: Vec<String>,
        context: &mut Context,
    ) -> Result<Vec<(String, Option<String>)>, CommandFailure> {
        match self {
            Self::All => Ok(known.into_iter().map(|account| (account, None)).collect()),
            Self::Typed(account) if known.contains(&account) => Ok(vec![(account, None)]),
            Self::Typed(account) => Err(CommandFailure::new(
                Exit::Usage,
                anyhow!("the ledger has no account {account}"),
                match &known[..] {
                    [] => "nothing is recorded in it".to_owned(),
                    known => format!("it has {}", known.join(", ")),
                },
            )),
            Self::Own { account, profile } => {
                if !known.is_empty() && !known.contains(&account) {
                    let text = "nothing is recorded for this account; the ledger has others (--all-accounts)";
                    context.terminal.warn(text);
                }
                Ok(vec![(account, profile)])
            }
        }
    }
}

fn text(reports: &[AccountReport], place: &LedgerPlace, now: Timestamp, context: &Context) -> String {
    if reports.is_empty() {
        return format!("{}\nnothing is recorded\n", Escaped::text(&place.to_string()));
    }
    let reports: Vec<_> = reports
        .iter()
        .map(|report| report_text(report, now, context.environment.glyphs(), context.terminal.paint()))
        .collect();
    reports.join("\n")
}

fn json(reports: &[AccountReport]) -> Result<Vec<u8>, CommandFailure> {
    let lines: io::Result<Vec<_>> = reports.iter().map(report_json).collect();
    Ok(lines.map_err(cannot_print)?.concat())
}

/// Where a form of the report goes that is a file of its own.
struct Published<'a> {
    /// `-` is standard output.
    file: &'a Path,
    /// Who may read it.
    mode: u32,
    /// The option that named it.
    option: &'static str,
}

/// Whether a file that was written is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// A person asked for it.
    Always,
    /// It is written every few minutes, and cron mails whatever is said.
    WhenVerbose,
}

impl Published<'_> {
    fn publish(&self, text: &str, told: Told, context: &mut Context) -> Result<Exit, CommandFailure> {
        if self.file == Path::new("-") {
            return context.print(text);
        }
        self.write(text)?;
        match told {
            Told::Always => context.terminal.note("written", Severity::Note, self.file.display()),
            Told::WhenVerbose => context.terminal.detail("written", self.file.display()),
        }
        Ok(Exit::Done)
    }

    /// The file appears under its name whole, in place of an older one. Whatever else has that name is left alone: a link leads
    /// where another user chose, and a device is no place for a report.
    fn write(&self, text: &str) -> Result<(), CommandFailure> {
        let file = self.file;
        let failed = |error: io::Error| {
            CommandFailure::plain(
                Exit::Io,
                anyhow::Error::new(error).context(format!("cannot write {}", file.display())),
            )
        };
        match fs::symlink_metadata(file) {
            Ok(there) if !there.is_file() => {
                return Err(CommandFailure::new(
                    Exit::Io,
                    anyhow!("{} is not a regular file", file.display()),
                    format!("name a file, or `{} -` for standard output", self.option),
                ));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Ok(_) | Err(_) => {}
        }
        files::publish(file, text.as_bytes(), self.mode, Before::Anything).map_err(failed)?;
        Ok(())
    }
}
