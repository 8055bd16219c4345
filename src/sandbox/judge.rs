//! What a request deserves: path → method → credentials → account → missing → malformed → doubts → 200.
//!
//! A pure function of the request, the accounts, the switches and the time.

use std::borrow::Cow;

use super::http::ReceivedRequest;
use super::log::CredentialSource;
use super::options::{Conversions, SandboxAccount};
use super::parameters::Parameters;
use super::switches::{
    Basic, CheckOrder, DeliveredSpelling, Get, QuerySignature, SignedTimestampRule, TimestampRule,
    UnsignedTimestampRule,
};
use super::unknowns::{Doubtful, Unknowns};
use crate::domain::{Channel, Delivered, Secret, SignatureMethod, Timestamp};
use crate::wire::{ParameterName, decode_basic, names, reason, signature_matches};

/// What the service says with a 402.
pub(super) const NOT_ENABLED_REASON: &str = "Bad Account Credentials";

/// The sandbox as a request meets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) accounts: &'a [SandboxAccount],
    pub(super) unknowns: &'a Unknowns,
    pub(super) now: Timestamp,
}

/// What a request deserves, and who asked.
#[derive(Debug)]
pub(super) struct Assessment<'a> {
    pub(super) credentials: CredentialSource,
    pub(super) ruling: Ruling<'a>,
}

/// What a request deserves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ruling<'a> {
    /// A conversion that is taken.
    Accepted(AcceptedConversion<'a>),
    /// The account's balance.
    Balance,
    /// No such path.
    NotFound,
    /// Not with this method, but with these.
    MethodNotAllowed(&'static str),
    /// No credentials, or wrong ones.
    Unauthorized,
    /// An account without conversions.
    NotEnabled,
    /// A parameter that is missing or blank.
    Missing(ParameterName),
    /// A parameter that cannot be read.
    Malformed(ParameterName),
    /// A conversion that a switch refuses, with this status.
    Doubted(&'static str, u16),
}

/// A conversion that is taken, as far as later ones can repeat or contradict it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AcceptedConversion<'a> {
    pub(super) account: &'a SandboxAccount,
    pub(super) channel: Channel,
    pub(super) delivered: Delivered,
}

pub(super) fn judge<'a>(
    request: &ReceivedRequest<'_>,
    parameters: &Parameters<'_>,
    world: &World<'a>,
) -> Assessment<'a> {
    let (credentials, account) = authenticate(request, parameters, world);
    let ruling = match request.path {
        "/conversions/sms" => conversion(Channel::Sms, request, parameters, account, world),
        "/conversions/voice" => conversion(Channel::Voice, request, parameters, account, world),
        "/account/get-balance" => balance(request, account),
        _ => Ruling::NotFound,
    };
    Assessment { credentials, ruling }
}

fn conversion<'a>(
    channel: Channel,
    request: &ReceivedRequest<'_>,
    parameters: &Parameters<'_>,
    account: Option<&'a SandboxAccount>,
    world: &World<'a>,
) -> Ruling<'a> {
    match (request.method, world.unknowns.get) {
        ("POST", _) | ("GET", Get::AsPost) => {}
        (_, Get::AsPost) => return Ruling::MethodNotAllowed("POST, GET"),
        (_, Get::Refused) => return Ruling::MethodNotAllowed("POST"),
    }
    let Some(account) = account else {
        return Ruling::Unauthorized;
    };
    let by_basic = request.authorization.is_some();
    let enabled = match (account.conversions, world.unknowns.basic) {
        (Conversions::Enabled, Basic::NotEnabled) if by_basic => Err(Ruling::NotEnabled),
        (Conversions::Enabled, Basic::Accepted | Basic::NotEnabled | Basic::Refused) => Ok(()),
        (Conversions::NotEnabled, _) => Err(Ruling::NotEnabled),
    };
    let delivered = read_parameters(parameters, world);
    let checked = match world.unknowns.order {
        CheckOrder::AccountFirst => enabled.and(delivered),
        CheckOrder::ParametersFirst => delivered.and_then(|delivered| enabled.map(|()| delivered)),
    };
    match checked {
        Ok(delivered) => Ruling::Accepted(AcceptedConversion { account, channel, delivered }),
        Err(ruling) => ruling,
    }
}

fn balance<'a>(request: &ReceivedRequest<'_>, account: Option<&SandboxAccount>) -> Ruling<'a> {
    match (request.method, account) {
        ("GET" | "HEAD", Some(_)) => Ruling::Balance,
        ("GET" | "HEAD", None) => Ruling::Unauthorized,
        _ => Ruling::MethodNotAllowed("GET, HEAD"),
    }
}

/// Where the credentials are, and whose they are if they are right. A `sig` beside a secret or Basic is wrong.
fn authenticate<'a>(
    request: &ReceivedRequest<'_>,
    parameters: &Parameters<'_>,
    world: &World<'a>,
) -> (CredentialSource, Option<&'a SandboxAccount>) {
    let account = |key: &str| world.accounts.iter().find(|account| account.api_key.as_str() == key);
    let key = parameters.value(names::API_KEY).unwrap_or_default();
    let secret = parameters.get(names::API_SECRET).filter(|secret| !secret.value.is_empty());
    let sig = parameters.value(names::SIG);
    if let Some(header) = request.authorization {
        let account = match (decode_basic(header), sig, world.unknowns.basic) {
            (Some((key, secret)), None, Basic::Accepted | Basic::NotEnabled) => {
                account(&key).filter(|account| account.api_secret == secret)
            }
            _ => None,
        };
        return (CredentialSource::Basic, account);
    }
    match (secret, sig) {
        (Some(secret), None) => {
            (secret.source, account(key).filter(|account| account.api_secret.expose() == secret.value))
        }
        (Some(secret), Some(_)) => (secret.source, None),
        (None, Some(sig)) => (
            CredentialSource::Signature,
            account(key).filter(|account| signed_by(account.signature.as_ref(), sig, parameters, world.unknowns)),
        ),
        (None, None) => (CredentialSource::None, None),
    }
}

fn signed_by(
    signature: Option<&(Secret, SignatureMethod)>,
    sig: &str,
    parameters: &Parameters<'_>,
    unknowns: &Unknowns,
) -> bool {
    let in_query = parameters.get(names::SIG).is_some_and(|sig| sig.source == CredentialSource::Query);
    if in_query && unknowns.query_signature == QuerySignature::Refused {
        return false;
    }
    let pairs = parameters.signed(unknowns.signed_parameters, unknowns.signed_duplicate);
    signature.is_some_and(|(secret, method)| signature_matches(sig, pairs, secret, *method))
}

/// All parameters of a conversion, missing ones first.
fn read_parameters<'a>(parameters: &Parameters<'_>, world: &World<'_>) -> Result<Delivered, Ruling<'a>> {
    let need = |name| parameters.value(name).ok_or(Ruling::Missing(name));
    let id = need(names::MESSAGE_ID)?;
    let delivered = need(names::DELIVERED)?;
    let timestamp = match world.unknowns.timestamp {
        TimestampRule::Required => Some(need(names::TIMESTAMP)?),
        TimestampRule::Optional => parameters.value(names::TIMESTAMP),
    };
    let delivered =
        read_delivered(delivered, world.unknowns.delivered).ok_or(Ruling::Malformed(names::DELIVERED))?;
    let timestamp = match timestamp {
        Some(text) if parameters.value(names::SIG).is_some() => {
            read_signed_timestamp(text, world.unknowns.signed_timestamp)
        }
        Some(text) => read_unsigned_timestamp(text, world.unknowns.unsigned_timestamp),
        None => Some(world.now),
    };
    let timestamp = timestamp.ok_or(Ruling::Malformed(names::TIMESTAMP))?;

    if !world.unknowns.known_ids.contains(id) {
        accept(world.unknowns.unknown_id, "unknown message-id")?;
    }
    if timestamp.age_at(world.now).unsigned_abs() > Timestamp::ROUTING_WINDOW.as_secs() && timestamp < world.now {
        accept(world.unknowns.stale, "stale timestamp")?;
    }
    Ok(delivered)
}

pub(super) fn accept<'a>(switch: Doubtful, doubt: &'static str) -> Result<(), Ruling<'a>> {
    match switch {
        Doubtful::Accepted => Ok(()),
        Doubtful::Refused(status) => Err(Ruling::Doubted(doubt, status)),
    }
}

fn read_delivered(text: &str, spelling: DeliveredSpelling) -> Option<Delivered> {
    let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
    match spelling {
        DeliveredSpelling::LowerCase if upper => None,
        DeliveredSpelling::AnyCase | DeliveredSpelling::LowerCase => text.parse().ok(),
    }
}

fn read_signed_timestamp(text: &str, rule: SignedTimestampRule) -> Option<Timestamp> {
    match rule {
        SignedTimestampRule::Either => read_date(text).or_else(|| read_epoch(text)),
        SignedTimestampRule::Date => read_date(text),
        SignedTimestampRule::Epoch => read_epoch(text),
    }
}

fn read_unsigned_timestamp(text: &str, rule: UnsignedTimestampRule) -> Option<Timestamp> {
    match rule {
        UnsignedTimestampRule::Date => read_date(text),
        UnsignedTimestampRule::Either => read_date(text).or_else(|| read_epoch(text)),
        UnsignedTimestampRule::Epoch => read_epoch(text),
    }
}

/// Exactly `yyyy-MM-dd HH:mm:ss`.
fn read_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok().filter(|_| text.len() == 19 && text.as_bytes()[10] == b' ')
}

fn read_epoch(text: &str) -> Option<Timestamp> {
    let seconds = text.parse().ok()?;
    Timestamp::from_unix(seconds).ok()
}

impl Ruling<'_> {
    pub(super) fn status(&self, unknowns: &Unknowns) -> u16 {
        match self {
            Self::Accepted(_) | Self::Balance => 200,
            Self::NotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::Unauthorized => 401,
            Self::NotEnabled => 402,
            Self::Missing(_) => unknowns.missing.status(),
            Self::Malformed(_) => unknowns.malformed.status(),
            Self::Doubted(_, status) => *status,
        }
    }

    /// The reason, in the status line and in the page. That of a 402 is the service's own, misleading as it is.
    pub(super) fn reason(&self, unknowns: &Unknowns) -> Cow<'static, str> {
        match self {
            Self::NotEnabled => NOT_ENABLED_REASON.into(),
            Self::Missing(name) => format!("Missing {name}").into(),
            Self::Malformed(name) => format!("Invalid {name}").into(),
            Self::Doubted(doubt, _) => (*doubt).into(),
            Self::Accepted(_)
            | Self::Balance
            | Self::NotFound
            | Self::MethodNotAllowed(_)
            | Self::Unauthorized => reason(self.status(unknowns)).into(),
        }
    }
}

#[cfg(test)]
mod tests;
