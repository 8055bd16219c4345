//! `check`: is everything set up? Nothing it does has an effect on the account.
//!
//! It proves that the credentials are known and that the API's host answers over TLS. It cannot prove that conversions are
//! enabled: nothing public shows that without sending one.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::args::CheckArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{CommandFailure, cannot_print, credentials_hint, record_hint};
use super::finding::{Finding, Status};
use super::provenance::{exchanges, proxy, say_exchanges};
use super::server_check::server_findings;
use super::setup::{Setup, Target};
use crate::clock;
use crate::domain::{Account, Auth, Failure, LedgerPlace};
use crate::ledger::{Kept, LedgerReader, RowState, examine, try_to_write};
use crate::output::{Age, CheckLine, Escaped, OutputFormat, Severity, to_json};
use crate::transport::{Cause, ConnectionAge, Page, Sender, Transport, TransportError};
use crate::wire::basic_credentials;

/// A clock that is off by more than this makes conversions look older or newer than they are.
const SKEW_WORTH_TELLING: i64 = 30;

pub(super) fn check(args: &CheckArgs, context: &mut Context) -> Result<Exit, CommandFailure> {
    let target = Target::from(args.sending.sandbox);
    let mut findings = Vec::new();
    match Setup::new(target, &args.sending.network, context) {
        Ok(setup) => {
            findings.extend(standing(&setup));
            findings.extend(ledger(args.file.ledger.as_ref(), target, context));
            let (watcher, seen) = exchanges(&context.global);
            let transport = Transport::new(setup.endpoint.clone())?.watched(watcher);
            findings.extend(network(&setup, transport.sender()));
            say_exchanges(seen.as_ref(), &mut context.terminal);
        }
        Err(failure) => findings.push(Finding::failed("settings", failure)),
    }
    let shown = match context.global.format() {
        OutputFormat::Json => json(&findings),
        OutputFormat::Text => Ok(text(&findings, context).into_bytes()),
    };
    shown.and_then(|shown| context.terminal.print(shown)).map_err(cannot_print)?;
    Ok(Exit::worst(findings.iter().filter_map(|finding| match finding.status {
        Status::Fail(exit) => Some(exit),
        Status::Ok | Status::Warn | Status::Skip => None,
    })))
}

/// What can be said without the network.
fn standing(setup: &Setup) -> Vec<Finding> {
    let proxy = proxy(&setup.settings, &setup.endpoint);
    let source = setup.credentials_from.clone();
    let (key, mode) = (&setup.account.api_key, setup.account.auth.mode());
    vec![
        Finding::new("credentials", Status::Ok, format!("api_key {key}, auth {mode}, from {source}")),
        match setup.warnings.first() {
            None => Finding::new("files", Status::Ok, "every file that holds a secret is private"),
            Some(warning) => Finding::new("files", Status::Warn, warning.to_string())
                .advising("make it yours alone with `chmod 600`, if it is yours"),
        },
        Finding::new("proxy", Status::Ok, proxy),
        Finding::new("ca", Status::Ok, setup.endpoint.trust.describe()),
    ]
}

/// Whether the ledger can be written, and what needs attention in it. Looking makes no ledger where there is none.
fn ledger(typed: Option<&PathBuf>, target: Target, context: &mut Context) -> Vec<Finding> {
    if target == Target::Sandbox {
        return vec![Finding::new("ledger", Status::Skip, "a sandbox has a throw-away one")];
    }
    let found = context.ledger(typed, None).and_then(|place| match &place {
        LedgerPlace::File(path) => {
            try_to_write(path)?;
            Ok(vec![contents(&place)?])
        }
        LedgerPlace::Server(shared) => {
            let mut findings = server_findings(shared, &examine(shared)?);
            if findings.iter().all(|finding| !matches!(finding.status, Status::Fail(_))) {
                findings.push(contents(&place)?);
            }
            Ok(findings)
        }
    });
    found.unwrap_or_else(|failure| vec![Finding::failed("ledger", failure)])
}

fn contents(place: &LedgerPlace) -> Result<Finding, CommandFailure> {
    let rows = LedgerReader::open_at(place)?.map(|ledger| ledger.status()).transpose()?;
    Ok(match rows {
        None => Finding::new("ledger", Status::Ok, format!("{place} will be created")),
        Some(rows) => {
            let count = |wanted: fn(Kept) -> bool| -> u64 {
                rows.iter().filter(|row| wanted(row.kept)).map(|row| row.count).sum()
            };
            let pending = count(|kept| matches!(kept, Kept::Conversion(state) if state.is_pending()));
            let refused = count(|kept| kept == Kept::Conversion(RowState::Refused));
            let detail = format!("{place}: {pending} pending, {refused} refused");
            if pending == 0 {
                return Ok(Finding::new("ledger", Status::Ok, detail));
            }
            Finding::new("ledger", Status::Warn, detail)
                .advising("the next `batch` sends what is due; `nexmo-conversion ledger resume` sends it now")
        }
    })
}

/// Asks the API's host for its front page, then the account's balance. Neither changes anything.
fn network(setup: &Setup, mut sender: Sender) -> Vec<Finding> {
    let base_url = &setup.endpoint.base_url;
    let page = match sender.get(&base_url.to_string(), None) {
        Ok(page) => page,
        Err(error) => return vec![unreachable(&error, base_url.host(), &setup.account)],
    };
    let tls = page.tls.unwrap_or("no TLS (this machine only)");
    vec![
        Finding::new("connection", Status::Ok, format!("{} answers, {tls}", base_url.host())),
        clock_skew(&page),
        account(setup, &mut sender),
    ]
}

fn unreachable(error: &TransportError, host: &str, account: &Account) -> Finding {
    let exit = match error.cause {
        Cause::Untrusted(..)
        | Cause::TrustStore(_)
        | Cause::Tls(..)
        | Cause::ProxyDenied(_)
        | Cause::ProxyStatus(..)
        | Cause::Unasked(_)
        | Cause::Unsendable => Exit::Configuration,
        Cause::NoDescriptor
        | Cause::Dns(_)
        | Cause::Connect(..)
        | Cause::Proxy(..)
        | Cause::Timeout(_)
        | Cause::Broken(_)
        | Cause::Garbage => Exit::TryLater,
    };
    let finding = Finding::new("connection", Status::Fail(exit), format!("{host}: {error}"));
    match record_hint(&Failure::unsent(error.cause.code(), error.to_string()), account) {
        Some(hint) => finding.advising(hint),
        None => finding,
    }
}

fn clock_skew(page: &Page) -> Finding {
    let Some(server) = page.date else {
        return Finding::new("clock", Status::Skip, "the server gave no time");
    };
    let ahead = clock::now().unix() - server.unix();
    if ahead.abs() < SKEW_WORTH_TELLING {
        return Finding::new("clock", Status::Ok, "within 30s of the server's");
    }
    let direction = if ahead > 0 { "ahead of" } else { "behind" };
    Finding::new("clock", Status::Warn, format!("{} {direction} the server's", Age(ahead)))
        .advising("set this machine's clock (NTP): conversions are sent with its time")
}

/// A server may close a connection just as it is used again. What changes nothing is then asked for over a new one.
fn ask_for_balance(sender: &mut Sender, url: &str, authorization: &str) -> Result<Page, TransportError> {
    let first = sender.get(url, Some(authorization));
    match &first {
        Err(TransportError { cause: Cause::Broken(_), connection: ConnectionAge::Reused, .. }) => {
            sender.get(url, Some(authorization))
        }
        Ok(_) | Err(_) => first,
    }
}

/// `GET /account/get-balance`: the provider's own side-effect-free account call.
fn account(setup: &Setup, sender: &mut Sender) -> Finding {
    let secret = match &setup.account.auth {
        Auth::Form(secret) | Auth::Basic(secret) | Auth::Query(secret) => secret,
        Auth::Signature { .. } => {
            return Finding::new("account", Status::Skip, "a signature can only be tried by sending a conversion");
        }
    };
    let authorization = basic_credentials(&setup.account.api_key, secret);
    let page = match ask_for_balance(sender, &setup.endpoint.base_url.balance(), &authorization) {
        Ok(page) => page,
        Err(error) => return unreachable(&error, "the account API", &setup.account),
    };
    match page.status {
        // What the account call answers is documented to be JSON; a portal answers 200 as well.
        200 if !page.body.is_json() => Finding::new(
            "account",
            Status::Fail(Exit::Configuration),
            "the server answered 200, but not with an account's balance: a portal's or a proxy's page",
        )
        .advising("check the network (is there a login page?), `--base-url` and the proxy"),
        200 => Finding::new(
            "account",
            Status::Ok,
            "the credentials are right; whether conversions are enabled for them only a conversion can show",
        ),
        401 | 403 => Finding::new(
            "account",
            Status::Fail(Exit::Account),
            format!("the server answered {}: wrong credentials", page.status),
        )
        .advising(credentials_hint(&setup.account)),
        status => {
            Finding::new("account", Status::Warn, format!("the server answered {status} to the account call"))
                .advising("this says nothing about conversions; behind a gateway the account call may not exist")
        }
    }
}

fn json(findings: &[Finding]) -> std::io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for finding in findings {
        let line = CheckLine {
            v: 1,
            check: finding.check,
            status: finding.status.as_str(),
            detail: &finding.detail,
            hint: finding.hint.as_deref(),
        };
        to_json(&mut lines, &line)?;
    }
    Ok(lines)
}

fn text(findings: &[Finding], context: &Context) -> String {
    let mut text = String::new();
    for finding in findings.iter().filter(|finding| !context.global.quiet || finding.status.needs_attention()) {
        let severity = match finding.status {
            Status::Ok => Severity::Success,
            Status::Warn => Severity::Warning,
            Status::Fail(_) => Severity::Error,
            Status::Skip => Severity::Note,
        };
        let status = context.terminal.paint().styled(severity, format!("{:<4}", finding.status.as_str()));
        let _ = writeln!(text, "{status}  {:<11}  {}", finding.check, Escaped::text(&finding.detail));
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "{:17}  → {}", "", Escaped::text(hint));
        }
    }
    text
}
