//! What is said about a configuration that is wrong, and that none of it can be a secret.

use proptest::prelude::*;

use super::Home;
use crate::config::ConfigError;

fn message(config: &str) -> String {
    let home = Home::new().config(config);
    home.message(home.settings())
}

#[test]
fn unknown_keys_are_reported_with_position_and_nearest_name() {
    for (config, why) in [
        ("default_profil = 'a'", "1:1: unknown key `default_profil` (did you mean `default_profile`?)"),
        (
            "\n\n[profiles.a]\n\napi_key = 'k'\n\n  api_secrt = 's3cret'",
            "7:3: unknown key `api_secrt` (did you mean `api_secret`?)",
        ),
        ("[network]\nmax_tme = '1s'", "2:1: unknown key `max_tme` (did you mean `max_time`?)"),
        ("[batch]\nquux = 1", "2:1: unknown key `quux`"),
        // Each key belongs in its section only.
        ("[network]\njobs = 1", "2:1: unknown key `jobs`"),
        ("insecure = true", "1:1: unknown key `insecure`"),
        ("[network]\n'é' = 1\n", "2:1: unknown key `é`"),
        (r#""\u001b[31m" = 1"#, r"1:1: unknown key `\u{1b}[31m`"),
    ] {
        assert_eq!(message(config), format!("~/config.toml:{why}"), "{config}");
    }
}

#[test]
fn values_that_cannot_be_used_are_reported_with_position_and_reason() {
    for (config, why) in [
        (
            "[network]\nmax_time = 15",
            "2:12: `max_time` is not usable: must be a string with a unit such as \"15s\", not an integer",
        ),
        ("[network]\nmax_time = '15'", "2:12: `max_time` is not usable: `15` has no unit (try `15s`)"),
        ("[network]\nmax_time = '0s'", "2:12: `max_time` is not usable: must be more than zero"),
        ("[network]\nconnect_timeout = '25h'", "2:19: `connect_timeout` is not usable: must not be more than 1d"),
        ("[network]\nretry = 101", "2:9: `retry` is not usable: must be a whole number from 0 to 100"),
        ("[network]\nretry = -1", "2:9: `retry` is not usable: must be a whole number from 0 to 100"),
        ("[network]\nretry = '4'", "2:9: `retry` is not usable: must be an integer, not a string"),
        ("[network]\nretry = 4.0", "2:9: `retry` is not usable: must be a string or an integer, not a float"),
        ("[batch]\njobs = 0", "2:8: `jobs` is not usable: must be a whole number from 1 to 1024"),
        (
            "[batch]\njobs = 99999999999999999999",
            "2:8: `jobs` is not usable: must be a whole number from 1 to 1024",
        ),
        ("[batch]\nrate = '50'", "2:8: `rate` is not usable: `50` has no unit (try `50/s`)"),
        ("[batch]\nmax_age = '31d'", "2:11: `max_age` is not usable: must not be more than 30d"),
        (
            "[network]\nbase_url = 'https://u:s3cret@api.nexmo.com'",
            "2:12: `base_url` is not usable: a user name or password in the URL is not allowed",
        ),
        (
            "[network]\nproxy = 'http://u:s3cret@'",
            "2:9: `proxy` is not usable: neither `none` nor the URL of a proxy",
        ),
        ("[network]\ncacert = ''", "2:10: `cacert` is not usable: is empty"),
        ("network = 1", "1:11: `network` is not usable: must be a table, not an integer"),
        ("[profiles]\na = 's3cret'", "2:5: `a` is not usable: must be a table, not a string"),
        (
            "[profiles.'']\n",
            "1:1: `` is not usable: a profile's name must not be empty or contain control characters",
        ),
        (
            "[profiles.a]\nauth = 's3cret'",
            "2:8: `auth` is not usable: none of form, basic, query, signature, signature-query",
        ),
        (
            "[profiles.a]\nsignature_method = 'crc32'",
            "2:20: `signature_method` is not usable: none of md5hash, md5, sha1, sha256, sha512",
        ),
        ("[profiles.a]\napi_key = ''", "2:11: `api_key` is not usable: api_key is empty"),
        (
            "[profiles.a]\napi_secret = 123456",
            "2:14: `api_secret` is not usable: must be a string, not an integer",
        ),
        (
            "[profiles.a]\napi_secret_command = 'pass show s3cret'",
            "2:22: `api_secret_command` is not usable: must be an array of strings, the program and its arguments, not \
             a string",
        ),
        ("[profiles.a]\napi_secret_command = []", "2:22: `api_secret_command` is not usable: is empty"),
    ] {
        assert_eq!(message(config), format!("~/config.toml:{why}"), "{config}");
    }
}

#[test]
fn what_is_not_toml_is_reported_without_the_line() {
    for (config, why) in [
        ("[profiles.a]\napi_secret = s3cret", "2:14: string values must be quoted, expected literal string"),
        ("[profiles.a]\napi_secret = \"s3cret", "2:21: invalid basic string, expected `\"`"),
        ("[profiles.a]\ns3cret", "2:7: key with no value, expected `=`"),
        ("[network]\nretry = 1\nretry = 2", "3:1: duplicate key"),
    ] {
        assert_eq!(message(config), format!("~/config.toml:{why}"), "{config}");
    }
    let home = Home::new().file("config.toml", b"# \xc3\xa9\n[\xff]", 0o600);
    assert_eq!(home.message(home.settings()), "~/config.toml:2:2: not UTF-8");
}

#[test]
fn flags_and_variables_are_reported_by_their_names() {
    let home = Home::new().variable("NEXMO_CONVERSION_RETRY_MAX_TIME", "120");
    assert_eq!(
        home.message(home.settings()),
        "NEXMO_CONVERSION_RETRY_MAX_TIME is not usable: `120` has no unit (try `120s`)"
    );
    let home = Home::new().variable("NEXMO_CONVERSION_RETRY", "many");
    assert_eq!(
        home.message(home.settings()),
        "NEXMO_CONVERSION_RETRY is not usable: must be a whole number from 0 to 100"
    );
    let home = Home::new().typed(|typed| typed.batch.jobs = Some(0));
    let message = home.settings();
    assert!(matches!(message, Err(ConfigError::Flag { .. })));
    assert_eq!(home.message(message), "--jobs is not usable: must be a whole number from 1 to 1024");
    let home = Home::new().variable("NEXMO_API_KEY", "a:b").variable("NEXMO_API_SECRET", "s3cret");
    assert_eq!(
        home.message(home.account()),
        "NEXMO_API_KEY is not usable: api_key has a character that no api key has (':')"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Wherever a secret stands as a value, quoted or not, whole or damaged, no error shows it.
    #[test]
    fn no_error_shows_a_secret(
        key in "api_secret|api_key|auth|max_time|retry|rate|proxy|base_url|cacert|api_secret_command|typo",
        open in "|\"|'|\"\"\"|\\[|\\{|\\[\"|\\\\|0x",
        close in "|\"|'|\"\"\"|\\]|\\}|\"\\]|\n\\[",
        tail in "|\nx|= 1|\u{0}|\u{7f}|,|:",
    ) {
        let config = format!("[profiles.a]\n{key} = {open}TopS3cret{tail}{close}\n");
        let home = Home::new().config(&config);
        if let Err(error) = home.account() {
            let debug = format!("{error:?}");
            let message = format!("{} {debug}", home.message::<()>(Err(error)));
            prop_assert!(!message.contains("TopS3cret"), "{message}\n{config}");
        }
    }

    #[test]
    fn no_file_panics(config in "[\\[\\]a-z_=\"'\n .#{}0-9é-]{0,60}") {
        let home = Home::new().config(&config);
        let _ = home.settings();
    }
}
