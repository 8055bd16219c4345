//! What holds for the whole process, before it does anything.

use std::panic;
use std::sync::Arc;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior, setrlimit, umask};
use signal_hook::flag;

use super::args::{ColorWhen, LogFormat};
use super::terminal::{ColorWish, Terminal};
use crate::output::Verbosity;

/// Whatever is created is private, a crash leaves no memory image with a secret in it, and a panic says
/// where it was but shows no values.
pub(super) fn harden() {
    umask(Mode::RWXG | Mode::RWXO);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // The limit does not hold for a program that the kernel pipes memory images to (core(5)), but this does; nor can another
    // process of the same user look into our memory then.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    // A file that may not grow any further is an error of the write then, which is shown and settled, and not the end.
    let _ = flag::register(Signal::XFSZ.as_raw(), Arc::default());
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
        let mut terminal = Terminal::new(ColorWhen::Never, ColorWish::Never, LogFormat::Text, Verbosity::Normal);
        let now = "what was accepted stays accepted; please report this place and the command";
        terminal.fail(format_args!("a bug in nexmo-conversion{place}"), Some(now));
    }));
}
