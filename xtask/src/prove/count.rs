//! The sandbox's log against what the producer knows: what was lost, what was repeated, and by which kill.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nexmo_conversion::sandbox::LoggedRequest;

use super::kill::Leavings;
use super::producer::{Key, Producer};

/// One run of the program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) end: End,
    /// How many requests it might have had under way.
    pub(crate) limit: u64,
    /// How long the sandbox's log was when it had ended, in bytes.
    pub(crate) log: u64,
    pub(crate) left: Leavings,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Killed,
    Clean,
}

/// What a log comes to.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) facts: usize,
    pub(crate) deliveries: u64,
    /// Acknowledged or fed to the end, and never delivered.
    pub(crate) lost: BTreeSet<Key>,
    /// Sent once more because a kill came before the outcome was settled.
    pub(crate) repeats: u64,
    /// Sent once more because no answer came, within a run, or after one that had given it up.
    resends: u64,
    /// Kills that repeated more than their W.
    pub(crate) beyond: usize,
    /// W of every kill.
    bound: u64,
    /// The most that one kill repeated, and that kill's W.
    most: (u64, u64),
    faults: BTreeSet<String>,
}

impl Count {
    /// Counts the requests, each with its place in the log.
    pub(crate) fn of(producer: &Producer, runs: &[Run], requests: &[(u64, LoggedRequest)]) -> Self {
        let mut count = Self { facts: producer.fed.len(), deliveries: requests.len() as u64, ..Self::default() };
        let mut repeated = vec![0_u64; runs.len()];
        let mut last: BTreeMap<Key, Delivery> = BTreeMap::new();
        let mut ids_with_true = BTreeSet::new();
        for (place, request) in requests {
            let Some(delivery) = Delivery::read(*place, runs, request) else {
                count.fault(format!("a request that is no conversion: {request:?}"));
                continue;
            };
            let key = delivery.key.clone();
            if key.1 && delivery.answered && key.0.starts_with("TWO") {
                ids_with_true.insert(key.0.clone());
            } else if !key.1 && ids_with_true.contains(&key.0) {
                count.fault(format!("{} false was sent after true had been accepted", key.0));
            }
            if let Some(before) = last.get(&key) {
                if before.time != delivery.time {
                    count.fault(format!("{key:?} was repeated with another time"));
                }
                let run = &runs[before.run];
                let killed = run.end == End::Killed && before.run < delivery.run;
                let given_up =
                    run.left.in_doubt.contains(&key) || producer.given_up.contains(&(before.run, key.clone()));
                if killed && !given_up {
                    repeated[before.run] += 1;
                } else if !before.answered {
                    count.resends += 1;
                } else {
                    let (first, second) = (before.run, delivery.run);
                    let how = runs[first].end;
                    count.fault(format!(
                        "{key:?}, answered in run {first} ({how:?}), was repeated in run {second}"
                    ));
                }
            }
            last.insert(key, delivery);
        }
        for (repeats, run) in repeated.iter().zip(runs) {
            count.repeats += repeats;
            if *repeats > run.limit {
                count.beyond += 1;
                count.fault(format!("a kill repeated {repeats} of at most {}", run.limit));
            }
            if run.end == End::Killed {
                count.bound += run.limit;
                count.most = count.most.max((*repeats, run.limit));
            }
        }
        for line in &producer.odd {
            count.fault(format!("an odd result: {line}"));
        }
        for key in &producer.fed {
            if !last.get(key).is_some_and(|delivery| delivery.answered) {
                count.lost.insert(key.clone());
            } else if !producer.acknowledged.contains_key(key) {
                count.fault(format!("{key:?} was never acknowledged"));
            }
        }
        count
    }

    fn fault(&mut self, what: String) {
        self.faults.insert(what);
    }

    pub(crate) fn is_good(&self) -> bool {
        self.lost.is_empty() && self.faults.is_empty() && self.repeats <= self.bound
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.facts += other.facts;
        self.deliveries += other.deliveries;
        self.lost.extend(other.lost.iter().cloned());
        self.repeats += other.repeats;
        self.resends += other.resends;
        self.beyond += other.beyond;
        self.bound += other.bound;
        self.most = self.most.max(other.most);
        self.faults.extend(other.faults.iter().cloned());
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records, {} requests, {} lost; {} sent again after no answer, {} repeated by kills (the bound is {}; at most {} \
             by one kill, whose bound is {})",
            self.facts,
            self.deliveries,
            self.lost.len(),
            self.resends,
            self.repeats,
            self.bound,
            self.most.0,
            self.most.1
        )?;
        for fault in self.faults.iter().take(10) {
            write!(f, "\n  {fault}")?;
        }
        for lost in self.lost.iter().take(10) {
            write!(f, "\n  lost: {lost:?}")?;
        }
        Ok(())
    }
}

/// One request for a conversion.
struct Delivery {
    key: Key,
    time: String,
    run: usize,
    /// Whether the sandbox meant to answer it with 200; whether the answer found anybody is another matter.
    answered: bool,
}

impl Delivery {
    fn read(place: u64, runs: &[Run], request: &LoggedRequest) -> Option<Self> {
        let id = request.parameter("message-id")?.to_owned();
        let delivered = request.parameter("delivered")? != "false";
        let run = runs.partition_point(|run| run.log <= place).min(runs.len().checked_sub(1)?);
        let time = request.parameter("timestamp")?.to_owned();
        Some(Self { key: (id, delivered), time, run, answered: request.status == Some(200) })
    }
}
