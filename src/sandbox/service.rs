//! What all connections of a sandbox share, and whose turn it is.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::answer::Answer;
use super::certificate::Security;
use super::connections::Connections;
use super::judge::{AcceptedConversion, Ruling, accept};
use super::log::Log;
use super::options::{SandboxAccount, SandboxOptions};
use super::parameters::Parameters;
use super::script::Script;
use super::unknowns::{Doubtful, Unknowns};
use crate::clock;
use crate::domain::{Channel, Delivered, Timestamp};
use crate::wire::names;

pub(super) struct Service {
    pub(super) accounts: Vec<SandboxAccount>,
    pub(super) unknowns: Unknowns,
    script: Script,
    mended: AtomicBool,
    pub(super) latency: Duration,
    pub(super) client_timeout: Duration,
    pub(super) security: Security,
    pub(super) log: Log,
    pub(super) connections: Connections,
    clock_skew: i64,
    earlier: Mutex<HashMap<Fact, Delivered>>,
}

/// What a conversion is about: account, channel, message-id.
type Fact = (String, Channel, String);

impl Service {
    pub(super) fn new(options: SandboxOptions, security: Security) -> Self {
        Self {
            accounts: options.accounts,
            unknowns: options.unknowns,
            script: options.script,
            mended: AtomicBool::new(false),
            latency: options.latency,
            client_timeout: options.client_timeout,
            security,
            log: Log::new(options.keep, options.log),
            connections: Connections::default(),
            clock_skew: options.clock_skew,
            earlier: Mutex::default(),
        }
    }

    /// The time by the sandbox's clock, which may be wrong on purpose.
    pub(super) fn now(&self) -> Timestamp {
        let now = clock::now();
        Timestamp::from_unix(now.unix().saturating_add(self.clock_skew)).unwrap_or(now)
    }

    /// What the script has for this request, unless the script has ended.
    pub(super) fn scripted(&self, turn: u64) -> Option<&Answer> {
        if self.mended.load(Ordering::Relaxed) { None } else { self.script.answer(turn) }
    }

    /// Whether a connection has to look at what arrives before it reads it.
    pub(super) fn may_reset_before_reading(&self) -> bool {
        self.script.may_reset_before_reading()
    }

    /// Ends the script, and begins to count and keep anew.
    pub(super) fn mend(&self) {
        self.mended.store(true, Ordering::Relaxed);
        self.log.start_over();
    }

    /// The number of a request that has been read.
    pub(super) fn take_turn(&self) -> u64 {
        self.log.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The number of a request that has arrived, if its answer is not even to read it.
    pub(super) fn take_unread_turn(&self) -> Option<(u64, &Answer)> {
        let served = self.log.requests.load(Ordering::Relaxed);
        let turn = served + 1;
        let answer = self.scripted(turn).filter(|answer| answer.resets_before_reading())?;
        // Where another connection was faster, this one is read after all.
        let taken = self.log.requests.compare_exchange(served, turn, Ordering::Relaxed, Ordering::Relaxed);
        taken.ok().map(|_| (turn, answer))
    }

    /// The ruling after a look at earlier conversions, which are remembered only if a switch asks for it.
    pub(super) fn compare_with_earlier<'a>(&self, ruling: Ruling<'a>, parameters: &Parameters<'_>) -> Ruling<'a> {
        let (repeated, contradicting) = (self.unknowns.repeated, self.unknowns.contradicting);
        let Ruling::Accepted(AcceptedConversion { account, channel, delivered }) = ruling else {
            return ruling;
        };
        if (repeated, contradicting) == (Doubtful::Accepted, Doubtful::Accepted) {
            return ruling;
        }
        let id = parameters.value(names::MESSAGE_ID).unwrap_or_default();
        let fact = (account.api_key.as_str().to_owned(), channel, id.to_owned());
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        let doubt = match earlier.get(&fact) {
            None => Ok(()),
            Some(same) if *same == delivered => accept(repeated, "Repeated report"),
            Some(_) => accept(contradicting, "Contradicting report"),
        };
        match doubt {
            Ok(()) => {
                earlier.insert(fact, delivered);
                ruling
            }
            Err(refused) => refused,
        }
    }
}
