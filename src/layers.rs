//! Holds the house: which room may import which, and who alone may touch the world outside.
//!
//! It reads the sources as text and knows nothing of what they do. Paths are what it sees: `use` trees, inline
//! `crate::x::y`, and `super` chains that lead out of a room. A name that hides behind `as` is left to clippy's
//! `disallowed_methods`, which sees types.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::Peekable;
use std::path::Path;
use std::vec::IntoIter;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The house from roof to ground. A room may import the floors below its own: never up, never sideways.
const FLOORS: [&[&str]; 7] = [
    &["main"],
    &["cli"],
    &["output"],
    &["pipeline", "figures"],
    &["transport", "ledger", "input", "follow", "config", "sandbox"],
    &["wire"],
    &["domain", "clock", "failpoint", "files", "certificates"],
];

/// The only steps sideways.
const SIDEWAYS: [(&str, &str); 1] = [("clock", "domain")]; // what it reads is returned as a `Timestamp`

/// Names that belong to one place (a room, or one of its files). A name is a run of path segments; a macro ends in `!`.
const KEPT: [(&str, &[&[&str]]); 6] = [
    ("transport", &[&["ureq"], &["ureq_proto"]]),
    ("ledger/store/sqlite", &[&["rusqlite"]]),
    ("ledger/store/postgres", &[&["tokio_postgres"], &["tokio"], &["tokio_rustls"]]),
    (
        "clock",
        &[&["Instant", "now"], &["SystemTime", "now"], &["Utc", "now"], &["Local", "now"], &["thread", "sleep"]],
    ),
    ("cli/environment", &[&["env", "var"], &["env", "var_os"], &["env", "vars"], &["env", "vars_os"]]),
    (
        "cli/terminal",
        &[
            &["io", "stdout"],
            &["io", "stderr"],
            &["stdio", "stdout"],
            &["stdio", "stderr"],
            &["print!"],
            &["println!"],
            &["eprint!"],
            &["eprintln!"],
            &["dbg!"],
        ],
    ),
];

/// Files that touch what is kept elsewhere, and why they may. One that excuses nothing is itself a violation.
const EXCUSED: [(&str, &str, &str); 1] = [(
    "cli/local_sandbox",
    "io::stdout",
    "the request log on `-` is written by the sandbox's threads, long after the terminal has said its one piece",
)];

/// Files (and what stands in folders of their names) that only decide, so that all of them can be tried without waiting.
const DECIDING: [&str; 7] = [
    "follow/plan",
    "ledger/decide",
    "pipeline/engine",
    "pipeline/judge",
    "pipeline/looks",
    "pipeline/schedule",
    "pipeline/deadlines",
];

/// What these do not name: the time is handed to them, and what they decide is carried out by others.
const CARRIED_OUT_ELSEWHERE: [&[&str]; 6] = [
    &["clock"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "thread"],
    &["crossbeam_channel"],
    &["transport", "Transport"],
];

/// A source file: its path under `src/` without `.rs`, and its text.
struct Source {
    place: String,
    text: String,
}

impl Source {
    fn new(place: &str, text: &str) -> Self {
        Self { place: place.to_owned(), text: text.to_owned() }
    }

    fn room(&self) -> &str {
        self.place.split('/').next().unwrap_or_default()
    }

    /// Whether it is this file, or stands in the folder of this name.
    fn is_of(&self, place: &str) -> bool {
        self.place.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn is_test(&self) -> bool {
        self.place.split('/').any(|part| part == "tests") || self.place == "layers"
    }

    /// The module that the file is, as a path from the crate's root.
    fn module(&self) -> Vec<String> {
        let mut path: Vec<String> = self.place.split('/').map(str::to_owned).collect();
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        path
    }
}

#[test]
fn every_room_imports_only_what_lies_below_it() {
    let mut sources = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&src, &src, &mut sources);
    for place in ["main", "clock", "cli/environment", "cli/terminal", "transport/mod"] {
        assert!(sources.iter().any(|source| source.place == place), "the walk missed {place}");
    }
    for place in DECIDING {
        assert!(sources.iter().any(|source| source.is_of(place)), "{place} is gone");
    }
    let violations = inspect(&sources, &EXCUSED);
    assert!(violations.is_empty(), "the house does not stand:\n{}", violations.join("\n"));
}

#[test]
fn no_file_imports_itself_by_way_of_others() {
    let mut sources = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    collect(&src, &src, &mut sources);
    assert_eq!(circles(&sources), [""; 0]);
}

fn collect(src: &Path, folder: &Path, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(src, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let place = path.strip_prefix(src).unwrap().with_extension("");
            sources.push(Source::new(place.to_str().unwrap(), &fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Files of one room that import each other, directly or by way of others: each circle as a line for a person.
///
/// A name that a module only passes on leads to the file that defines it, so a room's `mod.rs` may re-export what its
/// files import from each other by `super`.
fn circles(sources: &[Source]) -> Vec<String> {
    let files: BTreeMap<Vec<String>, (&str, Vec<NamedPath>)> = sources
        .iter()
        .filter(|source| !source.is_test())
        .map(|source| (source.module(), (source.place.as_str(), paths(source))))
        .collect();
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (place, paths) in files.values() {
        let production = paths.iter().filter(|path| !path.is_in_tests());
        let imported = production.filter_map(|path| definition(path, &files)).filter(|other| other != place);
        reached.entry(place).or_default().extend(imported);
    }
    // Whatever is reached in any number of steps.
    loop {
        let before = reached.clone();
        for all in reached.values_mut() {
            let further: Vec<_> = all.iter().flat_map(|place| &before[place]).copied().collect();
            all.extend(further);
        }
        if before == reached {
            break;
        }
    }
    let circle = |place: &str| -> Vec<&str> {
        reached[place].iter().copied().filter(|other| reached[other].contains(place)).collect()
    };
    let found: BTreeSet<String> = reached
        .keys()
        .map(|place| circle(place))
        .filter(|circle| circle.len() > 1)
        .map(|c| c.join(", "))
        .collect();
    found.into_iter().collect()
}

/// The file that defines what a path names, followed through imports; none for a name that is not ours.
fn definition<'a>(
    path: &NamedPath,
    files: &'a BTreeMap<Vec<String>, (&'a str, Vec<NamedPath>)>,
) -> Option<&'a str> {
    let mut whole = path.segments.clone();
    if !path.from_root {
        // A path that begins with a child of the module it stands in.
        whole = [path.here.clone(), whole].concat();
        files.get(&whole[..=path.here.len()])?;
    }
    let length = (1..=whole.len()).rev().find(|length| files.contains_key(&whole[..*length]))?;
    let (place, passed_on) = &files[&whole[..length]];
    let name = whole.get(length).map(|name| name.trim_end_matches('!'));
    let import = passed_on.iter().find(|import| {
        import.segments.len() > 1
            && import.segments.last().map(String::as_str) == name
            && import.here == whole[..length]
            && import.segments[..] != whole[..]
    });
    match import.and_then(|import| definition(import, files)) {
        Some(further) => Some(further),
        None => Some(place),
    }
}

/// Every violation in these sources, as a line for a person.
fn inspect(sources: &[Source], excused: &[(&str, &str, &str)]) -> Vec<String> {
    let mut violations = BTreeSet::new();
    let mut excuses_used = BTreeSet::new();
    // The root declares the rooms, and this file is all about names that it must not use.
    for source in sources.iter().filter(|source| !["lib", "layers"].contains(&source.place.as_str())) {
        if floor(source.room()).is_none() {
            violations.insert(format!("{}: not a room of the table", source.place));
            continue;
        }
        for path in paths(source) {
            if let Some(room) = path.room_entered()
                && let Some(why) = forbidden(source.room(), &room)
            {
                violations.insert(format!("{}: imports `{room}`, which {why}", source.place));
            }
            for (owner, name) in KEPT.iter().flat_map(|(owner, names)| names.iter().map(move |name| (owner, name)))
            {
                if !path.mentions(name) || source.is_of(owner) {
                    continue;
                }
                let name = name.join("::");
                if excused.iter().any(|(place, what, _)| *place == source.place && *what == name) {
                    excuses_used.insert((source.place.clone(), name));
                } else {
                    violations.insert(format!("{}: names `{name}`, which only `{owner}` may", source.place));
                }
            }
        }
    }
    for source in sources.iter().filter(|source| !source.is_test()) {
        if !DECIDING.iter().any(|place| source.is_of(place)) {
            continue;
        }
        let paths = paths(source);
        for name in CARRIED_OUT_ELSEWHERE {
            if paths.iter().any(|path| !path.is_in_tests() && path.mentions(name)) {
                violations.insert(format!("{}: names `{}`, but only decides", source.place, name.join("::")));
            }
        }
    }
    for (place, name, _) in excused {
        if !excuses_used.contains(&((*place).to_owned(), (*name).to_owned())) {
            violations.insert(format!("{place}: is excused for `{name}` but does not name it"));
        }
    }
    violations.into_iter().collect()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Why `room` must not import `other`.
fn forbidden(room: &str, other: &str) -> Option<&'static str> {
    if room == other || SIDEWAYS.contains(&(room, other)) {
        return None;
    }
    match (floor(room)?, floor(other)) {
        (_, None) => Some("is not a room of the table"),
        (mine, Some(its)) if its < mine => Some("is above it"),
        (mine, Some(its)) if its == mine => Some("is beside it"),
        (_, Some(_)) => None,
    }
}

/// A path as it was written, with the module that it starts from if that is one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NamedPath {
    segments: Vec<String>,
    from_root: bool,
    /// The module it stands in.
    here: Vec<String>,
}

impl NamedPath {
    /// The room that the path leads into; what is said without `crate` or `super` stays in its own.
    fn room_entered(&self) -> Option<String> {
        self.from_root.then(|| self.segments.first().cloned()).flatten()
    }

    fn is_in_tests(&self) -> bool {
        self.here.iter().any(|module| module == "tests")
    }

    fn mentions(&self, name: &[&str]) -> bool {
        self.segments.windows(name.len()).any(|window| window == name)
    }
}

/// All paths of a file, `use` trees spread out, `crate`, `super` and `self` resolved.
fn paths(source: &Source) -> Vec<NamedPath> {
    let mut tokens = tokens(&source.text).into_iter().peekable();
    let mut found = Vec::new();
    let file = source.module();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0_usize;
    let mut declared = None;
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "{" => {
                depth += 1;
                inline.extend(declared.take().map(|name| (name, depth)));
            }
            "}" => {
                inline.pop_if(|(_, opened)| *opened == depth);
                depth = depth.saturating_sub(1);
            }
            "mod" => declared = tokens.next(),
            ";" => declared = None,
            word if is_word(word) => {
                let here: Vec<String> =
                    file.iter().cloned().chain(inline.iter().map(|(name, _)| name.clone())).collect();
                spread(&[], token, &mut tokens, &here, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Reads on from a first segment, through `::` and groups in braces.
fn spread(
    before: &[String],
    first: String,
    tokens: &mut Peekable<IntoIter<String>>,
    here: &[String],
    found: &mut Vec<NamedPath>,
) {
    let mut path = before.to_vec();
    path.push(first);
    loop {
        match tokens.peek().map(String::as_str) {
            Some("!") => {
                if let Some(last) = path.last_mut() {
                    last.push('!');
                }
                break;
            }
            Some("::") => {
                tokens.next();
            }
            _ => break,
        }
        match tokens.next_if(|next| is_word(next) || next == "{" || next == "*") {
            Some(open) if open == "{" => return spread_group(&path, tokens, here, found),
            Some(segment) => path.push(segment),
            None => break, // generic arguments: `Vec::<u8>`
        }
    }
    found.push(resolve(&path, here));
}

fn spread_group(
    before: &[String],
    tokens: &mut Peekable<IntoIter<String>>,
    here: &[String],
    found: &mut Vec<NamedPath>,
) {
    while let Some(token) = tokens.next() {
        match token.as_str() {
            "}" => return,
            "as" => {
                tokens.next();
            }
            word if is_word(word) || word == "*" => spread(before, token, tokens, here, found),
            _ => {}
        }
    }
}

fn resolve(path: &[String], here: &[String]) -> NamedPath {
    let mut segments = path.iter().peekable();
    let mut base = match segments.peek().map(|first| first.as_str()) {
        Some("crate" | "nexmo_conversion") => {
            segments.next();
            Vec::new()
        }
        Some("self" | "super") if path.len() > 1 => here.to_vec(),
        _ => return NamedPath { segments: path.to_vec(), from_root: false, here: here.to_vec() },
    };
    while let Some(step) = segments.next_if(|segment| *segment == "self" || *segment == "super") {
        if step == "super" {
            base.pop();
        }
    }
    base.extend(segments.cloned());
    NamedPath { segments: base, from_root: true, here: here.to_vec() }
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Words, `::` and single signs; comments, strings, numbers and lifetimes are left out.
fn tokens(text: &str) -> Vec<String> {
    let stream = text.parse().expect("the compiler has read this file");
    let mut found = Vec::new();
    flatten(stream, &mut found);
    found
}

fn flatten(stream: TokenStream, found: &mut Vec<String>) {
    let mut trees = stream.into_iter().peekable();
    while let Some(tree) = trees.next() {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                found.push(open.to_owned());
                flatten(group.stream(), found);
                found.push(close.to_owned());
            }
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Punct(tick) if tick.as_char() == '\'' => drop(trees.next()),
            TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint => {
                trees.next();
                found.push("::".to_owned());
            }
            TokenTree::Punct(sign) => found.push(sign.to_string()),
            TokenTree::Literal(_) => {}
        }
    }
}

mod on_made_up_sources {
    use super::{Source, circles, inspect};

    fn violations(place: &str, text: &str) -> Vec<String> {
        inspect(&[Source::new(place, text)], &[])
    }

    #[track_caller]
    fn refused(place: &str, text: &str, because: &str) {
        assert_eq!(violations(place, text), [format!("{place}: {because}")]);
    }

    #[track_caller]
    fn accepted(place: &str, text: &str) {
        assert_eq!(violations(place, text), [""; 0]);
    }

    #[test]
    fn importing_a_lower_room_is_fine() {
        accepted("cli/send", "use crate::output::Printer; use crate::domain::{Channel, MessageId};");
        accepted("ledger/rows", "use crate::domain::Conversion; use crate::clock;");
        accepted("main", "fn main() { nexmo_conversion::cli::run(std::env::args_os()) }");
        accepted("clock", "use crate::domain::Timestamp;");
    }

    #[test]
    fn importing_a_higher_room_is_found() {
        refused("wire/reply", "use crate::transport::Reply;", "imports `transport`, which is above it");
        refused("domain/mod", "use crate::clock::now;", "imports `clock`, which is beside it");
        refused("config", "use crate::main;", "imports `main`, which is above it");
    }

    #[test]
    fn importing_the_room_next_door_is_found() {
        refused("ledger", "use crate::config::Settings;", "imports `config`, which is beside it");
        refused("input/rows", "use crate::ledger::Ticket;", "imports `ledger`, which is beside it");
    }

    #[test]
    fn a_path_inside_an_expression_is_found() {
        refused("pipeline/judge", "fn f() { crate::cli::run(vec![]) }", "imports `cli`, which is above it");
    }

    #[test]
    fn a_room_inside_a_group_is_found() {
        refused(
            "transport/mod",
            "use crate::{clock, domain::{Secret, Url as Address}, sandbox::Sandbox};",
            "imports `sandbox`, which is beside it",
        );
    }

    #[test]
    fn climbing_out_by_super_is_found() {
        refused("wire/request", "use super::super::pipeline::Event;", "imports `pipeline`, which is above it");
        refused("clock", "use super::wire::Reply;", "imports `wire`, which is above it");
        refused("wire/mod", "mod tests { use super::super::config; }", "imports `config`, which is above it");
    }

    #[test]
    fn super_within_a_room_is_fine() {
        accepted("wire/request", "use super::reply::Reply; mod tests { use super::super::signature::sign; }");
        accepted("domain", "mod tests { use super::*; } fn f() { super::domain::g() }");
    }

    #[test]
    fn a_room_that_is_not_planned_is_found() {
        refused("util/strings", "", "not a room of the table");
        refused("cli/mod", "use crate::util::shorten;", "imports `util`, which is not a room of the table");
    }

    #[test]
    fn the_http_library_outside_transport_is_found() {
        accepted("transport/proxy", "use ureq::Proxy;");
        refused("cli/check", "fn f(e: &ureq::Error) {}", "names `ureq`, which only `transport` may");
    }

    #[test]
    fn the_database_outside_the_ledger_is_found() {
        accepted("ledger/store/sqlite/schema", "use rusqlite::Connection;");
        let only = "names `rusqlite`, which only `ledger/store/sqlite` may";
        refused("output/report", "use rusqlite::{Connection, Row};", only);
        refused("ledger/decide/lane", "use rusqlite::Row;", only);
    }

    #[test]
    fn time_outside_the_clock_is_found() {
        accepted("clock", "fn now() { std::time::Instant::now(); std::thread::sleep(d) }");
        refused("wire/request", "let t = SystemTime::now();", "names `SystemTime::now`, which only `clock` may");
        refused("sandbox", "use std::thread::{self, sleep};", "names `thread::sleep`, which only `clock` may");
    }

    #[test]
    fn what_only_decides_may_name_nothing_that_happens() {
        for (text, name) in [
            ("use crate::{clock, domain::Record};", "clock"),
            ("fn f() { crate::clock::monotonic() }", "clock"),
            ("use std::{fs, io};", "std::fs"),
            ("fn f() { std::thread::yield_now() }", "std::thread"),
            ("use std::net::TcpStream;", "std::net"),
            ("use crossbeam_channel::Receiver;", "crossbeam_channel"),
            ("use crate::transport::{Cause, Transport};", "transport::Transport"),
        ] {
            for place in ["pipeline/engine", "pipeline/engine/intake", "pipeline/judge"] {
                refused(place, text, &format!("names `{name}`, but only decides"));
            }
            accepted("pipeline/threads", text);
            accepted("pipeline/engine/tests", text);
        }
        accepted("pipeline/engine", "use crate::transport::TransportError; fn f(clock_time: u32) {}");
        accepted("pipeline/looks", "mod tests { use std::fs; fn f() { crate::clock::now() } }");
    }

    #[test]
    fn variables_outside_the_environment_are_found() {
        accepted("cli/environment", "std::env::vars_os()");
        refused("cli/send", "std::env::var(NAME)", "names `env::var`, which only `cli/environment` may");
    }

    #[test]
    fn printing_outside_the_terminal_is_found() {
        accepted("cli/terminal", "let out = io::stdout();");
        refused("cli/send", "println!(\"done\")", "names `println!`, which only `cli/terminal` may");
        refused("output/text", "std::io::stderr().lock()", "names `io::stderr`, which only `cli/terminal` may");
    }

    #[test]
    fn what_comments_and_strings_say_does_not_count() {
        accepted(
            "domain/mod",
            r##"//! crate::cli
            /* crate::cli /* nested */ ureq */
            const A: &str = "crate::cli \" ureq"; const B: &str = r#"crate::cli " ureq"#; const C: char = '"';
            fn f<'a>(ureq_like: &'a str) -> char { '\'' }"##,
        );
    }

    #[test]
    fn what_follows_a_string_or_a_lifetime_counts() {
        let found = "imports `cli`, which is above it";
        refused("domain/mod", "const A: &str = \"\\\\\"; use crate::cli;", found);
        refused("domain/mod", "fn f<'a>(x: &'a str, y: char) { '\\''; 'x'; crate::cli::run() }", found);
        refused("domain/mod", "const A: &str = r#\"\"\"#; use crate::cli;", found);
    }

    #[test]
    fn an_excuse_holds_for_one_name_in_one_file() {
        let source = [Source::new("cli/check", "io::stdout(); io::stderr();")];
        let excuse = [("cli/check", "io::stdout", "a reason")];
        assert_eq!(inspect(&source, &excuse), ["cli/check: names `io::stderr`, which only `cli/terminal` may"]);
    }

    #[test]
    fn an_excuse_that_is_not_needed_is_found() {
        assert_eq!(
            inspect(&[], &[("cli/check", "io::stdout", "a reason")]),
            ["cli/check: is excused for `io::stdout` but does not name it"]
        );
    }

    #[test]
    fn files_that_import_each_other_are_found() {
        let two = [
            Source::new("wire/mod", "mod reply; mod request; pub use reply::Reply;"),
            Source::new("wire/reply", "use super::request::Request; pub struct Reply;"),
            Source::new("wire/request", "use super::Reply; pub struct Request;"),
        ];
        assert_eq!(circles(&two), ["wire/reply, wire/request"]);
        let by_way_of_the_parent = [
            Source::new("wire/mod", "mod reply; use reply::Reply; pub struct Address(Reply);"),
            Source::new("wire/reply", "use super::Address; pub struct Reply;"),
        ];
        assert_eq!(circles(&by_way_of_the_parent), ["wire/mod, wire/reply"]);
    }

    #[test]
    fn a_name_that_is_only_passed_on_is_no_circle() {
        let sources = [
            Source::new("wire/mod", "mod reply; mod request; pub use request::Request; pub use reply::Reply;"),
            Source::new("wire/reply", "use super::Request; mod tests { use crate::wire::Reply; }"),
            Source::new("wire/request", "use crate::domain::Channel; mod tests { use super::super::Reply; }"),
        ];
        assert_eq!(circles(&sources), [""; 0]);
    }
}
