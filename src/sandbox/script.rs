//! Which requests are answered differently.
//!
//! A script is a function of the request's number and nothing else, so a run can be repeated exactly. It does not know
//! how an answer is carried out.

use std::num::NonZeroU64;
use std::str::FromStr;

use super::answer::{Answer, AnswerError};
use crate::domain::named;

/// Which requests are answered differently. Requests are numbered from 1 in the order in which they were read.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// The answers of the first requests, in order.
    pub first: Vec<Answer>,
    /// What comes after those.
    pub then: Then,
    /// Every so many requests, this answer; looked at where `first` has none (left).
    pub every: Vec<Every>,
}

named! {
    /// What comes after a script's first answers.
    #[derive(Default)]
    Then {
        /// The documented behaviour.
        #[default]
        Normal = "normal",
        /// The same answers again, for ever.
        Cycle = "cycle",
        /// The last answer, for ever.
        Last = "last",
    }
}

/// One answer for every `nth` request; as text `10:503`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Every {
    /// 10: the requests 10, 20, 30 …
    pub nth: NonZeroU64,
    /// What those get.
    pub answer: Answer,
}

impl Script {
    /// These answers to the first requests, normal behaviour afterwards.
    #[must_use]
    pub fn first(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { first: answers.into_iter().collect(), ..Self::default() }
    }

    /// This answer to every request.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self { first: vec![answer], then: Then::Last, every: Vec::new() }
    }

    /// The answer to request `number`, counted from 1; nothing for normal behaviour.
    #[must_use]
    pub fn answer(&self, number: u64) -> Option<&Answer> {
        let index = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let listed = match self.then {
            Then::Normal => self.first.get(index),
            Then::Cycle => index.checked_rem(self.first.len()).map(|index| &self.first[index]),
            Then::Last => self.first.get(index).or(self.first.last()),
        };
        listed.or_else(|| {
            self.every.iter().find(|every| number.is_multiple_of(every.nth.get())).map(|every| &every.answer)
        })
    }

    /// Whether some request may have to be refused unread, so that a connection must look before it reads.
    pub(super) fn may_reset_before_reading(&self) -> bool {
        self.first.iter().chain(self.every.iter().map(|every| &every.answer)).any(Answer::resets_before_reading)
    }
}

impl FromStr for Every {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let parsed = text.split_once(':').and_then(|(nth, answer)| Some((nth.trim().parse().ok()?, answer)));
        let (nth, answer) = parsed.ok_or_else(|| AnswerError::Every(text.to_owned()))?;
        Ok(Self { nth, answer: answer.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Every, Script, Then};
    use crate::sandbox::answer::{Answer, AnswerError, Fault};

    #[test]
    fn a_script_ends_repeats_or_holds() {
        let answers = |script: &Script| -> Vec<String> {
            (1..=5).map(|n| script.answer(n).map_or("-".into(), |a| a.kind.to_string())).collect()
        };
        let mut script = Script::first([Answer::status(503), Answer::fault(Fault::Stall)]);
        assert_eq!(answers(&script), ["503", "stall", "-", "-", "-"]);
        script.then = Then::Cycle;
        assert_eq!(answers(&script), ["503", "stall", "503", "stall", "503"]);
        script.then = Then::Last;
        assert_eq!(answers(&script), ["503", "stall", "stall", "stall", "stall"]);
        assert_eq!(answers(&Script::always(Answer::status(500))), ["500", "500", "500", "500", "500"]);
    }

    #[test]
    fn every_nth_request_is_answered_differently() {
        let script =
            Script { every: vec!["2:503".parse().unwrap(), "3:500".parse().unwrap()], ..Script::default() };
        let answered: Vec<_> = (1..=6).filter_map(|n| script.answer(n)).collect();
        assert_eq!(answered.len(), 4, "2, 3, 4 and 6");
        assert!(
            Script::default().answer(1).is_none() && Script { then: Then::Cycle, ..script }.answer(1).is_none()
        );
    }

    #[test]
    fn a_count_that_counts_nothing_is_refused() {
        for text in ["503", "0:503", "x:503"] {
            assert_eq!(text.parse::<Every>(), Err(AnswerError::Every(text.into())));
        }
    }
}
