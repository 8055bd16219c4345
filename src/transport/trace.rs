//! How far an attempt has come: what decides between "certainly not sent" and "maybe sent".

/// Which connection a request went out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionAge {
    /// Made for this request, or none.
    Fresh,
    /// Kept alive from an earlier one.
    Reused,
}

/// The last thing that is known to have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// There is no connection to the API yet.
    Nowhere,
    /// There is one, TLS included.
    Connected(ConnectionAge),
    /// Bytes of the request are leaving, or have left.
    Sent(ConnectionAge),
    /// Bytes of a reply have come.
    Answered(ConnectionAge),
}

impl Trace {
    /// Whether a byte of the request may have left this machine.
    pub(super) fn was_sent(self) -> bool {
        match self {
            Self::Nowhere | Self::Connected(_) => false,
            Self::Sent(_) | Self::Answered(_) => true,
        }
    }

    /// Whether there was a connection at all.
    pub(super) fn was_connected(self) -> bool {
        self != Self::Nowhere
    }

    /// The connection on which nothing was heard: an old one may only have been closed meanwhile.
    pub(super) fn silent_connection(self) -> ConnectionAge {
        match self {
            Self::Connected(age) | Self::Sent(age) => age,
            Self::Nowhere | Self::Answered(_) => ConnectionAge::Fresh,
        }
    }
}
