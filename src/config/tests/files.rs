//! Which files are trusted with a secret.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::Home;
use crate::config::ConfigFileChoice;

const SECRET: &str = "[profiles.a]\napi_key = 'k'\napi_secret = 's3cret'\n";
const NO_SECRET: &str = "[profiles.a]\napi_key = 'k'\napi_secret_command = ['pass']\n";

#[test]
fn a_config_file_with_a_secret_must_be_closed_to_others() {
    for open in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666] {
        let home = Home::new().file("config.toml", SECRET, open);
        assert_eq!(
            home.message(home.settings()),
            format!("~/config.toml holds a secret and is open to others (mode {open:04o})")
        );
        let home = home.file("config.toml", NO_SECRET, open);
        if open & 0o022 == 0 {
            assert!(home.settings().is_ok(), "{open:o}");
        } else {
            assert_eq!(
                home.message(home.settings()),
                format!("~/config.toml can be changed by others (mode {open:04o})")
            );
        }
    }
    for closed in [0o600, 0o400, 0o700] {
        assert!(Home::new().file("config.toml", SECRET, closed).settings().is_ok(), "{closed:o}");
    }
}

#[test]
fn every_kind_of_stored_secret_counts() {
    for secret in [
        "[profiles.a]\nsignature_secret = 's3cret'",
        "[network]\nproxy = 'http://u:s3cret@proxy'",
        "[profiles.a]\nproxy = 'http://u:s3cret@proxy'",
    ] {
        let home = Home::new().file("config.toml", secret, 0o644);
        assert!(home.message(home.settings()).ends_with("open to others (mode 0644)"), "{secret}");
    }
    let harmless = Home::new().file("config.toml", "[network]\nproxy = 'http://proxy'", 0o644);
    assert!(harmless.settings().is_ok());
}

#[test]
fn a_config_file_may_be_reached_through_a_link_of_ones_own() {
    let home = Home::new().file("elsewhere.toml", SECRET, 0o600);
    symlink(home.path("elsewhere.toml"), home.path("config.toml")).unwrap();
    assert!(home.settings().is_ok());
    let home = home.file("elsewhere.toml", SECRET, 0o640);
    assert_eq!(home.message(home.settings()), "~/config.toml holds a secret and is open to others (mode 0640)");
}

#[test]
fn only_the_usual_config_file_may_be_absent() {
    let mut home = Home::new();
    assert!(home.settings().is_ok());
    home.surroundings.config_file = ConfigFileChoice::Explicit(home.path("mine.toml"));
    assert_eq!(home.message(home.settings()), "cannot read ~/mine.toml: No such file or directory (os error 2)");
    home.surroundings.config_file = ConfigFileChoice::Explicit("/dev/null".into());
    assert!(home.settings().is_ok());
    home.surroundings.config_file = ConfigFileChoice::Default(home.path("home"));
    assert_eq!(home.message(home.settings()), "~/home is not a regular file");
    home.surroundings.config_file = ConfigFileChoice::Explicit("/dev/zero".into());
    assert_eq!(home.message(home.settings()), "/dev/zero is larger than 1048576 bytes");
}

#[test]
fn a_named_pipe_as_config_file_is_refused_and_not_waited_for() {
    let home = Home::new();
    home.pipe("config.toml");
    assert_eq!(home.message(home.settings()), "~/config.toml is not a regular file");
}

fn with_secret_file() -> Home {
    Home::new()
        .config("[profiles.a]\napi_key = 'k'\napi_secret_file = 'secret'\n")
        .file("secret", "s3cret\n", 0o600)
}

#[test]
fn a_secret_file_stands_beside_the_config_file_and_may_be_a_link() {
    let home = with_secret_file();
    assert!(home.account().is_ok());
    fs::rename(home.path("secret"), home.path("target")).unwrap();
    symlink(home.path("target"), home.path("secret")).unwrap();
    assert!(home.account().unwrap().warnings.is_empty());
}

#[test]
fn a_secret_file_that_others_may_write_is_refused() {
    let home = with_secret_file().file("secret", "s3cret", 0o622);
    assert_eq!(
        home.message(home.account()),
        "no usable secret from api_secret_file of profile \"a\" (~/config.toml): ~/secret holds a secret and is open to \
         others (mode 0622)"
    );
}

#[test]
fn what_root_lets_others_read_is_only_warned_about_and_what_the_user_does_is_refused() {
    let home = with_secret_file().file("secret", "s3cret", 0o444);
    let message = home.account();
    if rustix::process::geteuid().is_root() {
        let warnings = message.unwrap().warnings;
        assert_eq!(
            home.redacted(&warnings[0].to_string()),
            "~/secret holds a secret and can be read by others (mode 0444)"
        );
    } else {
        assert!(home.message(message).ends_with("open to others (mode 0444)"));
    }
}

#[test]
fn files_of_other_users_are_not_trusted() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = with_secret_file();
    std::os::unix::fs::chown(home.path("secret"), Some(12345), None).unwrap();
    assert!(home.message(home.account()).ends_with("~/secret belongs to another user (uid 12345)"));
    let home = Home::new().config(SECRET);
    std::os::unix::fs::chown(home.path("config.toml"), Some(12345), None).unwrap();
    assert_eq!(home.message(home.account()), "~/config.toml belongs to another user (uid 12345)");
}

#[test]
fn unusable_secret_files_are_reported_with_their_faults() {
    for (bytes, why) in [
        (vec![], "the secret is empty"),
        (b"a\nb\n".to_vec(), "the secret has more than one line"),
        (vec![b'x'; 64 * 1024 + 1], "~/secret is larger than 65536 bytes"),
    ] {
        let home = with_secret_file().file("secret", bytes, 0o600);
        assert_eq!(
            home.message(home.account()),
            format!("no usable secret from api_secret_file of profile \"a\" (~/config.toml): {why}")
        );
    }
}

#[test]
fn a_variable_may_name_a_pipe_of_the_shells_making() {
    let home = Home::new().variable("VONAGE_API_KEY", "k").variable("VONAGE_API_SECRET_FILE", "pipe");
    let pipe = home.path("work/pipe");
    home.pipe("work/pipe");
    let writer = std::thread::spawn(move || fs::write(pipe, "s3cret\n").unwrap());
    assert_eq!(home.account().unwrap().secret.to_string(), "VONAGE_API_SECRET_FILE");
    writer.join().unwrap();
    // A regular file there is judged as any other.
    let home = home.file("work/file", "s3cret", 0o666).variable("VONAGE_API_SECRET_FILE", "file");
    assert_eq!(
        home.message(home.account()),
        "no usable secret from VONAGE_API_SECRET_FILE: ~/work/file holds a secret and is open to others (mode 0666)"
    );
    fs::set_permissions(home.path("work/file"), Permissions::from_mode(0o600)).unwrap();
    assert!(home.account().is_ok());
}
