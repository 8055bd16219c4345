//! The configuration file: any text becomes settings within their bounds or an error, settings that are shown can be
//! typed, and no error shows a secret.
//!
//! One character in front: 0 takes the rest as a file; any other, with a second one, makes it the value of a key. Nothing
//! here may ask for an account, which may run a program, but where the file has no such key.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use nexmo_conversion::config::{ConfigFileChoice, Configuration, Origin, Overrides, Settings, Surroundings, show};
use nexmo_conversion::domain::{Auth, Secret};

use crate::choice;

/// See the module.
pub fn settings(mut data: &[u8]) {
    if choice(&mut data) == 0 {
        a_file(data);
    } else if let Ok(text) = str::from_utf8(&data[data.len().min(1)..]) {
        a_value(choice(&mut data), text);
    }
}

fn a_file(text: &[u8]) {
    let file = File::new(text);
    let configuration = match Configuration::read(&file.surroundings) {
        Ok(configuration) => configuration,
        Err(error) => return assert!(!chain(&error).is_empty()),
    };
    let names: Vec<_> = configuration.profile_names().map(str::to_owned).collect();
    for profile in names.iter().cloned().map(Some).chain([None]) {
        let is_named = profile.is_some();
        match configuration.settings(&Overrides { profile, ..Overrides::default() }) {
            Ok(settings) => {
                are_within_bounds(&settings);
                can_be_typed(&settings);
            }
            Err(error) => assert!(!is_named, "a profile that is stored has no settings: {}", chain(&error)),
        }
    }
    // What it says does not depend on how its lines end, or on what comes after it.
    let longer = File::new(&[text, b"\n# the end\n"].concat());
    let again = Configuration::read(&longer.surroundings).unwrap();
    assert!(again.profile_names().eq(names.iter().map(String::as_str)));
}

fn are_within_bounds(settings: &Settings) {
    let day = Duration::from_secs(86_400);
    for limit in [&settings.connect_timeout, &settings.max_time, &settings.retry_max_time] {
        assert!(!limit.value.is_zero() && limit.value <= day, "{limit:?}");
    }
    assert!(settings.retry.value <= 100 && (1..=1024).contains(&settings.jobs.value), "{settings:?}");
    assert!(settings.max_age.value.is_none_or(|age| !age.is_zero() && age <= 30 * day), "{settings:?}");
    let url = settings.base_url.value.to_string();
    assert!(
        url.starts_with("https://") || url.starts_with("http://127.") || url.starts_with("http://[::1]"),
        "{url}"
    );
    assert!(!url.contains(['@', '?', '#']), "{url}");
}

/// Writes what is shown into a file of its own and reads that.
fn can_be_typed(settings: &Settings) {
    let mut sections = [String::from("[network]\n"), String::from("[batch]\n")];
    for row in show(settings, None) {
        let exact = !row.value.contains(Secret::MASK) && row.value != "less than 1ms";
        if row.origin == Origin::Default || !exact {
            continue;
        }
        let section = usize::from(["jobs", "rate", "max_age"].contains(&row.key));
        let value = if ["jobs", "retry"].contains(&row.key) { row.value } else { quoted(&row.value) };
        sections[section].extend([row.key, " = ", &value, "\n"]);
    }
    let file = File::new(sections.concat().as_bytes());
    let configuration =
        Configuration::read(&file.surroundings).unwrap_or_else(|error| panic!("{}", chain(&error)));
    let again = configuration.settings(&Overrides::default()).unwrap();
    assert_eq!(again.base_url.value, settings.base_url.value);
    assert_eq!(again.cacert.value.is_some(), settings.cacert.value.is_some());
    assert_eq!((again.jobs.value, again.retry.value), (settings.jobs.value, settings.retry.value));
    assert_eq!(again.rate.value, settings.rate.value);
    let near = |a: Duration, b: Duration| a.abs_diff(b) < Duration::from_millis(1) || b < Duration::from_millis(1);
    assert!(near(again.connect_timeout.value, settings.connect_timeout.value), "{again:?}");
    assert!(near(again.max_time.value, settings.max_time.value), "{again:?}");
    assert!(near(again.retry_max_time.value, settings.retry_max_time.value), "{again:?}");
    let ages = again.max_age.value.zip(settings.max_age.value);
    assert!(ages.is_none_or(|(again, age)| near(again, age)), "{again:?}");
}

/// So marked is every secret.
const MARK: &str = "tops3cret";
/// What may hold a secret, by itself or by a mistake in pasting.
const KEYS: [&str; 14] = [
    "api_secret",
    "signature_secret",
    "api_key",
    "auth",
    "signature_method",
    "signature_timestamp",
    "base_url",
    "proxy",
    "connect_timeout",
    "max_time",
    "retry",
    "rate",
    "max_age",
    "jobs",
];

fn a_value(key: u8, text: &str) {
    let key = KEYS[usize::from(key) % KEYS.len()];
    let secret = format!("{MARK}{text}");
    let rest = match key {
        "api_secret" | "signature_secret" => "api_key = \"abcd1234\"\n",
        _ => "",
    };
    // Also where a quote is forgotten, and the parser has to complain about the line.
    for value in
        [quoted(&secret), format!("\"{}", secret.replace('"', "")), secret.replace(['=', '\n', '\r', '#'], "")]
    {
        let file = File::new(format!("[profiles.a]\n{rest}{key} = {value}\n").as_bytes());
        match Configuration::read(&file.surroundings) {
            Err(error) => shows_no_secret(&chain(&error)),
            Ok(configuration) => {
                if ["api_secret", "signature_secret", "proxy"].contains(&key) {
                    shows_no_secret(&format!("{configuration:?}"));
                }
                if !rest.is_empty() {
                    is_the_secret(&configuration, text);
                }
            }
        }
    }
}

/// The key decides the way to authenticate; the secret is the value, but for the end of its line.
fn is_the_secret(configuration: &Configuration<'_>, text: &str) {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match configuration.account(&Overrides::default()) {
        Err(error) => {
            shows_no_secret(&chain(&error));
            assert!(line.contains(char::is_control), "{line:?} is one line of text");
        }
        Ok(resolved) => {
            shows_no_secret(&format!("{resolved:?}"));
            let settings = configuration.settings(&Overrides::default()).unwrap();
            shows_no_secret(&format!("{:?}", show(&settings, Some(&resolved))));
            let (Auth::Form(secret) | Auth::Signature { secret, .. }) = &resolved.account.auth else {
                panic!("{resolved:?}")
            };
            assert_eq!(secret.expose(), format!("{MARK}{line}"));
        }
    }
}

fn shows_no_secret(text: &str) {
    assert!(!text.contains(MARK), "{text}");
}

/// An error with all its causes.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.extend([": ", &error.to_string()]);
        cause = error.source();
    }
    text
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A configuration file, closed to others, and surroundings without anything else.
struct File {
    surroundings: Surroundings,
    _file: tempfile::NamedTempFile,
}

impl File {
    fn new(text: &[u8]) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        let surroundings = Surroundings {
            variables: std::collections::BTreeMap::new(),
            config_file: ConfigFileChoice::Explicit(file.path().to_owned()),
            state_dir: None,
            home: None,
            working_dir: PathBuf::from("/"),
        };
        Self { surroundings, _file: file }
    }
}
