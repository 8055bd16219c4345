//! Where a recorded conversion stands.

/// Where a row stands. The first two are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowState {
    /// Waiting for its turn or its next attempt.
    Queued,
    /// Handed out as a ticket.
    Held,
    /// The API took it.
    Accepted,
    /// The API refused it; a dead letter.
    Refused,
    /// Postponed for longer than a row lives; a dead letter.
    Expired,
    /// Overtaken by a newer value of the same message-id.
    Stale,
}

impl RowState {
    /// Every state, by its number in a database.
    pub const ALL: &'static [Self] =
        &[Self::Queued, Self::Held, Self::Accepted, Self::Refused, Self::Expired, Self::Stale];

    /// The name for people and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "in_flight",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Stale => "stale",
        }
    }

    /// Whether its outcome is still open.
    #[must_use]
    pub fn is_pending(self) -> bool {
        match self {
            Self::Queued | Self::Held => true,
            Self::Accepted | Self::Refused | Self::Expired | Self::Stale => false,
        }
    }

    pub(super) fn number(self) -> i64 {
        match self {
            Self::Queued => 0,
            Self::Held => 1,
            Self::Accepted => 2,
            Self::Refused => 3,
            Self::Expired => 4,
            Self::Stale => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RowState;

    /// The statements and two indexes of the schema have `state < 2` for this.
    #[test]
    fn pending_states_have_the_numbers_below_two() {
        for (number, state) in (0..).zip(RowState::ALL) {
            assert_eq!((state.number(), state.is_pending()), (number, number < 2));
        }
    }
}
