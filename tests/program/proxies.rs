//! Proxies, by curl's rules. The proxy counts the tunnels that it was asked for.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::{CertificateKind, Sandbox};

use crate::api;
use crate::cli::{Cli, Ran};
use crate::relay::{Proxy, closed_port};

const REPORT: [&str; 6] = ["sms", "A", "--delivered", "--json", "--retry", "0"];

fn api_behind() -> Sandbox {
    api::tls(CertificateKind::Valid)
}

fn run(cli: &Cli, more: &[&str]) -> Ran {
    cli.run(REPORT.iter().chain(more))
}

#[test]
fn the_flag_and_the_variables_name_the_proxy() {
    for name in ["--proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "NEXMO_CONVERSION_PROXY"] {
        let sandbox = api_behind();
        let cli = Cli::new().against(&sandbox);
        let proxy = Proxy::open();
        let url = format!("http://{}", proxy.address());
        let ran = match name {
            "--proxy" => run(&cli, &["--proxy", &url]),
            variable => run(&cli.with(variable, &url), &[]),
        };
        ran.exits(0);
        assert_eq!(api::requests(&sandbox), 1, "{name}");
        let heads = proxy.heads();
        assert_eq!(heads.len(), 1, "{name}");
        let wanted = format!("CONNECT 127.0.0.1:{} HTTP/1.1", sandbox.port());
        assert!(heads[0].starts_with(&wanted), "{name}: {}", heads[0]);
        assert!(!heads[0].contains(api::SECRET) && !heads[0].contains("conversions"), "{}", heads[0]);
    }
}

#[test]
fn the_proxy_of_the_configuration_file_is_used() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy = Proxy::open();
    let cli = cli.configured(&format!("[network]\nproxy = \"http://{}\"\n", proxy.address()));
    run(&cli, &[]).exits(0);
    assert_eq!((proxy.heads().len(), api::requests(&sandbox)), (1, 1));
}

#[test]
fn all_proxy_comes_after_https_proxy() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let (wanted, other) = (Proxy::open(), Proxy::open());
    let cli = cli.with("https_proxy", wanted.address()).with("ALL_PROXY", other.address());
    run(&cli, &[]).exits(0);
    assert_eq!((wanted.heads().len(), other.heads().len()), (1, 0));
    assert_eq!(api::requests(&sandbox), 1);
}

#[test]
fn http_proxy_is_not_for_https() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy = Proxy::open();
    let cli = cli.with("http_proxy", proxy.address()).with("HTTP_PROXY", proxy.address());
    run(&cli, &[]).exits(0);
    assert_eq!((proxy.heads().len(), api::requests(&sandbox)), (0, 1));
}

#[test]
fn no_proxy_names_those_that_are_reached_directly() {
    for exceptions in ["127.0.0.1", "*", "example.org,127.0.0.0/8", "example.org 127.0.0.1"] {
        let sandbox = api_behind();
        let cli = Cli::new().against(&sandbox);
        let proxy = Proxy::open();
        let cli = cli.with("https_proxy", proxy.address()).with("NO_PROXY", exceptions);
        run(&cli, &[]).exits(0);
        assert_eq!((proxy.heads().len(), api::requests(&sandbox)), (0, 1), "{exceptions}");
    }
}

#[test]
fn no_proxy_covers_subdomains_and_nothing_that_only_looks_like_them() {
    let goes_through = |exceptions: &str| {
        let ran = Cli::new()
            .with("NEXMO_CONVERSION_BASE_URL", "")
            .with("VONAGE_API_KEY", api::KEY)
            .with("VONAGE_API_SECRET", api::SECRET)
            .with("https_proxy", "http://proxy.example:3128")
            .with("NO_PROXY", exceptions)
            .run(["sms", "A", "--delivered", "--dry-run", "-v"]);
        ran.exits(0);
        ran.stderr.contains("proxy: proxy.example:3128, from https_proxy")
    };
    assert!(!goes_through("nexmo.com"));
    assert!(!goes_through(".nexmo.com"));
    assert!(!goes_through("API.nexmo.com"));
    assert!(goes_through("xmo.com"));
    assert!(goes_through("example.org"));
}

#[test]
fn names_are_resolved_by_the_proxy() {
    let sandbox = api::tls(CertificateKind::Valid);
    let proxy = Proxy::leading_to(&sandbox);
    let cli = Cli::new().against(&sandbox);
    let ran = run(&cli, &["--base-url", "https://only.the.proxy.knows.invalid", "--proxy", &proxy.address()]);
    // The tunnel leads to the sandbox, whose certificate is for another name: proof that it was asked for by name, and that
    // a proxy cannot stand in for the API.
    assert_eq!(ran.exits(78).line()["error"]["code"], "tls_untrusted", "{}", ran.shown());
    assert!(proxy.heads()[0].starts_with("CONNECT only.the.proxy.knows.invalid:443 "), "{:?}", proxy.heads());
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn proxy_none_goes_direct_whatever_the_variables_say() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy = Proxy::open();
    let cli = cli.with("https_proxy", proxy.address()).with("ALL_PROXY", proxy.address());
    run(&cli, &["--proxy", "none"]).exits(0);
    assert_eq!((proxy.heads().len(), api::requests(&sandbox)), (0, 1));
}

#[test]
fn a_proxy_that_wants_credentials_stops_the_run() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy = Proxy::answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let ran = cli.run(["sms", "A", "B", "--delivered", "--json", "--proxy", &proxy.address()]);
    let lines = ran.exits(78).lines();
    assert!(
        lines.iter().all(|line| line["error"]["code"] == "proxy" && line["outcome"] == "retry"),
        "{}",
        ran.shown()
    );
    assert_eq!((proxy.heads().len(), api::requests(&sandbox)), (1, 0));
}

#[test]
fn a_proxy_has_one_time_limit_however_slowly_it_speaks() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy =
        Proxy::dripping("HTTP/1.1 200 Connection established\r\nX-Drip: drip, drip, drip, drip, drip\r\n\r\n");
    let began = clock::monotonic();
    let limits = ["--connect-timeout", "1s", "--max-time", "2s", "--proxy"];
    let ran = run(&cli, &[&limits[..], &[&proxy.address()]].concat());
    let line = ran.exits(75).line();
    assert_eq!(line["error"]["code"], "timeout", "{}", ran.shown());
    let took = clock::monotonic().saturating_sub(began);
    // All of what it has to say takes 24 seconds.
    assert!(took < Duration::from_secs(12), "{took:?}");
}

#[test]
fn what_a_proxy_does_is_said_of_the_proxy() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    for (said, status, wanted) in [
        ("junk\r\n\r\n", 75, "was not HTTP"),
        ("HTTP/1.1 302 Found\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n", 78, "answered 302"),
    ] {
        let proxy = Proxy::answering(said);
        let ran = run(&cli, &["--proxy", &proxy.address()]);
        let line = ran.exits(status).line();
        assert_eq!(line["error"]["code"], "proxy", "{}", ran.shown());
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains(&proxy.address()) && message.contains(wanted), "{message}");
    }
    assert_eq!(api::requests(&sandbox), 0);
}

/// Protocol 5, RFC 1928: a choice of how to authenticate, then an answer to the wish to connect.
#[test]
fn what_a_socks_proxy_refuses_is_said_of_it() {
    const PASSWORD: &[u8] = b"\x05\x02";
    const OPEN: &[u8] = b"\x05\x00";
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    for (replies, status, wanted) in [
        (&[PASSWORD, b"\x01\x01"][..], 78, "refused the user name and password"),
        (&[OPEN, b"\x05\x02\x00\x01\0\0\0\0\0\0"], 75, "refused to connect"),
        (&[OPEN, b"\x05\x05\x00\x01\0\0\0\0\0\0"], 75, "refused to connect"),
        (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], 75, ""),
    ] {
        let address = socks_that_says(replies);
        let url = format!("socks5h://user:pa55word@{address}");
        let ran = run(&cli, &["--proxy", &url]);
        let line = ran.exits(status).line();
        assert_eq!(line["error"]["code"], "proxy", "{}", ran.shown());
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.contains(&address) && message.contains(wanted), "{message}");
        assert!(!ran.said().contains("pa55word"), "{}", ran.shown());
    }
    assert_eq!(api::requests(&sandbox), 0);
}

/// A proxy for one connection: each time that it has heard something it gives the next reply; then it is silent, and closes.
fn socks_that_says(replies: &'static [&'static [u8]]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        for reply in replies {
            let heard = client.read(&mut [0; 512]).unwrap();
            assert!(heard > 0, "the client has left");
            client.write_all(reply).unwrap();
        }
        let _ = client.read_to_end(&mut Vec::new());
    });
    address
}

#[test]
fn a_proxy_that_is_not_there_may_come_back() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let ran = run(&cli, &["--proxy", &closed_port()]);
    let line = ran.exits(75).line();
    assert_eq!(
        (line["error"]["code"].as_str(), line["error"]["reached_server"].as_bool()),
        (Some("proxy"), Some(false))
    );
    assert_eq!(api::requests(&sandbox), 0);
}

#[test]
fn a_proxys_password_reaches_the_proxy_and_nothing_else() {
    let sandbox = api_behind();
    let cli = Cli::new().against(&sandbox);
    let proxy = Proxy::open();
    let url = format!("http://user:pa55word@{}", proxy.address());
    let ran = run(&cli, &["--proxy", &url, "-v"]);
    ran.exits(0);
    assert!(proxy.heads()[0].contains("Basic dXNlcjpwYTU1d29yZA=="), "{:?}", proxy.heads());
    assert_eq!(api::requests(&sandbox), 1);
    let refused = Proxy::answering("HTTP/1.1 407 No\r\n\r\n");
    let url = |address: &str| format!("http://user:pa55word@{address}");
    for address in [refused.address(), closed_port()] {
        for flag in ["-v", "-q", "--json"] {
            let ran = cli.run(["sms", "A", "--delivered", "--retry", "0", "--proxy", &url(&address), flag]);
            assert!(!ran.said().contains("pa55word") && !ran.said().contains("dXNlcjpwYTU1"), "{}", ran.shown());
        }
        let cli = Cli::new().against(&sandbox).with("https_proxy", url(&address));
        for command in
            [&["config", "show"][..], &["check", "--retry", "0"], &["sms", "A", "--delivered", "-n", "-v"]]
        {
            let ran = cli.run(command);
            assert!(!ran.said().contains("pa55word") && !ran.said().contains("dXNlcjpwYTU1"), "{}", ran.shown());
        }
    }
    assert!(!ran.said().contains("pa55word"), "{}", ran.shown());
}
