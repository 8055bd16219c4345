//! The file that `config init` writes is one that the program accepts, and that no other user can read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use proptest::prelude::*;

use super::Home;
use crate::config::{ConfigFileChoice, NewProfile, add_profile, write_new};
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
    assert_eq!(home.message(refused), "~/config.toml exists already");
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine");
    assert_eq!(fs::read_dir(home.path("")).unwrap().count(), 3, "no draft is left behind");
    let dangling = home.path("dangling");
    symlink(home.path("nowhere"), &dangling).unwrap();
    assert!(write_new(&dangling, &profile("s3cret", AuthMode::Form)).is_err());
    assert!(!home.path("nowhere").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_reported() {
    let home = Home::new().config("");
    let refused = write_new(&home.path("config.toml/config.toml"), &profile("s3cret", AuthMode::Form));
    assert!(home.message(refused).starts_with("cannot write ~/config.toml/config.toml: "));
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

fn named(name: &str) -> NewProfile {
    NewProfile { name: name.into(), ..profile("0other0", AuthMode::Basic) }
}

#[test]
fn a_profile_is_added_and_everything_else_stays() {
    let before = "# mine\n\n[profiles.b] # the second\napi_key = 'efgh5678'   # literal\napi_secret = \"x\"\n\n[profiles.a]\napi_key = \
                  \"ijkl9012\"\napi_secret = \"x\"\n\n[network]\nretry = 2 # not more\n";
    let home = Home::new().config(before);
    let path = home.path("config.toml");
    add_profile(&path, &named("new one")).unwrap();
    let after = fs::read_to_string(&path).unwrap();
    let added = "[profiles.\"new one\"]\napi_key = \"abcd1234\"\napi_secret = \"0other0\"\nauth = \"basic\"\n";
    assert!(after.contains(added), "{after}");
    let rest = after.replace(added, "");
    assert_eq!(
        rest.split_whitespace().collect::<Vec<_>>(),
        before.split_whitespace().collect::<Vec<_>>(),
        "{after}"
    );
    assert_eq!(mode(&path), 0o600);
    let refused = add_profile(&path, &named("a"));
    assert_eq!(home.message(refused), "~/config.toml has a profile `a` already");
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
}

#[test]
fn a_link_to_the_file_stays_a_link() {
    let home = Home::new().config("# kept elsewhere\n");
    let link = home.path("link.toml");
    symlink(home.path("config.toml"), &link).unwrap();
    add_profile(&link, &named("new")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(home.path("config.toml")).unwrap().contains("[profiles.new]"));
}

#[test]
fn what_was_chosen_as_the_only_profile_is_still_chosen() {
    for before in [
        "[profiles.only]\napi_key = \"efgh5678\"\napi_secret = \"x\"\n",
        "profiles = { only = { api_key = \"efgh5678\", api_secret = \"x\" } }\n",
        "profiles.only.api_key = \"efgh5678\"\nprofiles.only.api_secret = \"x\"\n[network]\nretry = 1\n",
    ] {
        let home = Home::new().config(before);
        add_profile(&home.path("config.toml"), &named("new")).unwrap();
        assert_eq!(home.account().unwrap().profile.as_deref(), Some("only"), "{before}");
        let home = home.typed(|typed| typed.profile = Some("new".into()));
        assert_eq!(home.account().unwrap().account.auth, Auth::Basic(Secret::new("0other0".into())), "{before}");
    }
    let home = Home::new().config("# nothing yet\n");
    add_profile(&home.path("config.toml"), &named("new")).unwrap();
    assert_eq!(home.account().unwrap().profile.as_deref(), Some("new"));
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
