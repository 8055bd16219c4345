//! `--ping`: what a monitor hears of a run's beginning and end, and that nothing it does, or does not do, delays or fails the run.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::CertificateKind;
use rustix::process::Signal;

use crate::api;
use crate::cli::{Cli, Ran, wait_until};
use crate::relay::{Proxy, closed_port};

const TOKEN: &str = "t0k3n-of-the-monitor";
const RECORD: &str = "{\"id\":\"A\",\"channel\":\"sms\",\"delivered\":true}\n";
/// What pings may add to a run: two seconds for the first, three for the last, and what a busy machine takes. Without limits of
/// their own they would have a request's 15 seconds each.
const BOUND: Duration = Duration::from_secs(12);

/// A monitor that keeps what it hears. Its thread ends with the test.
pub(crate) struct Monitor {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Monitor {
    /// Answers every ping with this status line and headers.
    fn answering(head: &str) -> Self {
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        Self::start(Some(answer))
    }

    pub(crate) fn open() -> Self {
        Self::answering("200 OK")
    }

    /// Hears everything and never answers.
    fn hanging() -> Self {
        Self::start(None)
    }

    fn start(answer: Option<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heads: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let kept = Arc::clone(&heads);
        thread::spawn(move || {
            let mut held = Vec::new();
            for mut stream in listener.incoming().map_while(Result::ok) {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                kept.lock().unwrap().push(request);
                match &answer {
                    Some(answer) => drop(stream.write_all(answer.as_bytes())),
                    None => held.push(stream),
                }
            }
        });
        Self { address, heads }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/{TOKEN}", self.address)
    }

    /// The paths that were asked for, without the token.
    pub(crate) fn heard(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let path = |head: &Vec<String>| {
            let path = head[0].strip_prefix("GET /").and_then(|line| line.strip_suffix(" HTTP/1.1"));
            path.unwrap_or_else(|| panic!("{head:?}")).replace(TOKEN, "")
        };
        heads.iter().map(path).collect()
    }
}

fn warnings(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.starts_with("warning: ")).collect()
}

#[track_caller]
fn assert_quiet_about_it(ran: &Ran) {
    assert!(warnings(&ran.stderr).is_empty() && !ran.said().contains(TOKEN), "{}", ran.shown());
}

#[test]
fn a_monitor_hears_of_the_start_and_of_success() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let monitor = Monitor::open();
    let ran = cli.run_with_input(["batch", "--ping", &monitor.url()], RECORD);
    assert_quiet_about_it(ran.exits(0));
    assert_eq!(monitor.heard(), ["/start", ""]);
    for head in monitor.heads.lock().unwrap().iter() {
        let text = head.join("\n").to_lowercase();
        let says_nothing = [api::KEY, api::SECRET, "authorization", "content-type", "cookie"];
        assert!(!says_nothing.iter().any(|word| text.contains(&word.to_lowercase())), "{text}");
    }
}

#[test]
fn every_stream_pings_and_every_setting_names_the_monitor() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let event = "{\"event\":\"converted\",\"id\":\"T\",\"channel\":\"sms\"}\n";
    for (arguments, input) in [(&["batch"][..], RECORD), (&["track"], event), (&["ledger", "resume"], "")] {
        let monitor = Monitor::open();
        let variable = cli.clone().with("NEXMO_CONVERSION_PING", monitor.url());
        assert_quiet_about_it(variable.run_with_input(arguments, input).exits(0));
        let typed = arguments.iter().copied().chain(["--ping"]).map(str::to_owned).chain([monitor.url()]);
        assert_quiet_about_it(cli.run_with_input(typed, input).exits(0));
        assert_eq!(monitor.heard(), ["/start", "", "/start", ""], "{arguments:?}");
    }
    let monitor = Monitor::open();
    let secret = api::SECRET.replace('\\', "\\\\").replace('"', "\\\"");
    let (key, url) = (api::KEY, monitor.url());
    let stored = format!("[profiles.a]\napi_key = \"{key}\"\napi_secret = \"{secret}\"\nping = \"{url}\"\n");
    let stored = Cli::new().at(&sandbox).configured(&stored);
    assert_quiet_about_it(stored.run_with_input(["batch"], RECORD).exits(0));
    let section = Cli::new().against(&sandbox).configured(&format!("[batch]\nping = \"{url}?rid=7\"\n"));
    assert_quiet_about_it(section.run_with_input(["batch"], RECORD).exits(0));
    assert_eq!(monitor.heard(), ["/start", "", "/start?rid=7", "?rid=7"]);
}

#[test]
fn a_failure_is_told_with_its_exit_code() {
    for (answer, code) in [("503", 75), ("420", 65), ("402", 77), ("302", 78)] {
        let (sandbox, monitor) = (api::always(answer), Monitor::open());
        let cli = Cli::new().against(&sandbox);
        let ran = cli.run_with_input(["batch", "--retry", "0", "--ping", &monitor.url()], RECORD);
        assert_quiet_about_it(ran.exits(code));
        assert_eq!(monitor.heard(), ["/start".to_owned(), format!("/{code}")]);
    }
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let monitor = Monitor::open();
    cli.run(["batch", "--ping", &monitor.url(), "no-such-file"]).exits(66);
    let nobody = Cli::new().at(&sandbox);
    nobody.run_with_input(["batch", "--ping", &monitor.url()], RECORD).exits(78);
    cli.run_with_input(["batch", "--ping", &monitor.url(), "--ledger", "/dev/null"], RECORD).exits(78);
    assert_eq!(monitor.heard(), ["/start", "/66", "/start", "/78", "/start", "/78"]);
}

#[test]
fn a_signal_is_told_as_well() {
    let sandbox = api::plain();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let monitor = Monitor::open();
        let cli = Cli::new().against(&sandbox);
        let mut run = cli.start_with_pipe(["batch", "--ping", &monitor.url()]);
        run.write(RECORD);
        assert!(run.next_line().starts_with("accepted"), "the run has begun");
        run.signal(signal);
        let (status, _, stderr) = run.finish();
        assert_eq!(status, Some(code), "{stderr}");
        assert_eq!(monitor.heard(), ["/start".to_owned(), format!("/{code}")], "{stderr}");
    }
}

#[test]
fn a_monitor_that_hangs_delays_no_record_and_the_end_by_a_few_seconds() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let monitor = Monitor::hanging();
    let mut run = cli.start_with_pipe(["batch", "--ping", &monitor.url()]);
    wait_until("the monitor hears of the start", || monitor.heard() == ["/start"]);
    let began = clock::monotonic();
    run.write(RECORD);
    assert!(run.next_line().starts_with("accepted"));
    // The first ping may take five seconds, and was not waited for.
    let took = clock::monotonic().saturating_sub(began);
    assert!(took < Duration::from_secs(4), "the record took {took:?}");
    let began = clock::monotonic();
    let (status, _, stderr) = run.finish();
    let took = clock::monotonic().saturating_sub(began);
    assert_eq!((status, monitor.heard()[1].as_str()), (Some(0), ""), "{stderr}");
    assert!(took < BOUND, "the end took {took:?}");
    let warning = warnings(&stderr);
    assert!(warning.len() == 1 && warning[0].contains("were not delivered to 127.0.0.1: "), "{stderr}");
    assert!(!stderr.contains(TOKEN), "{stderr}");
}

#[test]
fn a_monitor_that_is_away_or_refuses_fails_nothing_and_is_named_once() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let away = format!("http://{}/{TOKEN}", closed_port());
    for (monitor, heard, why) in [
        (None, vec![], "connection refused"),
        (Some("404 Not Found"), vec!["/start", ""], "it answered 404 Not Found"),
        // What may pass is tried again, at the end only.
        (Some("503 Busy"), vec!["/start", "", "", ""], "it answered 503 Service Unavailable"),
        (Some("429 Slow down"), vec!["/start", "", "", ""], "it answered 429 Too Many Requests"),
    ] {
        let monitor = monitor.map(Monitor::answering);
        let url = monitor.as_ref().map_or_else(|| away.clone(), Monitor::url);
        let began = clock::monotonic();
        let ran = cli.run_with_input(["batch", "--ping", &url], RECORD);
        assert!(clock::monotonic().saturating_sub(began) < BOUND);
        let warning = warnings(&ran.exits(0).stderr);
        assert!(
            warning.len() == 1 && warning[0].contains("were not delivered") && warning[0].contains(why),
            "{}",
            ran.shown()
        );
        assert!(!ran.said().contains(TOKEN), "{}", ran.shown());
        assert_eq!(monitor.map(|monitor| monitor.heard()).unwrap_or_default(), heard);
        let quiet = cli.run_with_input(["batch", "-q", "--ping", &away], RECORD);
        assert_eq!(quiet.exits(0).said(), "");
    }
}

#[test]
fn where_little_is_left_the_run_has_it_and_the_ping_has_not() {
    let sandbox = api::plain();
    let limits = ["-n 10", "-n 11", "-n 12", "-v 120000"];
    for limit in limits {
        let monitor = Monitor::open();
        let cli = Cli::new().against(&sandbox);
        cli.file("here/input.ndjson", RECORD, 0o644);
        let line = format!("ulimit {limit} && exec nexmo-conversion batch --ping {} input.ndjson", monitor.url());
        let ran = cli.shell(&line);
        assert!(ran.exits(0).stdout.starts_with("accepted"), "{limit}: {}", ran.shown());
        assert_eq!(monitor.heard(), [""], "{limit}: {}", ran.shown());
        let warning = warnings(&ran.stderr);
        assert!(
            warning.iter().any(|line| line.contains("the ping of the run's start was not delivered")),
            "{limit}: {}",
            ran.shown()
        );
    }
    assert_eq!(api::requests(&sandbox), limits.len() as u64);
}

#[test]
fn a_redirect_is_not_followed() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let elsewhere = Monitor::open();
    let monitor = Monitor::answering(&format!("302 Found\r\nLocation: {}", elsewhere.url()));
    let ran = cli.run_with_input(["batch", "--ping", &monitor.url()], RECORD);
    assert!(ran.exits(0).stderr.contains("it answered 302 Found"), "{}", ran.shown());
    assert_eq!((monitor.heard().len(), elsewhere.heard().len()), (2, 0));
}

#[test]
fn a_monitor_over_tls_is_reached_through_the_runs_proxy_with_its_authorities() {
    let sandbox = api::tls(CertificateKind::Valid);
    let monitor = api::tls(CertificateKind::Valid);
    let proxy = Proxy::open();
    let url = format!("{}/{TOKEN}", monitor.base_url());
    let cli = Cli::new().against(&sandbox).with("https_proxy", proxy.address());
    // It trusts the API's authority only.
    let ran = cli.run_with_input(["batch", "--ping", &url], RECORD);
    assert!(ran.exits(0).stderr.contains("the certificate of 127.0.0.1 was not accepted"), "{}", ran.shown());
    assert_eq!(api::requests(&monitor), 0);
    let both = [sandbox.ca_pem().unwrap(), monitor.ca_pem().unwrap()].concat();
    let both = cli.file("both.pem", both, 0o644);
    let before = proxy.heads().len();
    let ran = cli.with("NEXMO_CONVERSION_CACERT", both).run_with_input(["batch", "--ping", &url], RECORD);
    // A sandbox is no monitor, and says so; but it was asked.
    assert!(ran.exits(0).stderr.contains("it answered 404"), "{}", ran.shown());
    let paths: Vec<_> = monitor.requests().iter().map(|request| request.path.replace(TOKEN, "")).collect();
    assert_eq!(paths, ["//start", "/"]);
    let to_monitor = format!("CONNECT 127.0.0.1:{} ", monitor.port());
    let tunnels = proxy.heads()[before..].iter().filter(|head| head.starts_with(&to_monitor)).count();
    assert_eq!(tunnels, 2, "{:?}", proxy.heads());
    assert!(proxy.heads().iter().all(|head| !head.contains(TOKEN)), "{:?}", proxy.heads());
}

#[test]
fn only_streams_that_send_ping() {
    let sandbox = api::plain();
    let monitor = Monitor::open();
    let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_PING", monitor.url());
    cli.run(["sms", "A", "--delivered"]).exits(0);
    cli.run(["ledger", "status"]).exits(0);
    cli.run(["report"]).exits(0);
    cli.run(["check"]).exits(0);
    cli.run_with_input(["batch", "--dry-run"], RECORD).exits(0);
    cli.run_with_input(["track", "--dry-run"], "{\"event\":\"converted\",\"id\":\"A\",\"channel\":\"sms\"}\n")
        .exits(0);
    cli.run_with_input(["batch", "--sandbox"], RECORD).exits(0);
    let typed = Cli::new().run_with_input(["batch", "--sandbox", "--ping", &monitor.url()], RECORD);
    assert!(typed.exits(2).stderr.contains("--ping is not for --sandbox"), "{}", typed.shown());
    assert_eq!(monitor.heard(), [""; 0]);
    cli.run_with_input(["batch"], "").exits(0);
    assert_eq!(monitor.heard(), ["/start", ""], "the control");
}

#[test]
fn the_url_is_shown_nowhere() {
    let sandbox = api::plain();
    let monitor = Monitor::open();
    let cli = Cli::new().against(&sandbox);
    let set = cli.clone().with("NEXMO_CONVERSION_PING", monitor.url());
    let masked = format!("http://{}/********", monitor.address);
    for ran in [
        set.run(["config", "show"]),
        set.run(["config", "show", "--json"]),
        set.run_with_input(["batch", "-v"], RECORD),
    ] {
        assert!(ran.exits(0).said().contains(&masked) && !ran.said().contains(TOKEN), "{}", ran.shown());
    }
    for wrong in
        ["ftp://host/{}", "{}", "http://u:{}@host/", "http://host/{}#x", "http://host:0/{}", "http://ho st/{}"]
    {
        let url = wrong.replace("{}", TOKEN);
        let typed = cli.run_with_input(["batch", "--ping", &url], RECORD);
        assert!(
            typed.exits(2).stderr.contains("--ping is not usable") && !typed.stderr.contains(TOKEN),
            "{}",
            typed.stderr
        );
        let variable = cli.clone().with("NEXMO_CONVERSION_PING", &url);
        let variable = variable.run_with_input(["batch"], RECORD);
        assert!(variable.exits(78).stderr.contains("NEXMO_CONVERSION_PING"), "{}", variable.shown());
        assert!(!variable.said().contains(TOKEN), "{}", variable.shown());
    }
    let open = Cli::new().against(&sandbox);
    open.file(".config/nexmo-conversion/config.toml", format!("[batch]\nping = \"{}\"\n", monitor.url()), 0o644);
    let open = open.run_with_input(["batch"], RECORD);
    assert!(open.exits(78).stderr.contains("chmod"), "others could ping: {}", open.shown());
    assert!(!open.said().contains(TOKEN), "{}", open.shown());
}
