//! The documents for users, the README and the chapters of the book, and what holds of their blocks: each is run by a test, or
//! says above it why not. Signs above a block say what it is, and readers do not see them:
//!
//! - none: `console` and `sh` blocks are the document's session, run from its first to its last in one shell;
//! - `<!-- file: NAME -->`: the session finds it as a file;
//! - `<!-- recipe: NAME -->`: `recipes` runs it; `<!-- ci: NAME -->`: the gate does;
//! - `<!-- shown: REASON -->`: it is not run.
//!
//! `<!-- run: COMMAND -->` anywhere is a part of the session that readers need not see; `<!-- session: sandbox -->` begins
//! the session as the README begins its own, with a sandbox.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};

use clap::CommandFactory as _;
use clap::error::ErrorKind;
use nexmo_conversion::cli::Cli as Arguments;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::cli::{Cli, PROGRAM, wait_until};
use crate::documents::{ROOT, files};
use crate::needs::{Needed, is_here};

/// One document for users.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// All of them, the README first.
pub(crate) fn documents() -> Vec<Document> {
    let root = Path::new(ROOT);
    let mut paths = vec![root.join("README.md")];
    paths.extend(["introduction.md", "recipes.md", "unknown.md"].map(|name| root.join("docs").join(name)));
    for folder in ["docs/guide", "docs/reference", "docs/operations"] {
        paths.extend(files(folder, "md"));
    }
    paths[1..].sort();
    let document = |path: &std::path::PathBuf| Document {
        name: path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    };
    paths.iter().map(document).collect()
}

/// The block below this sign, in whichever document it stands.
pub(crate) fn block_below(sign: &str) -> String {
    let blocks: Vec<_> = documents().iter().flat_map(Document::blocks).collect();
    let mut below = blocks.into_iter().filter(|block| block.sign.as_deref() == Some(sign));
    let block = below.next().unwrap_or_else(|| panic!("no document has a block below <!-- {sign} -->"));
    assert!(below.next().is_none(), "two blocks are below <!-- {sign} -->");
    block.text
}

/// The names of all signs of this kind.
pub(crate) fn names_of(kind: &str) -> Vec<String> {
    let blocks: Vec<_> = documents().iter().flat_map(Document::blocks).collect();
    blocks.iter().filter_map(|block| block.named(kind).map(str::to_owned)).collect()
}

/// Between two fences; or a hidden command, which has no language.
struct Block {
    line: usize,
    sign: Option<String>,
    language: String,
    text: String,
}

impl Document {
    fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let (mut sign, mut open) = (None, false);
        for (line, text) in (1..).zip(self.text.lines()) {
            if open {
                open = text != "```";
                if open {
                    let block = blocks.last_mut().unwrap();
                    block.text += text;
                    block.text.push('\n');
                }
            } else if let Some(language) = text.strip_prefix("```") {
                blocks.push(Block { line, sign: sign.take(), language: language.to_owned(), text: String::new() });
                open = true;
            } else {
                sign = text.strip_prefix("<!-- ").and_then(|sign| sign.strip_suffix(" -->")).map(str::to_owned);
                if let Some(command) = sign.take_if(|sign| sign.starts_with("run: ")) {
                    let text = command.replacen("run: ", "", 1) + "\n";
                    blocks.push(Block { line, sign: None, language: String::new(), text });
                }
            }
        }
        assert!(!open, "{}: the last block has no end", self.name);
        blocks
    }
}

impl Block {
    fn named(&self, kind: &str) -> Option<&str> {
        self.sign.as_deref()?.strip_prefix(kind)?.strip_prefix(": ")
    }

    /// What a session does with it.
    fn commands(&self) -> Vec<Typed> {
        if self.sign.is_some() {
            return Vec::new();
        }
        if self.language != "console" {
            return vec![Typed { line: self.line, command: self.text.clone(), answer: None }];
        }
        let mut typed: Vec<Typed> = Vec::new();
        for (line, text) in (self.line + 1..).zip(self.text.lines()) {
            if let Some(command) = text.strip_prefix("$ ") {
                typed.push(Typed { line, command: command.to_owned(), answer: Some(String::new()) });
            } else {
                let answer = typed.last_mut().and_then(|last| last.answer.as_mut());
                let answer = answer.unwrap_or_else(|| panic!("line {line}: a session begins with a command"));
                *answer += text;
                answer.push('\n');
            }
        }
        typed
    }
}

/// A command of a session, and what the document says that it answers; a block of commands alone has to succeed.
struct Typed {
    line: usize,
    command: String,
    answer: Option<String>,
}

#[test]
fn every_block_is_run_or_says_why_not() {
    let mut silent = Vec::new();
    for document in documents() {
        for block in document.blocks() {
            let runs = ["", "sh", "console"].contains(&block.language.as_str()) && block.sign.is_none();
            let explained = ["file", "recipe", "ci", "shown"].iter().any(|kind| block.named(kind).is_some());
            if !runs && !explained {
                silent.push(format!("{}:{}", document.name, block.line));
            }
        }
    }
    assert_eq!(silent, [""; 0]);
}

#[test]
fn every_session_answers_what_the_documents_say() {
    if !is_here(Needed::Bash, "the documents' sessions") || !is_here(Needed::Jq, "the documents' sessions") {
        return;
    }
    let mut wrong = Vec::new();
    let mut run = 0;
    for document in documents() {
        let typed: Vec<_> = document.blocks().iter().flat_map(Block::commands).collect();
        if !typed.is_empty() {
            run += typed.len();
            wrong.extend(session(&document, &typed));
        }
    }
    assert!(run > 40, "only {run} commands were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A claim that is not true is found, in an answer and in a status.
#[test]
fn a_session_that_is_not_true_is_noticed() {
    if !is_here(Needed::Bash, "the documents' sessions") {
        return;
    }
    let text = "```console\n$ nexmo-conversion config path\n/etc/passwd\n$ echo 1\n1\n```\n\n```sh\nfalse\n```\n";
    let document = Document { name: "X.md".to_owned(), text: text.to_owned() };
    let typed: Vec<_> = document.blocks().iter().flat_map(Block::commands).collect();
    let wrong = session(&document, &typed);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("X.md:2: ") && wrong[0].contains("/etc/passwd"), "{}", wrong[0]);
    assert!(wrong[1].starts_with("X.md:8: "), "{}", wrong[1]);
}

/// Runs a document's commands in one shell and says which did otherwise than it claims.
fn session(document: &Document, typed: &[Typed]) -> Vec<String> {
    let cli = Cli::new();
    for block in document.blocks() {
        if let Some(name) = block.named("file") {
            let home = name.strip_prefix("~/").map(str::to_owned);
            cli.file(&home.unwrap_or_else(|| format!("here/{name}")), &block.text, 0o600);
        }
    }
    fs::create_dir(cli.path("bin")).unwrap();
    symlink(PROGRAM, cli.path("bin/nexmo-conversion")).unwrap();
    let begin = if document.text.contains("\n<!-- session: sandbox -->\n") { SANDBOX } else { "" };
    let script = typed.iter().enumerate().fold(format!("{BEGIN}{begin}"), |script, (n, one)| {
        script
            + &format!(
                "{{\n{}\n}} > \"$HOME/said.{n}\" 2>&1\ncode=$?; echo $code > \"$HOME/status.{n}\"; (exit $code)\n",
                one.command
            )
    });
    let mut shell = Shell::start(&cli, &script);
    wait_until(&format!("the session of {} ends", document.name), || shell.has_ended());
    let wrong = typed.iter().enumerate().filter_map(|(n, one)| {
        let said = fs::read_to_string(cli.path(&format!("said.{n}"))).unwrap_or_default();
        let status = fs::read_to_string(cli.path(&format!("status.{n}"))).unwrap_or_default();
        let holds = match &one.answer {
            Some(answer) => comparable(answer) == comparable(&said) && !status.is_empty(),
            None => status.trim() == "0",
        };
        let claimed = one.answer.as_deref().unwrap_or("");
        (!holds).then(|| {
            format!(
                "{}:{}: {}claimed\n{claimed}said, with status {status}{said}",
                document.name,
                one.line,
                one.command.clone() + "\n"
            )
        })
    });
    wrong.collect()
}

const BEGIN: &str = "PATH=\"$HOME/bin:$PATH\"\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n";
const SANDBOX: &str = "nexmo-conversion sandbox --tls > \"$HOME/sandbox.env\" &\n\
    until [ -s \"$HOME/sandbox.env\" ]; do sleep 0.1; done\n. \"$HOME/sandbox.env\"\n";

/// A shell that is at work. Dropping it ends everything that it started.
struct Shell(Child);

impl Shell {
    fn start(cli: &Cli, script: &str) -> Self {
        let mut command = cli.command("bash", &["-c".into(), script.into()]);
        let output = File::create(cli.path("session")).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).process_group(0);
        Self(command.spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// The lines of an answer in any order, because requests overtake each other and two streams meet; without what differs
/// from run to run.
fn comparable(text: &str) -> Vec<String> {
    // A report has charts if a window has ended meanwhile, which is chance.
    let is_before_charts =
        |line: &&str| !line.ends_with(" conversion rate of the 15 minutes up to each mark (UTC)");
    let before_charts = text.lines().take_while(is_before_charts);
    let mut lines: Vec<_> = before_charts.map(comparable_line).filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

fn comparable_line(line: &str) -> String {
    if let Ok(Value::Object(mut object)) = serde_json::from_str(line) {
        for varying in ["timestamp", "elapsed_ms", "age_s", "sent_at", "n", "connection", "time"] {
            object.remove(varying);
        }
        if let Some(parameters) = object.get_mut("parameters").and_then(Value::as_object_mut) {
            parameters.remove("timestamp");
        }
        return Value::Object(object).to_string();
    }
    let words: Vec<_> = line.split_whitespace().map(comparable_word).collect();
    match words.first().map(String::as_str) {
        // Whether a window has ended meanwhile is chance.
        Some("all" | "sms" | "voice") if words.len() > 7 => [&words[..4], &words[5..]].concat().join(" "),
        // The tests never know the real API.
        Some("base_url") => String::new(),
        _ => words.join(" "),
    }
}

fn comparable_word(word: &str) -> String {
    let mut word = without_moments(word);
    for (before, name) in
        [("127.0.0.1:", "PORT"), ("VONAGE_API_SECRET=", "SECRET"), ("nexmo-conversion-sandbox-", "PORT.pem")]
    {
        if let Some(at) = word.find(before) {
            let rest = word.split_off(at + before.len());
            let kept = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
            word = word + name + kept;
        }
    }
    for file in ["ledger.db", "nexmo-conversion-sandbox-", ".config/nexmo-conversion/config.toml"] {
        if let Some(at) = word.find(file) {
            let before = word[..at].rfind(['=', '\'', '(', '"']).map_or(0, |at| at + 1);
            word.replace_range(before..at, "FOLDER/");
        }
    }
    let fingerprint = word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit());
    if fingerprint { "FINGERPRINT".to_owned() } else { word }
}

/// Without days, times of day, ages and durations.
fn without_moments(word: &str) -> String {
    const SHAPES: &[&str] = &["0000-00-00", "00:00:00", "00:00Z"];
    let fits = |text: &str, shape: &str| {
        text.len() >= shape.len()
            && text.bytes().zip(shape.bytes()).all(|(b, s)| if s == b'0' { b.is_ascii_digit() } else { b == s })
    };
    let (mut text, mut rest) = (String::new(), word);
    while let Some(c) = rest.chars().next() {
        if let Some(shape) = SHAPES.iter().find(|shape| fits(rest, shape)) {
            text += "MOMENT";
            rest = &rest[shape.len()..];
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    let bare = text.trim_matches(['(', ')', ',', ';', ':']);
    let unit = bare.trim_start_matches(|c: char| c.is_ascii_digit());
    if unit.len() < bare.len() && ["ms", "s", "m", "h", "d"].contains(&unit) {
        text.replace(bare, "SPAN")
    } else {
        text
    }
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut wrong = Vec::new();
    let mut understood = 0;
    for document in documents() {
        for command in commands(&document.text) {
            match Arguments::command().try_get_matches_from(&command) {
                Err(why) if !matches!(why.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                    let why = why.to_string();
                    wrong.push(format!(
                        "{}: {}: {}",
                        document.name,
                        command.join(" "),
                        why.lines().next().unwrap()
                    ));
                }
                Err(_) | Ok(_) => understood += 1,
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(understood > 100, "only {understood} were found");
}

/// Every call of the program with its arguments, in blocks and in code marks, but for those with a placeholder.
fn commands(text: &str) -> Vec<Vec<String>> {
    const NAME: &str = "nexmo-conversion ";
    let text = text.replace("\\|", "|").replace("\\\n", " ");
    let calls = text.match_indices(NAME).filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || "`(=".contains(c))
    });
    let words = calls.map(|(at, _)| words(&text[at..]));
    let is_call = |words: &Vec<String>| {
        let placeholder =
            |word: &String| word.contains('…') || (word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase()));
        words.len() > 1 && !words.iter().any(placeholder)
    };
    words.filter(is_call).collect()
}

/// As a shell splits them, up to the end of the command.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (None, '`' | '|' | '>' | '<' | '&' | ';' | ')' | '\n') => break,
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), _) if q == c => quote = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    // A descriptor before a redirection is none of its arguments.
    words.retain(|word| !word.is_empty() && word != "2");
    words.iter().position(|word| word.starts_with('#')).map_or(words.clone(), |comment| words[..comment].to_vec())
}
