//! Which source has a setting.

use std::time::Duration;

use super::Home;
use crate::config::{Configuration, Overrides, ProxySetting, show};
use crate::domain::Secret;

const STORED: &str = r#"
[profiles.a]
api_key = "k"
api_secret = "s3cret"
max_time = "3s"
jobs = 3
[network]
max_time = "4s"
[batch]
jobs = 4
"#;

fn from(home: &Home) -> [(String, String); 2] {
    let settings = home.settings().unwrap();
    [
        (format!("{:?}", settings.max_time.value), home.redacted(&settings.max_time.origin.to_string())),
        (settings.jobs.value.to_string(), home.redacted(&settings.jobs.origin.to_string())),
    ]
}

fn pairs<const N: usize>(expected: [(&str, &str); N]) -> [(String, String); N] {
    expected.map(|(value, origin)| (value.into(), origin.into()))
}

#[test]
fn flag_then_variable_then_profile_then_section_then_default() {
    let home = Home::new()
        .config(STORED)
        .variable("NEXMO_CONVERSION_MAX_TIME", "2s")
        .variable("NEXMO_CONVERSION_JOBS", "2")
        .typed(|typed| {
            typed.max_time = Some(Duration::from_secs(1));
            typed.batch.jobs = Some(1);
        });
    assert_eq!(from(&home), pairs([("1s", "--max-time"), ("1", "--jobs")]));
    let home = home.typed(|typed| *typed = Overrides::default());
    assert_eq!(from(&home), pairs([("2s", "NEXMO_CONVERSION_MAX_TIME"), ("2", "NEXMO_CONVERSION_JOBS")]));
    let home = home.variable("NEXMO_CONVERSION_MAX_TIME", "").variable("NEXMO_CONVERSION_JOBS", "");
    let profile = r#"profile "a" (~/config.toml)"#;
    assert_eq!(from(&home), pairs([("3s", profile), ("3", profile)]));
    // The credentials come from elsewhere, and with them the profile no longer holds.
    let home = home.variable("VONAGE_API_KEY", "k");
    assert_eq!(from(&home), pairs([("4s", "[network] in ~/config.toml"), ("4", "[batch] in ~/config.toml")]));
    let home = home.config("");
    assert_eq!(from(&home), pairs([("15s", "default"), ("16", "default")]));
}

#[test]
fn everything_is_shown_with_its_origin_and_no_secret() {
    let home = Home::new()
        .config(
            r#"
            [profiles.2fa]
            api_key = "abcd1234"
            api_secret = "s3cret"
            cacert = "ca.pem"
            [network]
            proxy = "http://user:s3cret@proxy:3128"
            [batch]
            rate = "50/s"
            "#,
        )
        .variable("NEXMO_CONVERSION_MAX_AGE", "15m")
        .typed(|typed| typed.base_url = Some("https://gw.example/nexmo/".into()));
    let (settings, account) = (home.settings().unwrap(), home.account().unwrap());
    let shown: Vec<_> = show(&settings, Some(&account))
        .into_iter()
        .map(|row| home.redacted(&format!("{} = {}  # {}", row.key, row.value, row.origin)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    api_key = abcd1234  # profile "2fa" (~/config.toml)
    auth = form  # default
    api_secret = ********  # profile "2fa" (~/config.toml)
    base_url = https://gw.example/nexmo  # --base-url
    proxy = http://********@proxy:3128  # [network] in ~/config.toml
    cacert = ~/ca.pem  # profile "2fa" (~/config.toml)
    connect_timeout = 5s  # default
    max_time = 15s  # default
    retry = 4  # default
    retry_max_time = 2m  # default
    jobs = 16  # default
    rate = 50/s  # [batch] in ~/config.toml
    max_age = 15m  # NEXMO_CONVERSION_MAX_AGE
    ledger = ~/state/ledger.db  # default
    "#);
    let home = home
        .variable("VONAGE_API_SECRET", "s3cret")
        .typed(|typed| typed.proxy = Some(Secret::new("http://user:s3cret@proxy".into())));
    let read = Configuration::read(&home.surroundings).unwrap();
    let everything = format!("{settings:?}{account:?}{read:?}{:?}", home.overrides);
    assert!(!everything.contains("s3cret"), "{everything}");
}

#[test]
fn without_any_configuration_every_setting_has_its_default() {
    let home = Home::new();
    let settings = home.settings().unwrap();
    assert_eq!(settings.base_url.value.to_string(), "https://api.nexmo.com");
    assert_eq!(settings.proxy.value, ProxySetting::FromEnvironment);
    let shown: Vec<_> = show(&settings, None)
        .into_iter()
        .map(|row| {
            assert_eq!(row.origin.to_string(), "default");
            home.redacted(&format!("{} = {}", row.key, row.value))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    base_url = https://api.nexmo.com
    proxy = as the environment says
    cacert = none
    connect_timeout = 5s
    max_time = 15s
    retry = 4
    retry_max_time = 2m
    jobs = 16
    rate = none
    max_age = none
    ledger = ~/state/ledger.db
    ");
}

#[test]
fn relative_paths_start_where_they_were_written() {
    let cacert = |home: &Home| home.settings().unwrap().cacert.value.unwrap();
    let home = Home::new().config("[network]\ncacert = \"ca.pem\"\n");
    assert_eq!(cacert(&home), home.path("ca.pem"));
    let home = home.config("[network]\ncacert = \"~/ca.pem\"\n");
    assert_eq!(cacert(&home), home.path("home/ca.pem"));
    let home = home.variable("NEXMO_CONVERSION_CACERT", "ca.pem");
    assert_eq!(cacert(&home), home.path("work/ca.pem"));
    let home = home.typed(|typed| typed.cacert = Some("/etc/ca.pem".into()));
    assert_eq!(cacert(&home), std::path::Path::new("/etc/ca.pem"));
}

#[test]
fn a_ledger_is_named_by_flag_variable_profile_section_or_not_at_all() {
    let named = |home: &Home| {
        let ledger = home.settings().unwrap().ledger;
        let shown = ledger.address.value.map_or_else(|| "nowhere".to_owned(), |place| place.to_string());
        home.redacted(&format!("{shown}, {} ({})", ledger.address.origin, ledger.schema.value))
    };
    let home = Home::new()
        .config(
            r#"
            [profiles.a]
            api_key = "k"
            api_secret = "s3cret"
            ledger = "postgres://profile/d"
            [ledger]
            url = "postgres://section/d"
            schema = "ledgers"
            "#,
        )
        .variable("NEXMO_CONVERSION_LEDGER", "postgres://variable/d")
        .typed(|typed| typed.ledger = Some("postgres://flag/d".into()));
    assert_eq!(named(&home), "postgres://flag/d, --ledger (ledgers)");
    let home = home.typed(|typed| typed.ledger = None);
    assert_eq!(named(&home), "postgres://variable/d, NEXMO_CONVERSION_LEDGER (ledgers)");
    let home = home.variable("NEXMO_CONVERSION_LEDGER", "");
    assert_eq!(named(&home), r#"postgres://profile/d, profile "a" (~/config.toml) (ledgers)"#);
    let home = home.config("[ledger]\nurl = \"ledger.db\"\n");
    assert_eq!(named(&home), "~/ledger.db, [ledger] in ~/config.toml (nexmo_conversion)");
    let home = home.config("");
    assert_eq!(named(&home), "~/state/ledger.db, default (nexmo_conversion)");
}

#[test]
fn a_servers_settings_have_bounds_and_names() {
    for (line, wrong) in [
        ("schema = \"No\"", "`schema` is not usable: must be a lower-case name"),
        ("lease = \"1s\"", "`lease` is not usable: must be from 5s to 5m"),
        ("linger = \"2s\"", "`linger` is not usable: must be from 0s to 1s"),
        ("keep = \"1h\"", "`keep` is not usable: must be from 1d to 366d"),
        ("durability = \"none\"", "`durability` is not usable: none of strict, server"),
        ("url = \"mysql://h/d\"", "`url` is not usable: `mysql://` is neither"),
        ("leas = \"1s\"", "unknown key `leas` (did you mean `lease`?)"),
    ] {
        let home = Home::new().config(&format!("[ledger]\n{line}\n"));
        let message = home.message(home.settings());
        assert!(message.contains(wrong), "{message}");
    }
}
