//! A question on the terminal whose answer is not shown.
//!
//! The terminal hides what is typed before the question appears, and shows it again however this ends, also by a signal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::sync::atomic::Ordering;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::exit::Exit;
use super::interrupt::Interrupt;

/// What came of a question.
pub(super) enum TypedAnswer {
    /// A line, as it was typed.
    Line(Zeroizing<Vec<u8>>),
    /// A signal; the program should end so.
    Interrupted(Exit),
}

/// A terminal's own limit for a line.
const LONGEST_LINE: usize = 4096;
/// How often it is looked whether a signal came.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Asks whoever sits at the terminal, wherever the standard streams lead.
pub(super) fn ask_hidden(question: &str) -> io::Result<TypedAnswer> {
    let interrupt = Interrupt::listen()?;
    let tty = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let silence = Silence::of(&tty)?;
    (&tty).write_all(question.as_bytes())?;
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
    let answer = loop {
        if interrupt.asked().load(Ordering::Relaxed) {
            break TypedAnswer::Interrupted(interrupt.exit());
        }
        if !has_input(&tty)? {
            continue;
        }
        let mut typed = Zeroizing::new([0; LONGEST_LINE]);
        let count = (&tty).read(&mut typed[..])?;
        // A signal from the keyboard throws away what was typed, and then the end of input can be read.
        if count == 0 && interrupt.asked().load(Ordering::Relaxed) {
            continue;
        }
        line.extend_from_slice(&typed[..count]);
        if count == 0 || line.ends_with(b"\n") || line.len() >= LONGEST_LINE {
            break TypedAnswer::Line(line);
        }
    };
    drop(silence);
    // The one that was typed was not shown either.
    (&tty).write_all(b"\n")?;
    Ok(answer)
}

fn has_input(tty: &File) -> io::Result<bool> {
    let mut waiting = [PollFd::new(tty, PollFlags::IN)];
    match poll(&mut waiting, Some(&GLANCE)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A terminal that does not show what is typed; until this is dropped.
struct Silence<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> Silence<'a> {
    /// What was typed ahead, and shown, is not taken for the answer.
    fn of(tty: &'a File) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        tcsetattr(tty, OptionalActions::Flush, &silent)?;
        Ok(Self { tty, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.tty, OptionalActions::Now, &self.before);
    }
}
