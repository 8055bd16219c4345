//! A day of an application's log, made by chance, with everything in it that happens to logs; and what follows from it. Where the
//! application runs on several machines, each has a log of its own, and what belongs together may stand in several.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use anyhow::ensure;
use fastrand::Rng;
use nexmo_conversion::domain::Timestamp;
use serde_json::json;

/// How long a code lasts: the program's default, in seconds.
const LASTS: i64 = 600;

/// The logs, and the truth.
pub(crate) struct Day {
    /// One of each machine.
    pub(crate) logs: Vec<Log>,
    pub(crate) truth: BTreeSet<Fact>,
    counts: Counts,
    /// The last code in parts: the next one is its twin.
    twin: Option<Twin>,
}

/// The log of one machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) text: String,
    /// When its last line was written.
    pub(crate) last: i64,
}

/// A code that another machine has numbered alike, at the same time.
struct Twin {
    home: usize,
    sent: i64,
    channel: &'static str,
    reference: String,
}

/// A conversion as the API receives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fact {
    pub(crate) message_id: String,
    pub(crate) channel: String,
    pub(crate) delivered: bool,
    pub(crate) timestamp: String,
}

#[derive(Default)]
struct Counts {
    codes: usize,
    lines: usize,
    in_time: usize,
    late: usize,
    silent: usize,
    in_parts: usize,
    logged_twice: usize,
    out_of_order: usize,
    never_seen_sent: usize,
    converted_elsewhere: usize,
    told_elsewhere: usize,
    twins: usize,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { codes, lines, in_time, late, silent, in_parts, .. } = self.counts;
        let Counts { logged_twice, out_of_order, never_seen_sent, .. } = self.counts;
        write!(
            f,
            "{codes} codes in {lines} lines: {in_time} in time, {late} late, {silent} silent; {in_parts} in parts, \
             {logged_twice} logged twice, {out_of_order} out of order, {never_seen_sent} never seen being sent"
        )?;
        let Counts { converted_elsewhere, told_elsewhere, twins, .. } = self.counts;
        if self.logs.len() > 1 {
            write!(
                f,
                "; in the logs of {} machines: {converted_elsewhere} converted in another one's, {told_elsewhere} told in two, \
                 {twins} times two numbered alike at the same time",
                self.logs.len()
            )?;
        }
        Ok(())
    }
}

/// A line, when it was written, and in whose log.
type Line = (i64, usize, String);

impl Day {
    /// The day before the one that ended four hours ago.
    pub(crate) fn make(codes: usize, machines: usize, now: Timestamp, chance: &mut Rng) -> Self {
        let morning = now.unix() - 28 * 60 * 60;
        let logs = vec![Log::default(); machines];
        let mut day = Self { logs, truth: BTreeSet::new(), counts: Counts::default(), twin: None };
        let mut lines = Vec::new();
        for number in 0..codes {
            day.code(number, morning + chance.i64(0..24 * 60 * 60), &mut lines, chance);
            if chance.u8(..3) == 0 {
                let at = morning + chance.i64(0..24 * 60 * 60);
                lines.push((
                    at,
                    chance.usize(..machines),
                    json!({"event": "login", "ts": at, "user": number, "message_id": null}).to_string(),
                ));
            }
        }
        lines.sort();
        day.counts.lines = lines.len();
        for (at, machine, line) in lines {
            let log = &mut day.logs[machine];
            let _ = writeln!(log.text, "{line}");
            log.last = at;
        }
        day
    }

    /// Whether anything in it needs several machines' logs.
    pub(crate) fn ensure_shared(&self) -> anyhow::Result<()> {
        let Counts { converted_elsewhere, told_elsewhere, twins, .. } = self.counts;
        ensure!(
            converted_elsewhere.min(told_elsewhere).min(twins) > 0,
            "each machine's log stands for itself: {self}"
        );
        Ok(())
    }

    /// What happens to one code, and what is true of it.
    #[expect(clippy::too_many_lines, reason = "one code, line by line, beside the truth about it")]
    fn code(&mut self, number: usize, sent: i64, lines: &mut Vec<Line>, chance: &mut Rng) {
        self.counts.codes += 1;
        let machines = self.logs.len();
        let Birth { home, sent, channel, parts, reference } = self.birth(number, sent, chance);
        let ids: Vec<String> = (0..parts).map(|part| format!("0A{number:08X}{part}")).collect();
        // A line is written a little after its event, and logs of several hosts are mixed.
        let jitter = |chance: &mut Rng| if chance.u8(..10) == 0 { chance.i64(0..45) } else { 0 };
        let unseen = parts == 1 && chance.u8(..40) == 0;
        let swapped = !unseen && chance.u8(..25) == 0;
        if unseen {
            self.counts.never_seen_sent += 1;
        } else {
            let delay = if swapped { 60 } else { 0 };
            self.counts.out_of_order += usize::from(swapped);
            self.counts.in_parts += usize::from(parts > 1);
            for id in &ids {
                let mut event = json!({"event": "sent", "message_id": id, "channel": channel, "timestamp": sent});
                if parts > 1 {
                    event["ref"] = json!(reference);
                }
                let at = sent + delay + if parts > 1 { 0 } else { jitter(chance) };
                // All parts of a message are told by one log.
                let again = if parts > 1 { home } else { chance.usize(..machines) };
                self.counts.told_elsewhere +=
                    usize::from(self.log(at, [home, again], &event, lines, chance) && again != home);
            }
        }
        let took = match chance.u8(..20) {
            0..=11 => Some(chance.i64(1..=LASTS)),
            12..=13 => Some(chance.i64(LASTS + 1..3 * 60 * 60)),
            _ if unseen => Some(chance.i64(1..LASTS)),
            _ => None,
        };
        // What is written before it was sent was quick.
        let took = took.map(|took| if swapped { took.min(50) } else { took });
        if let Some(took) = took {
            // What comes late, and what does not say its channel, belongs to the log that told of the code.
            let there = if unseen || took > LASTS { home } else { chance.usize(..machines) };
            self.counts.converted_elsewhere += usize::from(there != home);
            // A part that converts before it is logged as sent stands for itself.
            let part = if there == home { chance.usize(..parts) } else { 0 };
            let mut event = json!({"event": "converted", "message_id": ids[part], "timestamp": sent + took});
            if unseen || there != home {
                event["channel"] = json!(channel);
            }
            self.log(sent + took + jitter(chance), [there; 2], &event, lines, chance);
            if chance.u8(..30) == 0 {
                // The user clicks again.
                event["timestamp"] = json!(sent + took + 3);
                lines.push((sent + took + 60, there, event.to_string()));
            }
        }
        let mut truth = |delivered, at: i64| {
            let timestamp = Timestamp::from_unix(at).map(|time| time.to_string()).unwrap_or_default();
            self.truth.insert(Fact {
                message_id: ids[0].clone(),
                channel: channel.to_owned(),
                delivered,
                timestamp,
            });
        };
        match took {
            Some(took) if unseen || took <= LASTS => {
                truth(true, sent + took);
                self.counts.in_time += 1;
            }
            Some(took) => {
                truth(false, sent + LASTS);
                truth(true, sent + took);
                self.counts.late += 1;
            }
            None => {
                truth(false, sent + LASTS);
                self.counts.silent += 1;
            }
        }
    }

    /// Where a code comes from. One in parts has a twin, which another machine has sent under the same `ref` at the same time.
    fn birth(&mut self, number: usize, sent: i64, chance: &mut Rng) -> Birth {
        let machines = self.logs.len();
        let channel = if chance.u8(..5) == 0 { "voice" } else { "sms" };
        let parts = if chance.u8(..10) == 0 { chance.usize(2..=4) } else { 1 };
        if let Some(Twin { home, sent, channel, reference }) = self.twin.take() {
            self.counts.twins += 1;
            let home = (home + chance.usize(1..machines)) % machines;
            return Birth { home, sent: sent + chance.i64(0..=5), channel, parts: parts.max(2), reference };
        }
        let home = chance.usize(..machines);
        let reference = format!("code-{number}");
        if parts > 1 && machines > 1 {
            self.twin = Some(Twin { home, sent, channel, reference: reference.clone() });
        }
        Birth { home, sent, channel, parts, reference }
    }

    /// Writes a line into one log and, now and then, again into another or the same. Whether it did that.
    fn log(
        &mut self,
        at: i64,
        logs: [usize; 2],
        event: &serde_json::Value,
        lines: &mut Vec<Line>,
        chance: &mut Rng,
    ) -> bool {
        lines.push((at, logs[0], event.to_string()));
        let twice = chance.u8(..25) == 0;
        if twice {
            self.counts.logged_twice += 1;
            lines.push((at + chance.i64(0..30), logs[1], event.to_string()));
        }
        twice
    }
}

/// Where a code comes from.
struct Birth {
    home: usize,
    sent: i64,
    channel: &'static str,
    parts: usize,
    reference: String,
}
