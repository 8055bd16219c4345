//! One path that is followed: the files that stand and stood there, each read to its end.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::reading::Reading;
use super::source::{Intake, Naming, SETTLED, log_source, remark};
use crate::clock;
use crate::domain::{FileHead, FollowedFile, ReadTo, Timestamp};
use crate::failpoint::{Promise, is_broken};
use crate::follow::{self, Beside, Candidate, Missing, Part, Plan, Tracked};
use crate::input::{InputError, InputItem, InputOptions, Place, Reader};
use crate::ledger::LogSource;
use crate::pipeline::Item;

/// A file that has not come back for so long is worth a word. A rotation takes moments.
const GONE: Duration = Duration::from_secs(5);

/// How often it is noted that a file is still read, where nothing is written to it.
const STILL_READ: Duration = Duration::from_secs(24 * 60 * 60);

/// One path.
pub(super) struct Followed {
    path: PathBuf,
    /// For people.
    shown: String,
    file: Arc<FollowedFile>,
    machine: Arc<str>,
    options: InputOptions,
    intake: Intake,
    /// The files that are read, the oldest first.
    open: VecDeque<Open>,
    /// How far each file that was ever seen here has been read, the last one first.
    known: Vec<ReadTo>,
    presence: Presence,
    /// The last thing that was said, until all is well again.
    said: String,
    /// When it was last looked for all that there is.
    looked: Timestamp,
}

/// What a path begins with.
pub(super) struct Begin {
    pub(super) options: InputOptions,
    pub(super) naming: Naming,
    pub(super) reading: Reading,
    pub(super) file: Arc<FollowedFile>,
    /// How far earlier runs have read it, the last one first.
    pub(super) known: Vec<ReadTo>,
    pub(super) machine: Arc<str>,
}

/// Whether there is something at the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// Nobody has looked yet.
    Unknown,
    There,
    /// Nothing, since then.
    Gone(Duration),
    /// Nothing, or nothing that can be read; and that was said.
    Said(Option<ErrorKind>),
}

/// A file that is read.
struct Open {
    identity: String,
    reader: Reader<Tracked>,
    /// Up to where it was handed out.
    place: Place,
    /// The last place that was noted.
    noted: Option<Place>,
    noted_at: Duration,
    /// When there was something to read.
    grew: Duration,
    /// There was nothing to read when it was last looked at.
    rests: bool,
    /// The last look found half a line.
    is_unfinished: bool,
}

impl Followed {
    pub(super) fn new(number: usize, path: &Path, begin: Begin) -> Self {
        let Begin { options, naming, reading, file, known, machine } = begin;
        let is_ours = |before: &ReadTo| before.identity.split(':').next() == Some(&*machine);
        let known = known.into_iter().filter(is_ours).collect();
        let shown = path.display().to_string();
        Self {
            path: path.to_owned(),
            intake: Intake::new(number, &shown, naming, reading),
            shown,
            file,
            machine,
            options,
            open: VecDeque::new(),
            known,
            presence: Presence::Unknown,
            said: String::new(),
            looked: clock::now(),
        }
    }

    /// How a later run knows the log again.
    pub(super) fn log_source(&self) -> LogSource {
        log_source(Some(&self.path), fs::metadata(&self.path).ok().as_ref())
    }

    /// Looks what stands at the path now, and lets each file be read again. Returns whether there is one that was not read before: that
    /// is to be noted at once, because who only knew an older one would take it for one that was never followed.
    pub(super) fn look(&mut self) -> bool {
        let now = clock::monotonic();
        let began = clock::now();
        let mut begins_anew = false;
        for open in &mut self.open {
            open.rests = false;
            // In the end this is of the newest, which is the last. What cannot be looked at is said when it is read.
            begins_anew = open.reader.source_mut().look().unwrap_or(false);
        }
        let newest = self.open.back().filter(|open| !open.reader.source().is_cut() && !begins_anew);
        let is_same = |there: &fs::Metadata| {
            newest.is_some_and(|open| open.identity == format!("{}:{}", self.machine, follow::identity(there)))
        };
        match fs::metadata(&self.path) {
            Ok(there) if there.is_file() && is_same(&there) => {
                self.presence = Presence::There;
                self.said.clear();
                self.looked = began;
            }
            Ok(_) | Err(_) => self.look_closer(now, began),
        }
        self.close_what_has_ended(now);
        self.open.iter().any(|open| open.noted.is_none())
    }

    /// Something has changed: opens what has to be read now.
    fn look_closer(&mut self, now: Duration, began: Timestamp) {
        let current = match follow::look(&self.path, &self.machine) {
            Ok(current) => current,
            Err(error) => return self.cannot_read(&error),
        };
        if current.is_none() && !self.is_gone_for_long(now) {
            return;
        }
        self.presence = if current.is_some() { Presence::There } else { self.presence };
        // By the look before this one: what has been moved away since is still to be found.
        let open: Vec<_> = self.open.iter().map(|open| self.position(open)).collect();
        for position in open {
            self.know(position);
        }
        let known: Vec<_> = self.known.iter().map(|before| &*before.identity).collect();
        let beside = follow::look_beside(&self.path, &known, &self.machine);
        let candidates: Vec<Candidate> = beside
            .iter()
            .map(|beside| &beside.candidate)
            .chain(current.iter().map(|seen| &seen.candidate))
            .cloned()
            .collect();
        let file = |at: usize| match beside.get(at) {
            Some(beside) => beside.open(&self.machine),
            None => current.as_ref().and_then(|seen| seen.file.try_clone().ok()),
        };
        let Plan { parts, missing } =
            follow::plan(&self.known, &candidates, clock::now().before(SETTLED), |at, head| {
                file(at).is_some_and(|file| Tracked::begins(&file, head))
            });
        let to_open: Vec<_> = parts
            .into_iter()
            .filter(|part| {
                self.open.iter().all(|open| {
                    open.reader.source().is_cut() || open.identity != candidates[part.candidate].identity
                })
            })
            .filter_map(|part| Some((file(part.candidate)?, candidates[part.candidate].identity.clone(), part)))
            .collect();
        self.say_what_is_missing(&missing, &beside);
        self.looked = began;
        self.open.retain(|open| !open.reader.source().is_cut());
        for (file, identity, part) in to_open {
            self.begin(file, identity, part, now);
        }
        // Copies of what stood there before come first.
        let is_current =
            |open: &Open| current.as_ref().is_some_and(|seen| seen.candidate.identity == open.identity);
        if let Some(open) = self.open.iter().position(is_current).and_then(|at| self.open.remove(at)) {
            self.open.push_back(open);
        }
        if current.is_none() && self.known.is_empty() {
            self.note_that_nothing_is_there();
        }
    }

    /// Whatever stands there from now on is to be read, also by a run that finds it moved away.
    fn note_that_nothing_is_there(&mut self) {
        let nothing = ReadTo {
            file: Arc::clone(&self.file),
            identity: follow::no_file(&self.machine),
            head: FileHead::of(b""),
            offset: 0,
            lines: 0,
            looked: self.looked,
        };
        self.know(nothing.clone());
        self.intake.waiting.push_back(Item::ReadTo(vec![nothing]));
    }

    /// Begins to read a file.
    fn begin(&mut self, file: File, identity: String, part: Part, now: Duration) {
        let mut tracked = Tracked::new(file);
        // From now on it is known again.
        let _ = tracked.look();
        let mut reader = Reader::new(tracked, &*self.shown, self.options.clone());
        let place = Place { bytes: part.offset, lines: part.lines };
        if place.bytes > 0
            && let Err(source) = go_on_at(&mut reader, place)
        {
            return self.cannot_read(&source);
        }
        // What a file is, is known from the first look on, also where nothing of it is read.
        let open = Open {
            identity,
            reader,
            place,
            noted: None,
            noted_at: now,
            grew: now,
            rests: false,
            is_unfinished: false,
        };
        self.know(self.position(&open));
        self.open.push_back(open);
    }

    fn know(&mut self, position: ReadTo) {
        self.known.retain(|before| before.identity != position.identity);
        self.known.insert(0, position);
    }

    fn position(&self, of: &Open) -> ReadTo {
        of.position(&self.file, self.looked)
    }

    fn say(&mut self, text: String) {
        if self.said != text {
            self.intake.waiting.push_back(remark(Some(&self.shown), text.clone()));
            self.said = text;
        }
    }

    /// What is there cannot be read. It is tried again, and said once.
    fn cannot_read(&mut self, error: &io::Error) {
        self.presence = Presence::Said(Some(error.kind()));
        self.say(format!("cannot be read ({error}); trying again"));
    }

    /// Whether it is time to look for what stood there elsewhere, which happens once; that nothing is there is said then.
    fn is_gone_for_long(&mut self, now: Duration) -> bool {
        let text = match self.presence {
            Presence::Unknown => "not there yet; waiting for it",
            Presence::There => {
                self.presence = Presence::Gone(now);
                return false;
            }
            Presence::Gone(since) if now.saturating_sub(since) >= GONE => "gone; waiting for a new one",
            Presence::Gone(_) | Presence::Said(None) => return false,
            Presence::Said(Some(_)) => "gone; waiting for a new one",
        };
        self.presence = Presence::Said(None);
        self.say(text.to_owned());
        true
    }

    /// What was read through a file that is still open is not missing, wherever the file is now.
    fn say_what_is_missing(&mut self, missing: &[Missing], beside: &[Beside]) {
        for missing in missing {
            let text = match missing {
                Missing::Rest { is_cut: false, .. } if !self.open.is_empty() => continue,
                Missing::Rest { offset, is_cut: true } => format!(
                    "cut off, and no copy of it is found beside it: what was written to it after its byte {offset} may be missing"
                ),
                Missing::Rest { offset, is_cut: false } => format!(
                    "another file now, and the one that was read last is not beside it: what was written to that after its byte \
                     {offset} may be missing"
                ),
                Missing::Packed(at) => {
                    let name = beside.get(*at).map(|beside| beside.path.display().to_string()).unwrap_or_default();
                    format!(
                        "{name} was packed before it was read to its end; unpack it, and read it without --follow"
                    )
                }
            };
            self.say(text);
        }
    }

    /// Files that stand there no longer are read for as long as programs that buffer their output may write to them.
    fn close_what_has_ended(&mut self, now: Duration) {
        let older = self.open.len().saturating_sub(1);
        let is_there = self.presence == Presence::There;
        for (at, open) in self.open.iter_mut().enumerate() {
            let has_settled = now.saturating_sub(open.grew) >= SETTLED;
            if has_settled && open.is_unfinished && (at < older || !is_there) {
                open.reader.complete();
            }
        }
        let mut ended = Vec::new();
        while self.open.len() > 1
            && self
                .open
                .front()
                .is_some_and(|open| now.saturating_sub(open.grew) >= SETTLED && !open.is_unfinished)
        {
            ended.extend(
                self.open
                    .pop_front()
                    .filter(|open| open.noted != Some(open.place))
                    .map(|open| open.position(&self.file, self.looked)),
            );
        }
        if !ended.is_empty() {
            for position in &ended {
                self.know(position.clone());
            }
            self.intake.waiting.push_back(Item::ReadTo(ended));
        }
    }

    /// The next item; nothing where every file rests.
    pub(super) fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.intake.waiting.pop_front() {
                return Some(item);
            }
            let at = self.open.iter().position(|open| !open.rests)?;
            let open = &mut self.open[at];
            open.catch_up();
            match self.intake.read(&mut open.reader) {
                Ok(Some(InputItem::Unfinished)) => open.rest(true),
                Ok(None) => open.rest(false),
                Ok(Some(item)) => {
                    open.grew = clock::monotonic();
                    self.intake.take(item);
                }
                Err(error) => self.fail(at, error),
            }
        }
    }

    /// A file that cannot be read is left out; one that is no input at all ends the run, as it does without following.
    fn fail(&mut self, at: usize, error: InputError) {
        self.open.remove(at);
        match error {
            InputError::Unreadable { source, .. } => self.cannot_read(&source),
            error @ (InputError::NotText { .. } | InputError::Line { .. }) => self.intake.fail(error),
        }
    }

    /// How far each file has been read, where that is news.
    pub(super) fn positions(&mut self, now: Duration) -> Vec<ReadTo> {
        let mut news = Vec::new();
        for open in &mut self.open {
            let is_old = now.saturating_sub(open.noted_at) >= STILL_READ;
            if open.noted != Some(open.place) || is_old {
                (open.noted, open.noted_at) = (Some(open.place), now);
                news.push(open.position(&self.file, self.looked));
            }
        }
        for position in &news {
            self.know(position.clone());
        }
        news
    }
}

/// Goes on at a place. What the input is, its beginning tells: a header stands nowhere else.
fn go_on_at(reader: &mut Reader<Tracked>, place: Place) -> io::Result<()> {
    while reader.format().is_none() && reader.place().is_none_or(|at| at.bytes < place.bytes) {
        match reader.next(clock::now) {
            Err(InputError::Unreadable { source, .. }) => return Err(source),
            // What is no input is said when it is read again.
            Ok(None | Some(InputItem::Unfinished)) | Err(InputError::NotText { .. } | InputError::Line { .. }) => {
                break;
            }
            Ok(Some(_)) => {}
        }
    }
    reader.source_mut().go_on_at(place.bytes)?;
    reader.go_on_at(place);
    let _ = reader.take_notices();
    Ok(())
}

impl Open {
    /// All before the next item has been handed out.
    fn catch_up(&mut self) {
        if is_broken(Promise::ReadToIsRecorded) {
            self.place.bytes = self.reader.counts().bytes;
        } else if let Some(place) = self.reader.place() {
            self.place = place;
        }
    }

    fn rest(&mut self, is_unfinished: bool) {
        self.catch_up();
        self.rests = true;
        self.is_unfinished = is_unfinished;
        self.reader.look_again();
    }

    fn position(&self, file: &Arc<FollowedFile>, looked: Timestamp) -> ReadTo {
        ReadTo {
            file: Arc::clone(file),
            identity: self.identity.clone(),
            head: self.reader.source().head(self.place.bytes),
            offset: self.place.bytes,
            lines: self.place.lines,
            looked,
        }
    }
}
