//! A day of an application's log, made by chance, with everything in it that happens to logs; and what follows from it.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use fastrand::Rng;
use nexmo_conversion::domain::Timestamp;
use serde_json::json;

/// How long a code lasts: the program's default, in seconds.
const LASTS: i64 = 600;

/// The log, and the truth.
pub(crate) struct Day {
    pub(crate) log: String,
    pub(crate) truth: BTreeSet<Fact>,
    counts: Counts,
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
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { codes, lines, in_time, late, silent, in_parts, logged_twice, out_of_order, never_seen_sent } =
            self.counts;
        write!(
            f,
            "{codes} codes in {lines} lines: {in_time} in time, {late} late, {silent} silent; {in_parts} in parts, \
             {logged_twice} logged twice, {out_of_order} out of order, {never_seen_sent} never seen being sent"
        )
    }
}

/// A line, and when it was written.
type Line = (i64, String);

impl Day {
    /// The day before the one that ended four hours ago.
    pub(crate) fn make(codes: usize, now: Timestamp, chance: &mut Rng) -> Self {
        let morning = now.unix() - 28 * 60 * 60;
        let mut day = Self { log: String::new(), truth: BTreeSet::new(), counts: Counts::default() };
        let mut lines = Vec::new();
        for number in 0..codes {
            day.code(number, morning + chance.i64(0..24 * 60 * 60), &mut lines, chance);
            if chance.u8(..3) == 0 {
                let at = morning + chance.i64(0..24 * 60 * 60);
                lines.push((
                    at,
                    json!({"event": "login", "ts": at, "user": number, "message_id": null}).to_string(),
                ));
            }
        }
        lines.sort();
        day.counts.lines = lines.len();
        for (_, line) in lines {
            let _ = writeln!(day.log, "{line}");
        }
        day
    }

    /// What happens to one code, and what is true of it.
    #[expect(clippy::too_many_lines, reason = "one code, line by line, beside the truth about it")]
    fn code(&mut self, number: usize, sent: i64, lines: &mut Vec<Line>, chance: &mut Rng) {
        self.counts.codes += 1;
        let channel = if chance.u8(..5) == 0 { "voice" } else { "sms" };
        let parts = if chance.u8(..10) == 0 { chance.usize(2..=4) } else { 1 };
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
                    event["ref"] = json!(format!("code-{number}"));
                }
                let at = sent + delay + if parts > 1 { 0 } else { jitter(chance) };
                self.log(at, &event, lines, chance);
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
            let mut event =
                json!({"event": "converted", "message_id": ids[chance.usize(..parts)], "timestamp": sent + took});
            if unseen {
                event["channel"] = json!(channel);
            }
            self.log(sent + took + jitter(chance), &event, lines, chance);
            if chance.u8(..30) == 0 {
                // The user clicks again.
                event["timestamp"] = json!(sent + took + 3);
                lines.push((sent + took + 60, event.to_string()));
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

    fn log(&mut self, at: i64, event: &serde_json::Value, lines: &mut Vec<Line>, chance: &mut Rng) {
        lines.push((at, event.to_string()));
        if chance.u8(..25) == 0 {
            self.counts.logged_twice += 1;
            lines.push((at + chance.i64(0..30), event.to_string()));
        }
    }
}
