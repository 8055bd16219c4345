//! What a run emits while it goes on. It does not know what listens.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    BadRecord, Conversion, ErrorCode, Failure, MessageId, MessageIdDoubt, Outcome, Record, Reference, Timestamp,
};
use crate::ledger::{CodeCounts, Effort, LeftOver, Origin};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An input record is done with, for this run.
    Settled(Box<RecordResult>),
    /// A log's events about codes, or their silence, counted.
    Tracked(CodeCounts),
    /// How many codes may still convert, now that the input has ended.
    OpenCodes(u64),
    /// What is pending now that the run ends.
    LeftOver(LeftOver),
    /// Something worth knowing while it goes on.
    Notice(Notice),
    /// Nothing more will be read or sent.
    Stopped(Stopped),
}

/// What came of one input record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordResult {
    /// Its place in the input, from 1.
    pub line: u64,
    /// The file that the line is counted in, where there are several and the record could not be read.
    pub file: Option<Arc<str>>,
    /// The caller's own mark.
    pub reference: Option<Reference>,
    /// What it was about.
    pub subject: Subject,
    /// What came of it.
    pub outcome: Outcome,
    /// The last HTTP status, where there was one.
    pub http_status: Option<u16>,
    /// Requests made for it in this run.
    pub attempts: u32,
    /// Of these, how many went out although an earlier one may have arrived.
    pub ambiguous_resends: u32,
    /// From the beginning of its first request to the end of its last one.
    pub elapsed: Duration,
    /// When its last request was sent.
    pub sent_at: Option<Timestamp>,
    /// Whether this run's input asked for it, or an earlier run left it.
    pub origin: Origin,
}

/// What a record was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A conversion, and what is doubtful about it.
    Conversion(Conversion, Vec<MessageIdDoubt>),
    /// Nothing that could be understood: the original bytes.
    Unreadable(Vec<u8>),
}

impl RecordResult {
    /// The result of a record that can never be sent.
    #[must_use]
    pub fn invalid(bad: BadRecord) -> Self {
        let subject = Subject::Unreadable(bad.raw);
        let outcome = Outcome::Invalid(Failure::unsent(bad.code, bad.message));
        Self { file: bad.file, ..Self::untried(bad.line, bad.reference, subject, outcome) }
    }

    /// The result of a good record that is neither sent nor kept.
    #[must_use]
    pub fn not_recorded(record: Record, why: &str) -> Self {
        let failure = Failure::unsent(ErrorCode::NotRecorded, format!("not recorded and not sent: {why}"));
        Self::not_sent(record, Outcome::Retry(failure))
    }

    /// The result of a good record for which nothing was tried.
    #[must_use]
    pub fn not_sent(record: Record, outcome: Outcome) -> Self {
        Self::untried(
            record.line,
            record.reference,
            Subject::Conversion(record.conversion, record.doubts),
            outcome,
        )
    }

    fn untried(line: u64, reference: Option<Reference>, subject: Subject, outcome: Outcome) -> Self {
        Self {
            line,
            file: None,
            reference,
            subject,
            outcome,
            http_status: None,
            attempts: 0,
            ambiguous_resends: 0,
            elapsed: Duration::ZERO,
            sent_at: None,
            origin: Origin::Input,
        }
    }

    /// The same where its end could not be written down: a later run sends it again.
    pub(super) fn unsettled(self) -> Self {
        if self.outcome != Outcome::Accepted {
            return self;
        }
        let message = "the API accepted it, but the ledger could not take that: it will be sent again";
        let outcome = Outcome::Retry(Failure::answered(ErrorCode::Interrupted, message));
        Self { outcome, ..self }
    }

    /// The same as if nothing had been sent.
    pub(super) fn into_dry_run(self) -> Self {
        let (http_status, attempts, elapsed, sent_at) = (None, 0, Duration::ZERO, None);
        Self { outcome: Outcome::DryRun, http_status, attempts, elapsed, sent_at, ..self }
    }

    pub(super) fn effort(&self) -> Effort {
        Effort { attempts: self.attempts, ambiguous_resends: self.ambiguous_resends }
    }
}

/// Something worth knowing while a run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something about the input.
    Input(String),
    /// A value of this id was repeated without a time after another value: it may be news, or an old line read again.
    NeedsTimes(MessageId),
    /// Codes that are too many, or too far apart, for one message share this `ref`, so it joins none.
    SharedRef(Reference),
    /// So many conversions that this run sent were meanwhile taken over by another run, which may send them again.
    TakenOver(usize),
    /// There are fewer senders than were asked for; why.
    FewerSenders(String),
    /// All senders wait; for how long, and why.
    Pausing {
        /// How long.
        pause: Duration,
        /// What asked for it.
        why: String,
    },
    /// A record will be tried again.
    Retrying {
        /// Which.
        message_id: MessageId,
        /// After this wait.
        wait: Duration,
        /// What went wrong.
        why: String,
    },
}

/// Why a run ended before its input did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// By a signal.
    Interrupted,
    /// The run has lasted as long as it may.
    DeadlinePassed,
    /// The input cannot be read any further.
    InputBroken,
    /// Another process kept the ledger for longer than we wait; what was recorded is kept.
    LedgerBusy(String),
    /// The ledger's server is away; what it has acknowledged is kept.
    LedgerAway(String),
    /// The ledger has no room for more; what is in it was sent first.
    RecordingFailed(String),
    /// The ledger cannot be written.
    LedgerFailed(String),
    /// The system gives us no thread to read or to send on.
    NoThread(String),
    /// The reader of the results has gone.
    OutputGone,
    /// At least 95 % of the first 100 answers were refusals: the mapping is wrong, not the records.
    NearlyAllRefused,
    /// No record could succeed.
    For(StopReason, Failure),
}

impl Stopped {
    /// What came of a record that was read and not sent.
    #[must_use]
    pub fn failure_of_the_unsent(&self) -> Failure {
        let why = match self {
            Self::Interrupted => "the run was interrupted",
            Self::OutputGone => "the reader of the results has gone",
            Self::DeadlinePassed => "the run's deadline has passed",
            Self::InputBroken => "the input cannot be read",
            Self::NearlyAllRefused => "nearly everything was refused",
            Self::LedgerBusy(why)
            | Self::LedgerAway(why)
            | Self::LedgerFailed(why)
            | Self::RecordingFailed(why)
            | Self::NoThread(why) => why,
            Self::For(_, failure) => {
                return Failure::unsent(
                    failure.code,
                    format!("not sent: the run stopped because {}", failure.message),
                );
            }
        };
        Failure::unsent(ErrorCode::Interrupted, format!("not sent: {why}"))
    }
}

/// What must change before any record can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The account: its credentials, or what is enabled for it.
    Account,
    /// The way to the API: address, proxy, certificate.
    Configuration,
    /// Nothing here; the server asked to be left alone for longer than this run lasts.
    Later,
}

/// What hears of a run.
pub trait Listener {
    /// Takes an event. Failing means that no later one can be passed on either, and ends the run.
    fn hear(&mut self, event: Event) -> Result<(), ListenerGone>;

    /// Nothing more is known for now: everything heard so far should be passed on.
    fn turn(&mut self, state: State) -> Result<(), ListenerGone>;
}

/// How busy a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State {
    /// Conversions that are being sent.
    pub in_flight: usize,
    /// Conversions that will be tried again.
    pub to_retry: usize,
}

/// The listener cannot pass anything on any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerGone;
