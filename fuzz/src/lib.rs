//! What readers, parsers and escaping promise, as checks that take any bytes: they return if the promises hold, and
//! panic if not.
//!
//! The same checks run twice. `cargo test` runs each over the inputs kept in `corpus/` and over made-up ones, on any
//! compiler. `cargo xtask fuzz --seconds 60` has libFuzzer look for inputs that break them (nightly, a C++ compiler and
//! cargo-fuzz are needed), with `--check records` in one check alone. What it needs to go on stays in `target/fuzz/`.
//!
//! What breaks a check is made small (`cargo +nightly fuzz tmin --features libfuzzer CHECK INPUT`), fixed in the program, and
//! kept in `corpus/`. Inputs are as readable as they can be: the first characters choose how the rest is read, which each
//! check explains at its top.
#![expect(clippy::missing_panics_doc, reason = "panicking is how a check says that a promise does not hold")]
#![expect(clippy::unwrap_used, reason = "as above")]

mod common_replies;
mod escaping;
mod plain;
mod records;
mod replies;
mod retry_after;
mod settings;
mod source;
mod times;

use nexmo_conversion::domain::Timestamp;

pub use common_replies::{Reader, agrees, common_replies};
pub use escaping::escaping;
pub use records::records;
pub use replies::replies;
pub use retry_after::retry_after;
pub use settings::settings;
pub use times::times;

/// A check of promises over any bytes.
pub type Check = fn(&[u8]);

/// Every check, by the name of its folder in `corpus/` and of its program in `fuzz_targets/`.
pub const CHECKS: [(&str, Check); 7] = [
    ("records", records),
    ("times", times),
    ("settings", settings),
    ("retry_after", retry_after),
    ("replies", replies),
    ("escaping", escaping),
    ("common_replies", common_replies),
];

/// 2026-11-22 01:25:26 UTC, the moment at which everything here is read.
fn now() -> Timestamp {
    Timestamp::from_unix(1_795_310_726).unwrap()
}

/// Takes a first character that chooses: its lowest four bits, so that a digit is its own number.
fn choice(data: &mut &[u8]) -> u8 {
    match data.split_first() {
        Some((first, rest)) => {
            *data = rest;
            first & 0x0f
        }
        None => 0,
    }
}

/// The promise's own list, not the program's: C0, DEL, C1, what Unicode calls `Bidi_Control`, line separators, and
/// characters without width.
fn acts_on_a_terminal(c: char) -> bool {
    let code = u32::from(c);
    code < 0x20
        || (0x7f..0xa0).contains(&code)
        || [0x061c, 0x2028, 0x2029, 0xfeff].contains(&code)
        || (0x200b..=0x200f).contains(&code)
        || (0x202a..=0x202e).contains(&code)
        || (0x2060..=0x2069).contains(&code)
}

/// Panics unless `shown` is one line of text that does nothing to a terminal but print.
fn assert_only_prints(shown: &str) {
    let line = shown.strip_suffix('\n').unwrap_or(shown);
    if let Some(c) = line.chars().find(|c| acts_on_a_terminal(*c)) {
        panic!("U+{:04X} gets through: {shown:?}", u32::from(c));
    }
}
