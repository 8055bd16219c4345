//! The report's page in a real browser, without a screen: that it says the figures, draws them, follows pointer and keys, is dark
//! where that is preferred, fits a telephone, and requests nothing.
//!
//! The browser is Debian's `chromium`. Where it is missing the tests say that they were skipped; where `CI` is set they fail, unless
//! the gate says with `WITHOUT_BROWSER` that it could not be had.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nexmo_conversion::clock;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api;
use crate::cli::Cli;
use crate::needs::{Needed, is_here};
use crate::reports::two_hours;

/// A browser takes its time to start.
const LIMIT: Duration = Duration::from_secs(120);
const DESK: (u32, u32) = (1280, 900);
const TELEPHONE: (u32, u32) = (390, 844);

/// What a person prefers, by the browser's number for it.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    Dark = 0,
    Light = 1,
}

/// Looks at the page from inside: what it came to, and what it does about pointer and keys.
const PROBE: &str = r#"
addEventListener("load", () => {
  const [rate, late] = [...document.querySelectorAll(".plot")];
  const readouts = () => [...document.querySelectorAll(".readout")].map((one) => one.textContent);
  const cursor = () => rate.querySelector(".cursor").getAttribute("x1");
  const found = { first: readouts(), cursor: cursor() };
  const box = late.getBoundingClientRect();
  late.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width / 2, bubbles: true }));
  Object.assign(found, { pointed: readouts(), middle: cursor() });
  rate.dispatchEvent(new KeyboardEvent("keydown", { key: "Home", bubbles: true }));
  Object.assign(found, { home: readouts(), value: rate.getAttribute("aria-valuetext") });
  const style = getComputedStyle(document.body);
  Object.assign(found, {
    ground: style.backgroundColor, ink: style.color,
    width: innerWidth, needed: document.documentElement.scrollWidth,
    plot: [box.width, box.height],
    lines: [...document.querySelectorAll("path")].map((path) => [path.getTotalLength(), getComputedStyle(path).stroke]),
    tiles: [...document.querySelectorAll(".tiles dd")].map((tile) => tile.firstChild.textContent),
    smallest: Math.min(...[...document.querySelectorAll("main *")].filter((one) => one.textContent.trim() && one.getClientRects().length).map((one) => parseFloat(getComputedStyle(one).fontSize))),
  });
  const pre = document.createElement("pre");
  pre.id = "probe";
  pre.textContent = JSON.stringify(found);
  parent.document.body.append(pre);
});
"#;

/// With the probe in it, which the page's policy allows: the policy holds.
fn probed(page: &str) -> String {
    let digest = format!("script-src 'sha256-{}' '", STANDARD.encode(Sha256::digest(PROBE)));
    let page = page.replacen("script-src '", &digest, 1);
    page.replacen("</body>", &format!("<script>{PROBE}</script></body>"), 1)
}

/// A browser's window is 500 wide at least, a frame is what it is told to be.
fn frame((width, height): (u32, u32)) -> String {
    format!(
        "<!DOCTYPE html><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">\
         <body><iframe src=\"report.html\" width=\"{width}\" height=\"{height}\" style=\"border: 0\"></iframe></body>"
    )
}

/// A server with a page, and a frame of this size around it; and what it was asked for.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn with(page: String, size: (u32, u32)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let list = Arc::clone(&asked);
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let Some(first) = lines.next() else { continue };
                list.lock().unwrap().push(first.trim_end_matches(" HTTP/1.1").to_owned());
                let _headers = lines.take_while(|line| !line.is_empty()).count();
                let body = if first.starts_with("GET / ") { frame(size) } else { page.clone() };
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// What the browser made of a page.
struct Looked {
    dom: String,
    /// What was written to its console, a line each.
    console: Vec<String>,
    asked: Vec<String>,
}

impl Looked {
    fn found(&self) -> Value {
        let (_, json) = self
            .dom
            .split_once("<pre id=\"probe\">")
            .unwrap_or_else(|| panic!("the probe did not run: {}", self.dom));
        let (json, _) = json.split_once("</pre>").unwrap();
        serde_json::from_str(&json.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")).unwrap()
    }
}

fn browser() -> bool {
    is_here(Needed::Chromium, "the report's page in a browser")
}

/// The arguments that every start shares: no screen, no first steps, and no other machine to talk to.
fn arguments(cli: &Cli, scheme: Scheme, what: &[String], url: &str) -> Vec<OsString> {
    static STARTS: Mutex<u32> = Mutex::new(0);
    let start = {
        let mut starts = STARTS.lock().unwrap();
        *starts += 1;
        *starts
    };
    let own = [
        format!("--user-data-dir={}", cli.path(&format!("browser-{start}")).display()),
        format!("--blink-settings=preferredColorScheme={}", scheme as u8),
    ];
    [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--enable-logging=stderr",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(own)
    .chain(what.iter().cloned())
    .chain([url.to_owned()])
    .map(Into::into)
    .collect()
}

fn look(cli: &Cli, page: String, scheme: Scheme, size: (u32, u32)) -> Looked {
    let server = Server::with(page, size);
    let what = ["--dump-dom".to_owned(), "--window-size=1400,1000".to_owned()];
    let arguments = arguments(cli, scheme, &what, &format!("http://{}/", server.address));
    let output =
        assert_cmd::Command::from_std(cli.command("chromium", &arguments)).timeout(LIMIT).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    Looked {
        dom: String::from_utf8(output.stdout).unwrap(),
        console: stderr.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect(),
        asked: server.asked(),
    }
}

/// A page with data, and the same figures as JSON.
fn reported(cli: &Cli) -> (String, Value) {
    cli.run_with_input(["batch", "--json"], two_hours(clock::now())).exits(65);
    let page = cli.run(["report", "--since", "2h", "--html", "-"]).exits(0).stdout.clone();
    (page, cli.run(["report", "--since", "2h", "--json"]).exits(0).line())
}

#[test]
fn a_browser_shows_the_figures_in_light_and_dark_at_a_desk_and_on_a_telephone() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    if !browser() {
        return;
    }
    let (page, report) = reported(&cli);
    let percent = |rate: &Value| format!("{:.1}%", rate.as_f64().unwrap() * 100.0);
    let all = &report["channels"][0];
    let mut grounds = Vec::new();
    for (scheme, size) in [(Scheme::Light, DESK), (Scheme::Dark, TELEPHONE)] {
        let looked = look(&cli, probed(&page), scheme, size);
        assert_eq!(looked.asked, ["GET /", "GET /report.html"], "it asks for nothing else, not even an icon");
        assert_eq!(looked.console, [""; 0], "and its policy had nothing to forbid");
        let found = looked.found();
        assert_eq!(found["tiles"][0], percent(&all["rate"]).as_str(), "{found}");
        assert_eq!(found["tiles"][3], percent(&all["lateness"]["in_15m"]).as_str(), "{found}");
        // Drawn: three rates and two of lateness, in colours that are not the ground's.
        let lines = found["lines"].as_array().unwrap();
        assert_eq!(lines.len(), 5, "{found}");
        assert!(
            lines.iter().all(|line| line[0].as_f64().unwrap() > 500.0 && line[1] != found["ground"]),
            "{found}"
        );
        assert!(
            found["plot"][0].as_f64().unwrap() > 250.0 && found["plot"][1].as_f64().unwrap() > 200.0,
            "{found}"
        );
        // Readable: nothing sticks out to the side, no letter is tiny.
        assert_eq!(found["width"], size.0, "{found}");
        assert!(found["needed"].as_u64() <= found["width"].as_u64(), "{found}");
        assert!(found["smallest"].as_f64().unwrap() >= 11.0, "{found}");
        // It says what is under the pointer, and follows the keys.
        assert!(found["first"][0].as_str().unwrap().contains(": all "), "{found}");
        assert!(found["first"][1].as_str().unwrap().contains(" p95 "), "{found}");
        let middle: f64 = found["middle"].as_str().unwrap().parse().unwrap();
        assert!((middle - 500.0).abs() < 50.0 && found["pointed"] != found["first"], "{found}");
        let first_mark = all["windows"][0]["end"].as_str().unwrap();
        let home = found["home"][0].as_str().unwrap();
        assert!(home.starts_with(&format!("{} {}: all ", &first_mark[5..10], &first_mark[11..16])), "{found}");
        assert_eq!(found["value"], home);
        grounds.push((found["ground"].clone(), found["ink"].clone()));
    }
    assert_eq!((&grounds[0].0, &grounds[1].1), (&"rgb(247, 247, 245)".into(), &"rgb(231, 233, 236)".into()));
    assert_ne!(grounds[0], grounds[1], "dark is not light");
}

#[test]
fn a_page_that_requests_something_would_be_found_out() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    if !browser() {
        return;
    }
    let (page, _) = reported(&cli);
    // The negative control: with an image from outside the policy speaks, and without a policy the server is asked.
    let image = page.replacen("<h1>", "<img src=\"/pixel.png\"><script>document.title = 1</script><h1>", 1);
    let forbidden = look(&cli, image.clone(), Scheme::Light, DESK);
    assert_eq!(forbidden.asked, ["GET /", "GET /report.html"]);
    assert!(forbidden.console.iter().any(|line| line.contains("pixel.png")), "{:?}", forbidden.console);
    assert!(forbidden.console.iter().any(|line| line.contains("script-src")), "{:?}", forbidden.console);
    let free = look(&cli, image.replacen("Content-Security-Policy", "x", 1), Scheme::Light, DESK);
    assert_eq!(free.asked, ["GET /", "GET /report.html", "GET /pixel.png"]);
}

#[test]
fn it_can_be_photographed() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    if !browser() {
        return;
    }
    let page = cli.file("report.html", reported(&cli).0, 0o600);
    let photo = cli.path("photo.png");
    let what =
        [format!("--screenshot={}", photo.display()), format!("--window-size={},{}", TELEPHONE.0, TELEPHONE.1)];
    let arguments = arguments(&cli, Scheme::Light, &what, &format!("file://{}", page.display()));
    let mut command = assert_cmd::Command::from_std(cli.command("chromium", &arguments));
    assert!(command.timeout(LIMIT).output().unwrap().status.success());
    let photo = fs::read(photo).unwrap();
    // An empty page of this size has some 2 kB; letters and lines have many more.
    assert!(photo.starts_with(b"\x89PNG") && photo.len() > 15_000, "{} bytes", photo.len());
}
