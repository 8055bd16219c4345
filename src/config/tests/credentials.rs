//! Which source has the credential, and what is said when none has a whole one.

use super::Home;
use crate::config::{ConfigError, ResolvedAccount};
use crate::domain::{Auth, AuthMode, SignatureMethod, SignedTimestamp};

const TWO_PROFILES: &str = r#"
[profiles.2fa]
api_key = "key-2fa"
api_secret = "s3cret-2fa"
[profiles.alerts]
api_key = "key-alerts"
api_secret = "s3cret-alerts"
"#;

/// Every source at once; the tests below take the first away, again and again.
fn everything() -> Home {
    Home::new()
        .typed(|typed| typed.profile = Some("alerts".into()))
        .variable("NEXMO_CONVERSION_PROFILE", "2fa")
        .variable("VONAGE_API_KEY", "key-vonage")
        .variable("VONAGE_API_SECRET", "s3cret-vonage")
        .variable("NEXMO_API_KEY", "key-nexmo")
        .variable("NEXMO_API_SECRET", "s3cret-nexmo")
        .config(&format!("default_profile = \"alerts\"\n{TWO_PROFILES}"))
        .file("work/.vonagerc", r#"{"api-key":"key-work-vonage","api-secret":"s3cret"}"#, 0o600)
        .file("home/.vonage/config.json", r#"{"apiKey":"key-home-vonage","apiSecret":"s3cret"}"#, 0o600)
        .file("work/.nexmorc", "[credentials]\napi_key=key-work-nexmo\napi_secret=s3cret\n", 0o600)
        .file("home/.nexmorc", "[credentials]\napi_key = key-home-nexmo\napi_secret = s3cret\n", 0o600)
}

fn who(home: &Home) -> (String, Option<String>, String) {
    let found = home.account().unwrap();
    (found.account.api_key.to_string(), found.profile, home.redacted(&found.secret.to_string()))
}

fn secret(found: &ResolvedAccount) -> &str {
    match &found.account.auth {
        Auth::Form(secret) | Auth::Basic(secret) | Auth::Query(secret) | Auth::Signature { secret, .. } => {
            secret.expose()
        }
    }
}

#[test]
fn the_first_source_that_has_any_of_it_wins() {
    let mut home = everything();
    let mut wins = |key: &str, profile: Option<&str>, origin: &str, take_away: &dyn Fn(Home) -> Home| {
        let current = std::mem::replace(&mut home, Home::new());
        assert_eq!(who(&current), (key.into(), profile.map(Into::into), origin.into()));
        home = take_away(current);
    };
    let without = |name: &'static str| move |home: Home| home.variable(name, "");
    let removed = |name: &'static str| {
        move |home: Home| {
            std::fs::remove_file(home.path(name)).unwrap();
            home
        }
    };
    wins("key-alerts", Some("alerts"), r#"profile "alerts" (~/config.toml)"#, &|home| {
        home.typed(|typed| typed.profile = None)
    });
    wins("key-2fa", Some("2fa"), r#"profile "2fa" (~/config.toml)"#, &without("NEXMO_CONVERSION_PROFILE"));
    wins("key-vonage", None, "VONAGE_API_SECRET", &|home| {
        home.variable("VONAGE_API_KEY", "").variable("VONAGE_API_SECRET", "")
    });
    wins("key-nexmo", None, "NEXMO_API_SECRET", &|home| {
        home.variable("NEXMO_API_KEY", "").variable("NEXMO_API_SECRET", "")
    });
    wins("key-alerts", Some("alerts"), r#"profile "alerts" (~/config.toml)"#, &|home| {
        home.config("[profiles.only]\napi_key = \"key-only\"\napi_secret = \"s3cret\"\n")
    });
    wins("key-only", Some("only"), r#"profile "only" (~/config.toml)"#, &|home| home.config(TWO_PROFILES));
    wins("key-work-vonage", None, "~/work/.vonagerc", &removed("work/.vonagerc"));
    wins("key-home-vonage", None, "~/home/.vonage/config.json", &removed("home/.vonage/config.json"));
    wins("key-work-nexmo", None, "~/work/.nexmorc", &removed("work/.nexmorc"));
    wins("key-home-nexmo", None, "~/home/.nexmorc", &removed("home/.nexmorc"));
    assert_eq!(
        home.message(home.account()),
        "~/config.toml has several profiles and no default_profile: 2fa, alerts"
    );
    let home = home.config("");
    assert_eq!(
        home.message(home.account()),
        "no credentials found; looked at --profile, NEXMO_CONVERSION_PROFILE, VONAGE_API_KEY and \
         VONAGE_API_SECRET/VONAGE_API_SECRET_FILE, NEXMO_API_KEY and NEXMO_API_SECRET/NEXMO_API_SECRET_FILE, \
         default_profile in ~/config.toml, the profiles in ~/config.toml (none), \
         ~/work/.vonagerc, ~/home/.vonage/config.json, ~/work/.nexmorc, ~/home/.nexmorc"
    );
}

#[test]
fn half_a_credential_names_the_other_half_and_does_not_fall_through() {
    let message = |name: &str, value: &str| {
        let home = everything()
            .typed(|typed| typed.profile = None)
            .variable("NEXMO_CONVERSION_PROFILE", "")
            .variable("VONAGE_API_KEY", "")
            .variable("VONAGE_API_SECRET", "")
            .variable(name, value);
        home.message(home.account())
    };
    assert_eq!(
        message("VONAGE_API_KEY", "k"),
        "VONAGE_API_SECRET (or VONAGE_API_SECRET_FILE) is missing beside VONAGE_API_KEY"
    );
    for secret in
        ["VONAGE_API_SECRET", "VONAGE_API_SECRET_FILE", "VONAGE_SIGNATURE_SECRET", "VONAGE_SIGNATURE_SECRET_FILE"]
    {
        assert_eq!(message(secret, "s3cret"), format!("VONAGE_API_KEY is missing beside {secret}"));
    }
    for (config, why) in [
        ("[profiles.a]\napi_key = 'k'", "api_secret (or api_secret_file, or api_secret_command) is missing"),
        ("[profiles.a]\napi_secret = 's3cret'", "api_key is missing"),
        (
            "[profiles.a]\napi_key = 'k'\napi_secret = 's3cret'\nauth = 'signature'",
            "signature_secret (or signature_secret_file, or signature_secret_command) is missing",
        ),
    ] {
        let home = Home::new().config(config);
        assert_eq!(home.message(home.account()), format!(r#"{why} in profile "a" (~/config.toml)"#));
    }
    let home = Home::new().file("home/.nexmorc", "[credentials]\napi_key=k\n", 0o600);
    assert_eq!(home.message(home.account()), "api_secret is missing in ~/home/.nexmorc");
}

#[test]
fn a_secret_and_a_file_for_it_contradict_each_other() {
    let home = Home::new()
        .variable("NEXMO_API_KEY", "k")
        .variable("NEXMO_API_SECRET", "s3cret")
        .variable("NEXMO_API_SECRET_FILE", "f");
    assert_eq!(
        home.message(home.account()),
        "NEXMO_API_SECRET and NEXMO_API_SECRET_FILE are both set, and only one of them can hold"
    );
    let home = Home::new().config("[profiles.a]\napi_secret = 's3cret'\napi_secret_command = ['pass']\n");
    assert_eq!(
        home.message(home.account()),
        "api_secret and api_secret_command (~/config.toml:3:22) are both set, and only one of them can hold"
    );
}

#[test]
fn an_unknown_profile_is_answered_with_those_that_there_are() {
    let home = Home::new().config(TWO_PROFILES).typed(|typed| typed.profile = Some("alert".into()));
    assert_eq!(
        home.message(home.account()),
        "--profile asks for profile \"alert\", which is not in ~/config.toml (there: 2fa, alerts) (did you mean \
         `alerts`?)"
    );
    // The settings of a profile that does not exist are as wrong as its credentials.
    assert!(matches!(home.settings(), Err(ConfigError::UnknownProfile { .. })));
    let home = Home::new().variable("NEXMO_CONVERSION_PROFILE", "x");
    assert_eq!(
        home.message(home.account()),
        "NEXMO_CONVERSION_PROFILE asks for profile \"x\", which is not in ~/config.toml (no profiles there)"
    );
    let home = Home::new().config("default_profile = \"x\"");
    assert!(home.message(home.account()).starts_with("default_profile asks for profile \"x\""));
}

#[test]
fn the_mode_is_the_variables_then_the_profiles_then_what_the_secret_is_for() {
    let mode = |home: &Home| {
        let found = home.account().unwrap();
        (found.account.auth.mode(), found.auth.to_string())
    };
    let plain = || Home::new().variable("VONAGE_API_KEY", "k").variable("VONAGE_API_SECRET", "s3cret");
    assert_eq!(mode(&plain()), (AuthMode::Form, "default".into()));
    assert_eq!(
        mode(&plain().variable("NEXMO_CONVERSION_AUTH", "basic")),
        (AuthMode::Basic, "NEXMO_CONVERSION_AUTH".into())
    );
    let signed = Home::new()
        .variable("VONAGE_API_KEY", "k")
        .variable("VONAGE_SIGNATURE_SECRET", "s3cret")
        .variable("VONAGE_SIGNATURE_METHOD", "sha256")
        .variable("VONAGE_SIGNATURE_TIMESTAMP", "epoch");
    let found = signed.account().unwrap();
    assert!(matches!(
        found.account.auth,
        Auth::Signature { method: SignatureMethod::Sha256, timestamp: SignedTimestamp::Epoch, .. }
    ));
    let stored = || Home::new().config("[profiles.a]\napi_key='k'\napi_secret='s3cret'\nauth='query'\n");
    assert_eq!(mode(&stored()).0, AuthMode::Query);
    assert_eq!(mode(&stored().variable("NEXMO_CONVERSION_AUTH", "BASIC")).0, AuthMode::Basic);
    let wrong = stored().variable("NEXMO_CONVERSION_AUTH", "s3cret");
    assert_eq!(
        wrong.message(wrong.account()),
        "NEXMO_CONVERSION_AUTH is not usable: none of form, basic, query, signature, signature-query"
    );
}

#[test]
fn only_the_secret_that_is_used_is_fetched() {
    let home = Home::new().config(
        r#"
        [profiles.used]
        api_key = "k"
        api_secret_command = ["printf", "s3cret\n"]
        signature_secret_command = ["no-such-program-here"]
        [profiles.other]
        api_key = "k"
        api_secret_command = ["no-such-program-here"]
        "#,
    );
    let home = home.typed(|typed| typed.profile = Some("used".into()));
    assert_eq!(secret(&home.account().unwrap()), "s3cret");
    let home = home.typed(|typed| typed.profile = Some("other".into()));
    assert_eq!(
        home.message(home.account()),
        "no usable secret from api_secret_command of profile \"other\" (~/config.toml): there is no program \
         `no-such-program-here`"
    );
}

#[test]
fn vendor_files_without_credentials_are_passed_by_and_broken_ones_are_not() {
    let good = r#"{"api-key":"k","api-secret":"s3cret"}"#;
    let home = Home::new().file("work/.vonagerc", r#"{"app-id":"x"}"#, 0o600).file(
        "home/.vonage/config.json",
        good,
        0o644,
    );
    let found = home.account().unwrap();
    assert_eq!(secret(&found), "s3cret");
    let warnings: Vec<_> = found.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings.iter().map(|text| home.redacted(text)).collect::<Vec<_>>(),
        ["~/home/.vonage/config.json holds a secret and can be read by others (mode 0644)"]
    );
    let home = home.file("work/.vonagerc", "{\n\"api-secret\": s3cret}", 0o600);
    assert_eq!(home.message(home.account()), "~/work/.vonagerc:2: not the JSON that vonage-cli writes");
    let home = Home::new().file("work/.nexmorc", "[credentials]\ns3cret\n[", 0o600);
    assert_eq!(home.message(home.account()), "~/work/.nexmorc:3: not the INI that nexmo-cli writes");
}

#[test]
fn a_vendor_file_that_another_user_put_there_is_not_used() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new().file("work/.nexmorc", "[credentials]\napi_key=k\napi_secret=s3cret\n", 0o644);
    std::os::unix::fs::chown(home.path("work/.nexmorc"), Some(12345), None).unwrap();
    assert_eq!(home.message(home.account()), "~/work/.nexmorc belongs to another user (uid 12345)");
}

#[test]
fn an_unknown_home_is_not_looked_into() {
    let mut home = Home::new().file("home/.nexmorc", "[credentials]\napi_key=k\napi_secret=s3cret\n", 0o600);
    assert!(home.account().is_ok());
    home.surroundings.home = None;
    let message = home.message(home.account());
    assert!(
        message.ends_with("the profiles in ~/config.toml (none), ~/work/.vonagerc, ~/work/.nexmorc"),
        "{message}"
    );
}
