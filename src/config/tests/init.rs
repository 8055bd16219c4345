//! The file that `config init` writes is one that the program accepts, and that nobody else can read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use super::Home;
use crate::config::{ConfigFileChoice, NewProfile, write_new};
use crate::domain::{ApiKey, Auth, AuthMode, Secret};

fn profile(secret: &str, auth: AuthMode) -> NewProfile {
    NewProfile {
        name: "2fa".into(),
        api_key: ApiKey::parse("abcd1234").unwrap(),
        secret: Secret::new(secret.into()),
        auth,
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_file_is_private_in_a_private_folder() {
    let mut home = Home::new();
    let path = home.path("new/nexmo-conversion/config.toml");
    write_new(&path, &profile("s3cret", AuthMode::Form)).unwrap();
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let names: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.toml"], "no draft is left behind");
    home.surroundings.config_file = ConfigFileChoice::Explicit(path);
    assert_eq!(home.account().unwrap().profile.as_deref(), Some("2fa"));
}

#[test]
fn nothing_is_ever_overwritten() {
    let home = Home::new().config("# mine");
    let path = home.path("config.toml");
    let refused = write_new(&path, &profile("s3cret", AuthMode::Form));
    assert_eq!(home.told(refused), "~/config.toml exists already");
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine");
    assert_eq!(fs::read_dir(home.path("")).unwrap().count(), 3, "no draft is left behind");
    let dangling = home.path("dangling");
    symlink(home.path("nowhere"), &dangling).unwrap();
    assert!(write_new(&dangling, &profile("s3cret", AuthMode::Form)).is_err());
    assert!(!home.path("nowhere").exists());
}

#[test]
fn a_folder_that_cannot_be_is_told() {
    let home = Home::new().config("");
    let refused = write_new(&home.path("config.toml/config.toml"), &profile("s3cret", AuthMode::Form));
    assert!(home.told(refused).starts_with("cannot write ~/config.toml/config.toml: "));
}

#[test]
fn a_signature_secret_is_stored_as_one() {
    let home = Home::new();
    write_new(&home.path("config.toml"), &profile("s3cret", AuthMode::Signature)).unwrap();
    assert_eq!(home.account().unwrap().account.auth.mode(), AuthMode::Signature);
}

#[test]
fn names_that_cannot_be_shown_are_refused() {
    let home = Home::new();
    for name in ["", "a\nb"] {
        let profile = NewProfile { name: name.into(), ..profile("s3cret", AuthMode::Form) };
        assert!(write_new(&home.path("config.toml"), &profile).is_err());
    }
    assert!(!home.path("config.toml").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_secret_and_name_comes_back_as_it_was(secret in "[^\\p{Cc}\u{feff}]{1,40}", name in "[^\\p{Cc}]{1,10}") {
        let home = Home::new();
        let new = NewProfile { name: name.clone(), ..profile(&secret, AuthMode::Basic) };
        write_new(&home.path("config.toml"), &new).unwrap();
        let found = home.account().unwrap();
        prop_assert_eq!(found.profile, Some(name));
        prop_assert_eq!(found.account.auth, Auth::Basic(Secret::new(secret)));
    }
}
