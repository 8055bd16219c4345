//! What one attempt means: settled, worth another try, or the end of the run. A table; nothing waits here.

use std::time::Duration;

use super::event::StopReason;
use crate::domain::{ErrorCode, Failure, Outcome, Reached};
use crate::transport::{Cause, ConnectionAge, Sent, TransportError};
use crate::wire::{Reply, StopCause, Verdict, classify, reason};

/// What one attempt means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// The record is done with.
    Settled(Outcome),
    /// It may pass.
    Again(TransientFailure),
    /// No record can succeed.
    Stop(StopReason, Failure),
}

/// A failure that may pass by itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TransientFailure {
    pub(super) failure: Failure,
    pub(super) kind: TransientKind,
    /// The server asked for a wait this long.
    pub(super) wait: Option<Duration>,
}

/// Kinds of passing failures, as far as they are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TransientKind {
    /// 429: the account was too fast.
    Throttled,
    /// 503: the server is overloaded; back off from a longer base.
    Overloaded,
    /// Another passing error of the server.
    Server,
    /// The network, before a byte was sent.
    NotSent,
    /// The network, after it.
    MaybeSent,
    /// An old connection that turned out to be closed: once, a fresh one is tried at once.
    StaleConnection,
    /// Not HTTP, or not TLS: three times it may be an accident.
    NotHttp,
}

/// The table of promises: one arm for each class of answer.
pub(super) fn judge(result: &Result<Reply, TransportError>) -> Judgement {
    match result {
        Ok(reply) => judge_reply(reply),
        Err(error) => judge_error(error),
    }
}

fn judge_reply(reply: &Reply) -> Judgement {
    let status = reply.status;
    let answered = || format!("the server answered {}", format!("{status} {}", reason(status)).trim_end());
    let failure = |code, message: String| Failure { code, message, reached_server: Reached::Yes };
    let again =
        |kind, code, wait| Judgement::Again(TransientFailure { failure: failure(code, answered()), kind, wait });
    match classify(reply) {
        Verdict::Accepted => Judgement::Settled(Outcome::Accepted),
        Verdict::Refused => Judgement::Settled(Outcome::Rejected(failure(
            ErrorCode::BadParameters,
            format!("{}: it will not take this record", answered()),
        ))),
        Verdict::Throttled(wait) => again(TransientKind::Throttled, ErrorCode::RateLimited, wait),
        Verdict::Transient(wait) if status == 503 => {
            again(TransientKind::Overloaded, ErrorCode::ServerError, wait)
        }
        Verdict::Transient(wait) => again(TransientKind::Server, ErrorCode::ServerError, wait),
        Verdict::Stop(cause) => {
            let (reason, why) = match cause {
                StopCause::Credentials => (StopReason::Account, "it does not accept these credentials"),
                StopCause::NotEnabled => (
                    StopReason::Account,
                    "usually conversions are not enabled for this api_key; its own text, \"Bad Account Credentials\", \
                     would mean a wrong key or secret",
                ),
                StopCause::Redirect => (StopReason::Configuration, "a redirect, which is never followed"),
                StopCause::Portal => {
                    (StopReason::Configuration, "this is not what the API sends, but a portal's or a proxy's page")
                }
                StopCause::WrongAddress => (StopReason::Configuration, "this is not the Conversion API's address"),
                StopCause::ProxyCredentials => (StopReason::Configuration, "the proxy asks for credentials"),
            };
            Judgement::Stop(reason, failure(cause.code(), format!("{}: {why}", answered())))
        }
    }
}

fn judge_error(error: &TransportError) -> Judgement {
    let failure =
        Failure { code: error.cause.code(), message: error.to_string(), reached_server: error.sent.into() };
    let kind = match (&error.cause, error.sent, error.connection) {
        (
            Cause::Untrusted(..) | Cause::TrustStore(_) | Cause::ProxyDenied(_) | Cause::ProxyStatus(_, 300..=499),
            ..,
        ) => {
            return Judgement::Stop(StopReason::Configuration, failure);
        }
        // The last sender cannot open even one.
        (Cause::NoDescriptor, ..) => return Judgement::Stop(StopReason::Later, failure),
        (Cause::Unsendable, ..) => return Judgement::Settled(Outcome::Invalid(failure)),
        (Cause::Tls(..) | Cause::Unasked(_) | Cause::Garbage, ..) => TransientKind::NotHttp,
        (Cause::Broken(_), _, ConnectionAge::Reused) => TransientKind::StaleConnection,
        (
            Cause::Dns(_)
            | Cause::Connect(..)
            | Cause::Proxy(..)
            | Cause::ProxyStatus(..)
            | Cause::Timeout(_)
            | Cause::Broken(_),
            sent,
            _,
        ) => match sent {
            Sent::No => TransientKind::NotSent,
            Sent::Maybe => TransientKind::MaybeSent,
        },
    };
    Judgement::Again(TransientFailure { failure, kind, wait: None })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Judgement, TransientKind, judge};
    use crate::domain::{ErrorCode, Outcome, Reached};
    use crate::pipeline::StopReason;
    use crate::transport::{Cause, ConnectionAge, Phase, Sent, TransportError};
    use crate::wire::{Body, BodyEnd, Reply};

    fn answered(status: u16) -> Judgement {
        let body = Body::new(b"OK".to_vec(), None, None, BodyEnd::Reached);
        judge(&Ok(Reply { status, retry_after: Some(Duration::from_secs(7)), body }))
    }

    fn failed(cause: Cause, sent: Sent, connection: ConnectionAge) -> Judgement {
        judge(&Err(TransportError { sent, cause, connection }))
    }

    fn kind(judgement: Judgement) -> (TransientKind, ErrorCode, Reached) {
        match judgement {
            Judgement::Again(failed) => (failed.kind, failed.failure.code, failed.failure.reached_server),
            settled @ (Judgement::Settled(_) | Judgement::Stop(..)) => panic!("{settled:?}"),
        }
    }

    #[test]
    fn success_and_refusal_settle_the_record() {
        assert_eq!(answered(200), Judgement::Settled(Outcome::Accepted));
        assert_eq!(answered(204), Judgement::Settled(Outcome::Accepted));
        for status in [400, 413, 420, 422, 423, 431] {
            let Judgement::Settled(Outcome::Rejected(failure)) = answered(status) else { panic!("{status}") };
            assert_eq!((failure.code, failure.reached_server), (ErrorCode::BadParameters, Reached::Yes));
        }
    }

    #[test]
    fn what_holds_for_the_whole_account_or_address_stops_the_run() {
        for (status, reason, code) in [
            (401, StopReason::Account, ErrorCode::BadCredentials),
            (403, StopReason::Account, ErrorCode::BadCredentials),
            (402, StopReason::Account, ErrorCode::NotEnabled),
            (302, StopReason::Configuration, ErrorCode::Redirect),
            (404, StopReason::Configuration, ErrorCode::UnexpectedReply),
            (407, StopReason::Configuration, ErrorCode::Proxy),
        ] {
            let Judgement::Stop(why, failure) = answered(status) else { panic!("{status}") };
            assert_eq!((why, failure.code), (reason, code), "{status}");
        }
    }

    #[test]
    fn passing_failures_keep_what_is_known_of_their_arrival() {
        use ConnectionAge::{Fresh, Reused};
        assert_eq!(kind(answered(429)), (TransientKind::Throttled, ErrorCode::RateLimited, Reached::Yes));
        assert_eq!(kind(answered(503)), (TransientKind::Overloaded, ErrorCode::ServerError, Reached::Yes));
        assert_eq!(kind(answered(500)), (TransientKind::Server, ErrorCode::ServerError, Reached::Yes));
        let dns = failed(Cause::Dns("h".into()), Sent::No, Fresh);
        assert_eq!(kind(dns), (TransientKind::NotSent, ErrorCode::Dns, Reached::No));
        let late = failed(Cause::Timeout(Phase::Exchange), Sent::Maybe, Fresh);
        assert_eq!(kind(late), (TransientKind::MaybeSent, ErrorCode::Timeout, Reached::Unknown));
        let stale = failed(Cause::Broken("reset".into()), Sent::Maybe, Reused);
        assert_eq!(kind(stale), (TransientKind::StaleConnection, ErrorCode::Connect, Reached::Unknown));
        let garbage = failed(Cause::Garbage, Sent::Maybe, Fresh);
        assert_eq!(kind(garbage), (TransientKind::NotHttp, ErrorCode::UnexpectedReply, Reached::Unknown));
    }

    #[test]
    fn an_untrusted_certificate_is_never_retried() {
        let untrusted =
            failed(Cause::Untrusted("h".into(), "it has expired".into()), Sent::No, ConnectionAge::Fresh);
        assert!(matches!(untrusted, Judgement::Stop(StopReason::Configuration, _)));
    }
}
