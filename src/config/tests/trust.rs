//! Whose files are obeyed: a file must be the user's or root's, and so must be every folder and link on the way to it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};

use super::Home;
use crate::config::ConfigFileChoice;

const CONFIG: &str = "[network]\nbase_url = 'https://attacker.example'\n";
const STRANGER: u32 = 12345;

/// Only root can give files away. `tests/program` tries the rest.
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn open(home: &Home, name: &str, mode: u32) {
    fs::set_permissions(home.path(name), Permissions::from_mode(mode)).unwrap();
}

/// A configuration in a folder of its own.
fn nested() -> Home {
    let mut home = Home::new().file("a/b/config.toml", CONFIG, 0o600);
    home.surroundings.config_file = ConfigFileChoice::Default(home.path("a/b/config.toml"));
    home
}

#[test]
fn a_configuration_that_others_can_change_is_refused_without_a_secret_in_it_too() {
    for mode in [0o666, 0o620, 0o602, 0o660, 0o646] {
        let home = nested();
        open(&home, "a/b/config.toml", mode);
        assert_eq!(
            home.message(home.settings()),
            format!("~/a/b/config.toml can be changed by others (mode {mode:04o})")
        );
    }
    for mode in [0o644, 0o444, 0o755] {
        let home = nested();
        open(&home, "a/b/config.toml", mode);
        assert!(home.settings().is_ok(), "{mode:o}");
    }
}

#[test]
fn a_folder_on_the_way_that_others_can_change_is_refused() {
    for folder in ["a", "a/b"] {
        for mode in [0o777, 0o775, 0o757, 0o2775] {
            let home = nested();
            open(&home, folder, mode);
            assert_eq!(
                home.message(home.settings()),
                format!(
                    "the way to ~/a/b/config.toml leads through ~/{folder}, which others can change (mode {mode:04o})"
                )
            );
        }
        // As in `/tmp`, where only an entry's owner can replace it.
        for mode in [0o1777, 0o3775, 0o711] {
            let home = nested();
            open(&home, folder, mode);
            assert!(home.settings().is_ok(), "{folder} {mode:o}");
        }
    }
}

#[test]
fn what_another_user_owns_on_the_way_is_refused() {
    if !is_root() {
        return;
    }
    for place in ["a", "a/b"] {
        let home = nested();
        chown(home.path(place), Some(STRANGER), None).unwrap();
        assert_eq!(
            home.message(home.settings()),
            format!(
                "the way to ~/a/b/config.toml leads over ~/{place}, which belongs to another user (uid 12345)"
            )
        );
    }
    let home = nested();
    chown(home.path("a/b/config.toml"), Some(STRANGER), None).unwrap();
    assert_eq!(home.message(home.settings()), "~/a/b/config.toml belongs to another user (uid 12345)");
}

#[test]
fn another_users_link_is_refused_wherever_it_leads() {
    if !is_root() {
        return;
    }
    let mut home = nested();
    symlink("b", home.path("a/folder")).unwrap();
    symlink("../a/./folder/config.toml", home.path("a/link")).unwrap();
    home.surroundings.config_file = ConfigFileChoice::Explicit(home.path("a/link"));
    assert!(home.settings().is_ok());
    for link in ["a/link", "a/folder"] {
        lchown(home.path(link), Some(STRANGER), None).unwrap();
        assert_eq!(
            home.message(home.settings()),
            format!("the way to ~/a/link leads over ~/{link}, which belongs to another user (uid 12345)")
        );
        lchown(home.path(link), Some(0), None).unwrap();
    }
    // A folder that is reached only by the link counts as much as one that stands in the path.
    open(&home, "a/b", 0o777);
    assert_eq!(
        home.message(home.settings()),
        "the way to ~/a/link leads through ~/a/b, which others can change (mode 0777)"
    );
}

#[test]
fn a_way_is_walked_as_the_system_walks_it() {
    let mut home = nested();
    symlink("circle", home.path("circle")).unwrap();
    home.surroundings.config_file = ConfigFileChoice::Explicit(home.path("circle"));
    assert!(home.message(home.settings()).starts_with("cannot read ~/circle"));
    // Behind a link, `..` is where the link leads to, and the folder that the text names is not passed through.
    let home = home.file("x/y/config.toml", CONFIG, 0o600);
    symlink(home.path("x/y"), home.path("a/link")).unwrap();
    let mut home = home.file("x/config.toml", CONFIG, 0o666);
    home.surroundings.config_file = ConfigFileChoice::Explicit(home.path("a/link/../config.toml"));
    assert!(home.message(home.settings()).ends_with("can be changed by others (mode 0666)"));
    open(&home, "x/config.toml", 0o600);
    open(&home, "x", 0o777);
    assert!(home.message(home.settings()).contains("leads through ~/x, which others can change"));
    open(&home, "x", 0o755);
    open(&home, "a", 0o777);
    assert!(home.message(home.settings()).contains("leads through ~/a, which others can change"));
}

#[test]
fn a_mounted_secret_of_roots_that_a_group_may_read_is_used_without_a_word() {
    if !is_root() {
        return;
    }
    // As Kubernetes mounts it: a sticky folder, a link to a link, and the group of the pod.
    let home = Home::new().config("[profiles.a]\napi_key = 'k'\napi_secret_file = 'mount/secret'\n").file(
        "mount/..2026/secret",
        "s3cret",
        0o440,
    );
    chown(home.path("mount/..2026/secret"), Some(0), Some(2000)).unwrap();
    open(&home, "mount", 0o3777);
    symlink("..2026", home.path("mount/..data")).unwrap();
    symlink("..data/secret", home.path("mount/secret")).unwrap();
    assert_eq!(home.account().unwrap().warnings, []);
    open(&home, "mount/..2026/secret", 0o640);
    assert_eq!(home.account().unwrap().warnings, []);
    open(&home, "mount/..2026/secret", 0o444);
    assert_eq!(home.account().unwrap().warnings.len(), 1);
    for mode in [0o460, 0o660, 0o442] {
        open(&home, "mount/..2026/secret", mode);
        assert!(home.message(home.account()).ends_with(&format!("is open to others (mode {mode:04o})")));
    }
}

#[test]
fn a_file_of_the_vendors_that_others_can_change_is_refused() {
    for (name, text) in [
        ("work/.nexmorc", "[credentials]\napi_key=k\napi_secret=s3cret\n"),
        ("home/.nexmorc", "[credentials]\napi_key=k\napi_secret=s3cret\n"),
        ("work/.vonagerc", r#"{"api-key":"k","api-secret":"s3cret"}"#),
        ("home/.vonage/config.json", r#"{"api-key":"k","api-secret":"s3cret"}"#),
    ] {
        let home = Home::new().file(name, text, 0o620);
        assert_eq!(home.message(home.account()), format!("~/{name} can be changed by others (mode 0620)"));
        open(&home, name, 0o600);
        assert!(home.account().is_ok());
        let folder = name.split('/').next().unwrap();
        open(&home, folder, 0o777);
        assert!(home.message(home.account()).contains("which others can change (mode 0777)"), "{name}");
    }
}

#[test]
fn files_of_certificates_are_judged_like_any_other() {
    let home = Home::new().file("work/ca.pem", "\u{feff}PEM", 0o644).file("work/certs/a", "A", 0o644);
    symlink("a", home.path("work/certs/0123abcd.0")).unwrap();
    symlink("nowhere", home.path("work/certs/4567abcd.0")).unwrap();
    let home = home.typed(|typed| typed.cacert = Some("ca.pem".into())).variable("SSL_CERT_FILE", "/missing");
    let read = |home: &Home| home.settings().and_then(|settings| settings.ca_certificates());
    let [named] = &read(&home).unwrap()[..] else { panic!("--cacert replaces the variable") };
    assert_eq!((named.pem.as_slice(), home.redacted(&named.place)), (&b"PEM"[..], "~/work/ca.pem".into()));
    open(&home, "work/ca.pem", 0o664);
    assert_eq!(
        home.message(read(&home)),
        "no usable CA certificates from --cacert: ~/work/ca.pem can be changed by others (mode 0664)"
    );
    let home = home.typed(|typed| typed.cacert = None);
    assert_eq!(
        home.message(read(&home)),
        "no usable CA certificates from SSL_CERT_FILE: cannot read /missing: No such file or directory (os error 2)"
    );
    let folder = home.path("work/certs").display().to_string();
    let home = home.variable("SSL_CERT_FILE", "").variable("SSL_CERT_DIR", &format!("/missing:{folder}"));
    let [named] = &read(&home).unwrap()[..] else { panic!("only the folders are named") };
    assert_eq!(named.pem, b"A\n");
    open(&home, "work/certs/a", 0o666);
    assert_eq!(home.message(read(&home)).split(": ~").next(), Some("no usable CA certificates from SSL_CERT_DIR"));
    let home = home.variable("SSL_CERT_DIR", "/missing");
    assert!(
        home.message(read(&home)).starts_with("no usable CA certificates from SSL_CERT_DIR: cannot read /missing")
    );
}

#[test]
fn without_a_home_there_is_no_configuration_and_the_current_folder_is_none() {
    let mut home = Home::new().file("work/.config/nexmo-conversion/config.toml", CONFIG, 0o600);
    home.surroundings.config_file = ConfigFileChoice::Nowhere;
    home.surroundings.home = None;
    assert_eq!(home.settings().unwrap().base_url.value.to_string(), "https://api.nexmo.com");
    let message = home.message(home.account());
    assert!(message.contains("the configuration file (there is no home folder for it;"), "{message}");
    let home = home.typed(|typed| typed.profile = Some("a".into()));
    assert!(
        home.message(home.account()).contains("is not in the configuration file (there is no home folder for it;")
    );
}

#[test]
fn what_editors_put_around_a_file_is_not_part_of_it() {
    let home = Home::new().config("\u{feff}[profiles.a]\r\napi_key = 'k'\r\napi_secret = 's3cret'\r\n");
    assert!(home.account().is_ok());
    let home =
        Home::new().file("home/.nexmorc", "\u{feff}[credentials]\r\napi_key=k\r\napi_secret=s\\;x\r\n", 0o600);
    assert!(home.account().is_ok());
    let vonage = "\u{feff}{\"api-key\":\"k\",\r\n\"api-secret\":\"s3cret\"}\r\n";
    assert!(Home::new().file("home/.vonage/config.json", vonage, 0o600).account().is_ok());
}

#[test]
fn a_program_that_is_named_by_a_path_is_looked_for_beside_the_configuration() {
    let home = Home::new()
        .config("[profiles.a]\napi_key = 'k'\napi_secret_command = ['./bin/secret']\n")
        .file("bin/secret", "#!/bin/sh\necho s3cret\n", 0o700)
        .file("work/bin/secret", "#!/bin/sh\necho another\n", 0o700);
    let auth = home.account().unwrap().account.auth;
    assert_eq!(auth, crate::domain::Auth::Form(crate::domain::Secret::new("s3cret".into())));
}
