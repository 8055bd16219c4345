//! The configuration: created without ever overwriting, shown with its origins, and refused with its place when it is wrong.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;

use crate::api;
use crate::cli::{Cli, Ran, assert_same, mode};

const REPORT: [&str; 3] = ["sms", "A", "--delivered"];
const PROFILE: &str = "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\n";
const FILE: &str = ".config/nexmo-conversion/config.toml";

/// Reports with this configuration against a sandbox, which must not hear of it.
fn refused(toml: impl AsRef<[u8]>) -> Ran {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox);
    cli.file(FILE, toml, 0o600);
    let ran = cli.run(REPORT);
    ran.exits(78);
    assert_eq!(sandbox.counts().connections, 0);
    assert!(!ran.said().contains("0secret0"), "{}", ran.shown());
    ran
}

#[test]
fn what_is_wrong_in_the_file_is_reported_with_its_place() {
    let cases: &[(&str, &str)] = &[
        ("an unknown key", "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secrt = \"0secret0\"\n"),
        ("an unknown table", "[netwrok]\nmax_time = \"15s\"\n"),
        ("an unknown key in [network]", "[network]\nmaxtime = \"15s\"\n"),
        ("a wrong type", "[profiles.2fa]\napi_key = 12345678\napi_secret = \"0secret0\"\n"),
        ("a table for a text", "[profiles.2fa.api_key]\nx = 1\n"),
        ("a text for a table", "profiles = \"0secret0\"\n"),
        ("a time without a unit", "[network]\nmax_time = 15\n"),
        ("a number out of range", "[batch]\njobs = 0\n"),
        ("half a pair: no secret", "[profiles.2fa]\napi_key = \"abcd1234\"\n"),
        ("half a pair: no key", "[profiles.2fa]\napi_secret = \"0secret0\"\n"),
        (
            "both set",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\napi_secret_file = \"/x\"\n",
        ),
        (
            "an unknown default profile",
            "default_profile = \"2af\"\n[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\n",
        ),
        (
            "a mode that needs the other secret",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\nauth = \"signature\"\n",
        ),
        (
            "an unknown mode",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\nauth = \"oauth\"\n",
        ),
        ("an empty secret", "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"\"\n"),
        (
            "a secret file that is not there",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_file = \"nowhere\"\n",
        ),
        ("a command that fails", "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_command = [\"false\"]\n"),
        (
            "a command that is not there",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_command = [\"no-such-program\"]\n",
        ),
        (
            "a command that prints nothing",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_command = [\"true\"]\n",
        ),
        (
            "a command as one text",
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_command = \"pass show x\"\n",
        ),
        ("an unclosed quote after a secret", "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\n"),
        ("the same key twice", "[profiles.2fa]\napi_secret = \"0secret0\"\napi_secret = \"0secret0\"\n"),
        (
            "several profiles and none chosen",
            "[profiles.a]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\n[profiles.b]\napi_key = \"efgh5678\"\n",
        ),
        ("an address in the clear", "[network]\nbase_url = \"http://api.example.org\"\n"),
    ];
    let shown = cases.iter().map(|(name, toml)| {
        let ran = refused(toml);
        assert!(ran.stderr.starts_with("error: "), "{name}: {}", ran.shown());
        format!("{name}\n{}", ran.shown())
    });
    assert_same("wrong_configurations", shown);
}

#[test]
fn what_is_no_text_is_refused() {
    assert!(refused([b'a', 0xff, b'\n']).stderr.contains("not UTF-8"));
    assert!(refused([0; 64]).stderr.contains("config.toml:1:"));
}

#[test]
fn a_file_with_a_secret_must_be_the_users_alone() {
    for bits in [0o640, 0o604, 0o660, 0o644, 0o666, 0o601] {
        let sandbox = api::plain();
        let cli = Cli::new().at(&sandbox);
        cli.file(FILE, PROFILE, bits);
        let ran = cli.run(REPORT);
        ran.exits(78);
        ran.remarks(&contains(format!("mode {bits:04o}")).and(contains("hint: make it yours alone: chmod 600")));
        assert_eq!(api::requests(&sandbox), 0);
    }
    for bits in [0o600, 0o400] {
        let sandbox = api::plain();
        let cli = Cli::new().at(&sandbox);
        cli.file(FILE, PROFILE, bits);
        cli.run(REPORT).exits(77);
        assert_eq!(api::requests(&sandbox), 1);
    }
}

#[test]
fn a_file_without_a_secret_may_be_read_by_all() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.file(FILE, "[network]\nmax_time = \"14s\"\n", 0o644);
    cli.run(REPORT).exits(0);
}

#[test]
fn the_ways_to_a_secret_are_watched() {
    let open = Cli::new();
    open.file("here/secret", "0secret0\n", 0o666);
    open.file(FILE, "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret_file = \"~/here/secret\"\n", 0o600);
    let linked = Cli::new();
    linked.file("elsewhere", PROFILE, 0o640);
    fs::create_dir_all(linked.path(FILE).parent().unwrap()).unwrap();
    symlink(linked.path("elsewhere"), linked.path(FILE)).unwrap();
    let folder = Cli::new();
    fs::create_dir_all(folder.path(FILE)).unwrap();
    let changeable = Cli::new();
    changeable.file(FILE, "[network]\nmax_time = \"14s\"\n", 0o620);
    let replaceable = Cli::new().configured("[network]\nmax_time = \"14s\"\n");
    fs::set_permissions(replaceable.path(".config"), fs::Permissions::from_mode(0o777)).unwrap();
    let vendors = Cli::new();
    vendors.file(".nexmorc", "[credentials]\napi_key=abcd1234\napi_secret=0secret0\n", 0o602);
    let shown = [open, linked, folder, changeable, replaceable, vendors].map(|cli| {
        let ran = cli.run(REPORT);
        ran.exits(78);
        assert!(!ran.said().contains("0secret0"));
        ran.shown()
    });
    assert_same("untrustworthy_files", shown);
}

#[test]
fn vendor_files_that_others_can_read_are_used_with_a_warning() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox);
    cli.file(".nexmorc", "[credentials]\napi_key=abcd1234\napi_secret=0secret0\n", 0o644);
    let ran = cli.run(REPORT);
    ran.exits(77);
    ran.remarks(&contains("warning: ").and(contains("can be read by others (mode 0644)")));
    assert_eq!(api::requests(&sandbox), 1);
}

#[test]
fn without_credentials_it_says_where_it_looked() {
    let none = Cli::new().run(REPORT);
    let half = Cli::new().with("VONAGE_API_KEY", "abcd1234").run(REPORT);
    let other_half = Cli::new().with("NEXMO_API_SECRET", "0secret0").run(REPORT);
    let both = Cli::new()
        .with("VONAGE_API_KEY", "abcd1234")
        .with("VONAGE_API_SECRET", "0secret0")
        .with("VONAGE_API_SECRET_FILE", "/x")
        .run(REPORT);
    let unknown = Cli::new().configured(PROFILE).run(["sms", "A", "--delivered", "--profile", "2af"]);
    let nothing_there = Cli::new().run(["sms", "A", "--delivered", "--profile", "2fa"]);
    let no_file = Cli::new().run(["sms", "A", "--delivered", "--config", "nowhere.toml"]);
    let shown = [none, half, other_half, both, unknown, nothing_there, no_file].map(|ran| {
        ran.exits(78);
        assert!(!ran.said().contains("0secret0"));
        ran.shown()
    });
    assert_same("missing_credentials", shown);
}

#[test]
fn the_first_source_wins() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox).configured(
        "default_profile = \"b\"\n[profiles.a]\napi_key = \"keyofa\"\napi_secret = \"x\"\n[profiles.b]\napi_key = \"keyofb\"\napi_secret = \"x\"\n",
    );
    cli.file(".nexmorc", "[credentials]\napi_key=keyofnexmorc\napi_secret=x\n", 0o600);
    let key = |cli: &Cli, flags: &[&str]| {
        cli.run(REPORT.iter().chain(flags)).exits(77);
        sandbox.requests().last().unwrap().parameter("api_key").unwrap().to_owned()
    };
    assert_eq!(key(&cli, &[]), "keyofb");
    let cli = cli.with("NEXMO_API_KEY", "keyofnexmo").with("NEXMO_API_SECRET", "x");
    assert_eq!(key(&cli, &[]), "keyofnexmo");
    let cli = cli.with("VONAGE_API_KEY", "keyofvonage").with("VONAGE_API_SECRET", "x");
    assert_eq!(key(&cli, &[]), "keyofvonage");
    let cli = cli.with("NEXMO_CONVERSION_PROFILE", "b");
    assert_eq!(key(&cli, &[]), "keyofb");
    assert_eq!(key(&cli, &["-p", "a"]), "keyofa");
}

fn init(cli: &Cli) -> Ran {
    let arguments = ["config", "init", "--api-key", api::KEY, "--api-secret-file", "-"];
    cli.run_with_input(arguments, format!("{}\n", api::SECRET))
}

#[test]
fn init_writes_a_private_file_with_which_reporting_works() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox);
    let ran = init(&cli);
    assert_eq!(ran.exits(0).stdout, "");
    ran.remarks(&contains("nexmo-conversion check"));
    assert_eq!((mode(&cli.path(FILE)), mode(cli.path(FILE).parent().unwrap())), (0o600, 0o700));
    cli.run(REPORT).exits(0);
    assert_eq!(sandbox.counts().accepted, 1);
    let names: Vec<_> =
        fs::read_dir(cli.path(FILE).parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["config.toml"], "no draft is left");
}

#[test]
fn init_is_private_under_any_umask() {
    for umask in ["000", "022", "777"] {
        let cli = Cli::new();
        let line = format!(
            "umask {umask}; printf 'x\\n' | nexmo-conversion config init --api-key abcd1234 --api-secret-file -"
        );
        cli.shell(&line).exits(0);
        assert_eq!(mode(&cli.path(FILE)), 0o600, "{umask}");
        assert_eq!(mode(cli.path(FILE).parent().unwrap()), 0o700, "{umask}");
        assert_eq!(mode(&cli.path(".config")), 0o700, "{umask}");
    }
}

#[test]
fn init_never_overwrites() {
    let cli = Cli::new().configured(PROFILE);
    let ran = init(&cli);
    ran.exits(78);
    ran.remarks(&contains("exists already").and(contains("never overwritten")));
    assert_eq!(fs::read_to_string(cli.path(FILE)).unwrap(), PROFILE);
    // Nor is a profile that is there.
    let again = ["config", "init", "-p", "2fa", "--api-key", "other", "--api-secret-file", "-"];
    cli.run_with_input(again, "x\n").exits(78).remarks(&contains("has a profile `2fa` already"));
    assert_eq!(fs::read_to_string(cli.path(FILE)).unwrap(), PROFILE);

    let linked = Cli::new();
    fs::create_dir_all(linked.path(FILE).parent().unwrap()).unwrap();
    symlink(linked.path("nowhere"), linked.path(FILE)).unwrap();
    init(&linked).exits(78);
    assert!(!linked.path("nowhere").exists(), "a dangling link was written through");
}

#[test]
fn init_refuses_what_is_no_secret() {
    for (input, why) in [("", "empty"), ("\n", "empty"), ("a\nb\n", "more than one line")] {
        let cli = Cli::new();
        let ran = cli.run_with_input(["config", "init", "--api-key", "abcd1234", "--api-secret-file", "-"], input);
        ran.exits(78);
        ran.remarks(&contains(why));
        assert!(!cli.path(FILE).exists());
    }
    Cli::new()
        .run_with_input(["config", "init", "--api-key", "not a key", "--api-secret-file", "-"], "x")
        .exits(2);
    Cli::new().run_with_input(["config", "init", "--api-key", "abcd1234"], "x").exits(2);
}

#[test]
fn init_keeps_a_signature_secret_apart() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox);
    cli.run_with_input(
        ["config", "init", "--api-key", api::KEY, "--api-secret-file", "-", "--auth", "signature"],
        api::SIGNATURE_SECRET,
    )
    .exits(0);
    cli.run(REPORT).exits(0);
    assert_eq!(sandbox.counts().accepted, 1);
}

#[test]
fn show_tells_where_everything_comes_from() {
    let cli = Cli::new()
        .configured(
            "[profiles.2fa]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\nauth = \"basic\"\nretry = 7\n[network]\nmax_time = \"14s\"\nretry = 3\nproxy = \"http://user:0secret0@proxy.example:3128\"\n[batch]\njobs = 8\n",
        )
        .with("NEXMO_CONVERSION_CONNECT_TIMEOUT", "3s");
    let text = cli.run(["config", "show", "--retry-max-time", "1m"]);
    let json = cli.run(["config", "show", "--retry-max-time", "1m", "--json"]);
    for ran in [&text, &json] {
        assert_eq!(ran.exits(0).stderr, "");
        assert!(!ran.said().contains("0secret0"), "{}", ran.shown());
    }
    for line in json.lines() {
        let keys: Vec<_> = line.as_object().unwrap().keys().cloned().collect();
        assert!(["v", "key", "value", "origin"].iter().all(|key| keys.contains(&(*key).to_owned())), "{line}");
    }
    let defaults = Cli::new().with("NEXMO_CONVERSION_BASE_URL", "").run(["config", "show"]);
    defaults.exits(0);
    assert_same("config_show", [text.shown(), json.shown(), defaults.shown()]);
}

#[test]
fn of_several_profiles_none_is_chosen_and_one_line_names_them() {
    let cli = Cli::new().configured(
        "[profiles.a]\napi_key = \"abcd1234\"\napi_secret = \"0secret0\"\n[profiles.b]\napi_key = \"efgh5678\"\napi_secret = \"0secret0\"\n",
    );
    let ran = cli.run(REPORT);
    ran.exits(78).remarks(&contains(
        "several profiles and no default_profile: a, b\nhint: choose one with `--profile NAME`",
    ));
    assert_eq!(ran.stderr.lines().count(), 2);
    assert_eq!(cli.run(["config", "profiles"]).exits(0).stdout, "a\nb\n");
    cli.run(["config", "show"]).exits(0).remarks(&contains("several profiles"));
}

#[test]
fn path_tells_where_the_file_is_or_would_be() {
    let cli = Cli::new();
    assert_eq!(cli.run(["config", "path"]).exits(0).stdout.trim_end(), cli.path(FILE).to_str().unwrap());
    assert_eq!(cli.run(["config", "path", "--config", "/x/y.toml"]).exits(0).stdout, "/x/y.toml\n");
    let cli = cli.with("NEXMO_CONVERSION_CONFIG", "/from/variable.toml");
    assert_eq!(cli.run(["config", "path"]).exits(0).stdout, "/from/variable.toml\n");
}

#[test]
fn another_file_can_be_named() {
    let sandbox = api::plain();
    let cli = Cli::new().at(&sandbox).configured("this is not TOML");
    let toml = format!("[profiles.x]\napi_key = \"{}\"\napi_secret = {:?}\n", api::KEY, api::SECRET);
    cli.file("here/mine.toml", toml, 0o600);
    cli.run(["sms", "A", "--delivered", "--config", "mine.toml"]).exits(0);
    assert_eq!(sandbox.counts().accepted, 1);
}

#[test]
fn a_bad_proxy_is_named_where_it_stands() {
    let profile = "[profiles.a]\napi_key = \"k\"\napi_secret = \"s\"\n";
    for (toml, place) in [
        (format!("{profile}proxy = \"ftp://p:1\"\n"), "proxy of profile \"a\" ("),
        (format!("{profile}[network]\nproxy = \"ftp://p:1\"\n"), "proxy of [network] in "),
    ] {
        let ran =
            Cli::new().configured(&toml).run(["sms", "A", "--delivered", "--base-url", "https://127.0.0.1:9"]);
        let said = &ran.exits(78).stderr;
        assert!(said.starts_with(&format!("error: {place}")) && !said.contains("--proxy is"), "{}", ran.shown());
    }
}
