//! Every place in which a user can keep the key and the secret.

use crate::api;
use crate::cli::Cli;

/// Puts a credential somewhere.
pub(crate) type Keep = fn(Cli) -> Cli;

pub(crate) const SOURCES: &[(&str, Keep)] = &[
    ("VONAGE_API_SECRET", |cli| cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET", api::SECRET)),
    ("NEXMO_API_SECRET", |cli| cli.with("NEXMO_API_KEY", api::KEY).with("NEXMO_API_SECRET", api::SECRET)),
    ("VONAGE_API_SECRET_FILE", |cli| {
        let file = cli.file("secret", format!("{}\n", api::SECRET), 0o600);
        cli.with("VONAGE_API_KEY", api::KEY).with("VONAGE_API_SECRET_FILE", file)
    }),
    ("api_secret", |cli| cli.configured(&profile(&format!("api_secret = {:?}", api::SECRET)))),
    ("api_secret_file", |cli| {
        cli.file("secret", api::SECRET, 0o400);
        cli.configured(&profile("api_secret_file = \"~/secret\""))
    }),
    ("api_secret_command", |cli| {
        cli.configured(&profile(&format!("api_secret_command = [\"printf\", \"%s\", {:?}]", api::SECRET)))
    }),
    ("./.vonagerc", |cli| {
        cli.file("here/.vonagerc", vonage_json(), 0o600);
        cli
    }),
    ("~/.vonage/config.json", |cli| {
        cli.file(".vonage/config.json", vonage_json(), 0o644);
        cli
    }),
    ("./.nexmorc", |cli| {
        cli.file("here/.nexmorc", nexmo_ini(), 0o600);
        cli
    }),
    ("~/.nexmorc", |cli| {
        cli.file(".nexmorc", nexmo_ini(), 0o644);
        cli
    }),
];

/// A configuration file with one profile.
pub(crate) fn profile(lines: &str) -> String {
    format!("[profiles.a]\napi_key = \"{}\"\n{lines}\n", api::KEY)
}

fn vonage_json() -> String {
    serde_json::json!({"api-key": api::KEY, "api-secret": api::SECRET}).to_string()
}

fn nexmo_ini() -> String {
    format!("[credentials]\napi_key={}\napi_secret={}\n", api::KEY, api::SECRET)
}
