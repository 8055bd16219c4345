//! A ledger on a PostgreSQL server: naming it, reaching it, making it, and what is said where something is wrong.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use nexmo_conversion::clock;
use nexmo_conversion::sandbox::Sandbox;
use rustix::process::Signal;
use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Ran, assert_same, wait_until};
use crate::postgres::Cluster;
use crate::relay::closed_port;

const SMS: [&str; 5] = ["sms", "0A0000000123ABCD1", "--delivered", "--timestamp", "2026-11-20 00:00:00"];

/// How a superuser reaches a database by the server's socket.
fn url(cluster: &Cluster, database: &str) -> String {
    format!("postgres://postgres@/{database}?host={}&port={}", cluster.folder().display(), cluster.port())
}

/// What a person sees, without what differs from run to run.
fn shown(ran: &Ran, cluster: &Cluster, database: &str) -> String {
    ran.shown()
        .replace(&cluster.folder().display().to_string(), "[socket]")
        .replace(&format!(":{}", cluster.port()), ":[port]")
        .replace(&format!("port={}", cluster.port()), "port=[port]")
        .replace(database, "[database]")
}

#[test]
fn a_ledger_on_a_server_is_made_used_and_shared() {
    let Some(cluster) = Cluster::shared("a_ledger_on_a_server_is_made_used_and_shared") else { return };
    let database = cluster.database();
    let sandbox = api::plain();
    let url = url(cluster, &database);
    let here = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_LEDGER", &url);
    // Nothing but `migrate` makes tables.
    let before = here.run(SMS);
    before.exits(78);
    assert!(before.stderr.contains("ledger migrate"), "{}", before.shown());
    assert_eq!(api::requests(&sandbox), 0);
    let made = here.run(["ledger", "migrate"]);
    made.exits(0);
    let again = here.run(["ledger", "migrate"]);
    again.exits(0);
    here.run(SMS).exits(0);
    // Another machine knows what this one has sent.
    let there = Cli::new().against(&sandbox).configured(&format!("[ledger]\nurl = \"{url}\"\n"));
    let skipped = there.run([&SMS[..], &["--json"]].concat());
    assert_eq!(skipped.exits(0).line()["error"]["code"], "already_accepted");
    assert_eq!(api::requests(&sandbox), 1);
    let status = there.run(["ledger", "status", "--json"]);
    assert_eq!(status.exits(0).line()["state"], "accepted");
    let history = there.run(["ledger", "show", "0A0000000123ABCD1", "--json"]);
    assert_eq!(history.exits(0).line()["state"], "accepted");
    let report = there.run(["report", "--json"]);
    assert_eq!(report.exits(0).line()["outcomes"]["accepted"], 1);
    let metrics = there.run(["report", "--prometheus", "-"]);
    assert!(metrics.exits(0).stdout.contains("outcome=\"accepted\"} 1\n"), "{}", metrics.shown());
    there.run(["ledger", "refused"]).exits(0);
    there.run(["ledger", "resume"]).exits(0);
    there.run(["ledger", "forget", "settled", "--older-than", "1d"]).exits(0);
    assert_same("server_migrate", [&before, &made, &again].map(|ran| shown(ran, cluster, &database)));
}

#[test]
fn a_check_says_what_a_server_is_and_what_it_keeps() {
    let Some(cluster) = Cluster::shared("a_check_says_what_a_server_is_and_what_it_keeps") else { return };
    let database = cluster.database();
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox).with("NEXMO_CONVERSION_LEDGER", url(cluster, &database));
    let before = cli.run(["check", "--json"]);
    let schema = |ran: &Ran| ran.lines().into_iter().find(|line| line["check"] == "schema").unwrap();
    assert_eq!(schema(before.exits(78))["status"], "fail");
    cli.run(["ledger", "migrate"]).exits(0);
    let ran = cli.run(["check", "--json"]);
    let found: Vec<_> = ran.exits(0).lines();
    let of = |check: &str| {
        found.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{}", ran.shown()))
    };
    let detail = |check: &str| of(check)["detail"].as_str().unwrap().to_owned();
    assert!(detail("server").contains("PostgreSQL 1") && detail("server").contains("a socket of this machine"));
    assert!(detail("schema").ends_with("0 live runs"), "{}", detail("schema"));
    assert_eq!(detail("durability"), "fsync on, synchronous_commit on");
    assert_eq!(of("standbys")["status"], "warn");
    assert!(detail("standbys").contains("a failover may lose what was recorded in its last moment"));
    assert!(detail("server clock").starts_with("within"));
    assert!(detail("ledger").ends_with("0 pending, 0 refused"));
    assert!(!found.iter().any(|line| line["check"] == "pooler"));
}

#[test]
fn a_password_in_a_url_is_refused_wherever_it_stands_and_never_shown() {
    let sandbox = api::plain();
    let cli = || Cli::new().against(&sandbox);
    let url = "postgres://app:s3cretW0rd@db1/app";
    let ran = [
        cli().with("NEXMO_CONVERSION_LEDGER", url).run(["sms", "0A1", "--delivered"]),
        cli().configured(&format!("[ledger]\nurl = \"{url}\"\n")).run(["ledger", "status"]),
        cli().configured(&format!("[profiles.a]\nledger = \"{url}\"\n")).run(["config", "show"]),
    ];
    let typed = cli().run(["check", "--ledger", url]);
    typed.exits(78);
    assert!(!typed.said().contains("s3cretW0rd"), "{}", typed.shown());
    for ran in &ran {
        ran.exits(78);
        assert!(!ran.said().contains("s3cretW0rd"), "{}", ran.shown());
        assert!(ran.stderr.contains("PGPASSWORD") && ran.stderr.contains(".pgpass"), "{}", ran.shown());
    }
    assert_same("server_password_in_url", ran.iter().map(Ran::shown));
}

#[test]
fn what_is_neither_a_file_nor_a_server_is_refused() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let ran = ["mysql://db1/app", "postgres:app", "postgres://db1/app?sslmod=require", "postgres://db1:x/app"]
        .map(|url| cli.run(["ledger", "status", "--ledger", url]));
    for ran in &ran {
        ran.exits(78);
    }
    assert_same("server_urls", ran.iter().map(Ran::shown));
    // With a `./` before it, it is a file.
    cli.run(["sms", "0A1", "--delivered", "--ledger", "./postgres:"]).exits(0);
    assert!(cli.path("here/postgres:").exists());
}

#[test]
fn libpqs_sources_of_passwords_are_asked_in_its_order() {
    let Some(cluster) = Cluster::prepare("libpqs_sources_of_passwords_are_asked_in_its_order") else { return };
    let cluster = cluster
        .tcp()
        .file("pg_hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        .start();
    cluster.sql("postgres", "CREATE ROLE app LOGIN PASSWORD 'p:a\\ss'");
    cluster.sql("postgres", "CREATE DATABASE app OWNER app");
    let port = cluster.port().to_string();
    let named = || {
        Cli::new()
            .with("NEXMO_CONVERSION_LEDGER", "postgres://")
            .with("PGHOST", "127.0.0.1")
            .with("PGPORT", &port)
            .with("PGUSER", "app")
            .with("PGDATABASE", "app")
    };
    let migrate = |cli: &Cli<'_>| cli.run(["ledger", "migrate"]);
    let nothing = migrate(&named());
    assert!(nothing.exits(78).stderr.contains("no password was found"), "{}", nothing.shown());
    migrate(&named().with("PGPASSWORD", "p:a\\ss")).exits(0);
    let wrong = migrate(&named().with("PGPASSWORD", "wr0ng"));
    assert!(wrong.exits(78).stderr.contains("refused the login"), "{}", wrong.shown());
    assert!(!wrong.said().contains("wr0ng"));
    // The file of passwords, where libpq looks for it.
    let line = format!("127.0.0.1:{port}:app:app:p\\:a\\\\ss\n");
    let cli = named();
    cli.file(".pgpass", &line, 0o600);
    migrate(&cli).exits(0);
    let open = named();
    open.file(".pgpass", &line, 0o644);
    assert!(migrate(&open).exits(78).stderr.contains("chmod 600"), "{}", migrate(&open).shown());
    let elsewhere = named();
    let elsewhere = elsewhere.clone().with("PGPASSFILE", elsewhere.file("passwords", &line, 0o600));
    migrate(&elsewhere).exits(0);
    // A service has all of it.
    let service =
        format!("[other]\nhost=nowhere\n[app]\nhost=127.0.0.1\nport={port}\nuser=app\npassword=p:a\\ss\n");
    let cli = Cli::new().configured("[ledger]\nurl = \"postgres:///app?service=app\"\n");
    cli.file(".pg_service.conf", &service, 0o600);
    migrate(&cli).exits(0);
    let cli = Cli::new().with("NEXMO_CONVERSION_LEDGER", "postgres:///app").with("PGSERVICE", "absent");
    cli.file(".pg_service.conf", &service, 0o600);
    assert!(migrate(&cli).exits(78).stderr.contains("service \"absent\""), "{}", migrate(&cli).shown());
}

#[test]
fn each_way_to_fail_has_its_sentence_and_its_exit_code() {
    let Some(cluster) = Cluster::prepare("each_way_to_fail_has_its_sentence_and_its_exit_code") else { return };
    let cluster = cluster.tcp().start();
    let sandbox = api::plain();
    cluster.sql("postgres", "CREATE DATABASE ledgers");
    cluster.sql("postgres", "CREATE ROLE stranger LOGIN");
    let address = format!("127.0.0.1:{}", cluster.port());
    let by = |user: &str, rest: &str| format!("postgres://{user}@{address}/{rest}");
    let cli = Cli::new().against(&sandbox);
    cli.run(["ledger", "migrate", "--ledger", &by("postgres", "ledgers")]).exits(0);
    let web = format!("postgres://me@127.0.0.1:{}/x", web_server());
    let closed = format!("postgres://me@{}/x", closed_port());
    let cases = [
        (78, by("postgres", "nowhere")),
        (78, by("stranger", "ledgers")),
        (78, by("nobody", "ledgers")),
        (78, by("postgres", "ledgers?sslmode=verify-full")),
        (78, web),
        (75, closed),
        (75, by("postgres", "ledgers?target_session_attrs=standby")),
    ];
    let mut said: Vec<_> = cases
        .iter()
        .map(|(status, url)| {
            let ran = cli.run([&SMS[..], &["--ledger", url]].concat());
            ran.exits(*status);
            shown(&ran, &cluster, "[no such name]")
        })
        .collect();
    let change = |database: &str, change: &str, back: &str, status: i32| {
        cluster.sql(database, change);
        let ran = cli.run([&SMS[..], &["--ledger", &by("postgres", "ledgers")]].concat());
        cluster.sql(database, back);
        ran.exits(status);
        format!("# {change}\n{}", shown(&ran, &cluster, "[no such name]"))
    };
    said.push(change(
        "postgres",
        "ALTER DATABASE ledgers SET default_transaction_read_only = on",
        "ALTER DATABASE ledgers RESET default_transaction_read_only",
        75,
    ));
    said.push(change(
        "ledgers",
        "UPDATE nexmo_conversion.meta SET version = version + 100, program = '7.8.9'",
        "UPDATE nexmo_conversion.meta SET version = version - 100",
        78,
    ));
    said.push(change(
        "ledgers",
        "UPDATE nexmo_conversion.meta SET version = 0 - version",
        "UPDATE nexmo_conversion.meta SET version = 0 - version",
        78,
    ));
    assert_eq!(api::requests(&sandbox), 0);
    assert_same("server_failures", said);
}

#[test]
fn a_role_with_the_rights_of_the_operators_page_can_run_and_one_with_fewer_is_told() {
    let test = "a_role_with_the_rights_of_the_operators_page_can_run_and_one_with_fewer_is_told";
    let Some(cluster) = Cluster::prepare(test) else { return };
    let cluster = cluster.start();
    let sandbox = api::plain();
    let owner = url(&cluster, "postgres");
    let runner = owner.replace("postgres://postgres@", "postgres://runner@");
    let cli = Cli::new().against(&sandbox);
    cli.run(["ledger", "migrate", "--ledger", &owner]).exits(0);
    cluster.sql("postgres", "CREATE ROLE runner LOGIN");
    cluster.sql("postgres", "GRANT USAGE ON SCHEMA nexmo_conversion TO runner");
    cluster.sql("postgres", "GRANT SELECT ON ALL TABLES IN SCHEMA nexmo_conversion TO runner");
    // Enough to look at it, and not to run.
    cli.run(["ledger", "status", "--ledger", &runner]).exits(0);
    let few = cli.run(["check", "--json", "--ledger", &runner]);
    let schema = few.exits(78).lines().into_iter().find(|line| line["check"] == "schema").unwrap();
    assert!(schema["detail"].as_str().unwrap().contains("conversion"), "{schema}");
    let refused = cli.run([&SMS[..], &["--ledger", &runner]].concat());
    assert!(refused.exits(78).stderr.contains("the role lacks a right"), "{}", refused.shown());
    let page = include_str!("../../docs/postgres.md");
    let (_, after) = page.split_once("<!-- test: grants -->\n```sql\n").unwrap();
    cluster.sql("postgres", after.split_once("```").unwrap().0);
    cli.run([&SMS[..], &["--ledger", &runner]].concat()).exits(0);
    cli.run(["check", "--ledger", &runner]).exits(0);
}

#[test]
fn a_server_that_forgets_is_refused_unless_told_so_by_name() {
    let Some(cluster) = Cluster::prepare("a_server_that_forgets_is_refused_unless_told_so_by_name") else {
        return;
    };
    let cluster = cluster.setting("fsync = off").start();
    let sandbox = api::plain();
    let url = url(&cluster, "postgres");
    let strict = Cli::new().against(&sandbox).configured(&format!("[ledger]\nurl = \"{url}\"\n"));
    strict.run(["ledger", "migrate"]).exits(0);
    let refused = strict.run(["sms", "0A1", "--delivered"]);
    assert!(refused.exits(78).stderr.contains("fsync is off"), "{}", refused.shown());
    assert!(refused.stderr.contains("durability = \"server\""), "{}", refused.shown());
    assert_eq!(api::requests(&sandbox), 0);
    strict.run(["check"]).exits(78);
    let told = strict.configured(&format!("[ledger]\nurl = \"{url}\"\ndurability = \"server\"\n"));
    told.run(["sms", "0A1", "--delivered"]).exits(0);
    told.run(["check"]).exits(0);
}

#[test]
fn records_that_trickle_in_are_written_down_together_on_a_server_and_only_there() {
    let Some(cluster) =
        Cluster::shared("records_that_trickle_in_are_written_down_together_on_a_server_and_only_there")
    else {
        return;
    };
    let transactions = |linger: &str, each_waits_for_its_result: bool| {
        let database = cluster.database();
        let sandbox = api::plain();
        let config = format!("[ledger]\nurl = \"{}\"\nlinger = \"{linger}\"\n", url(cluster, &database));
        let cli = Cli::new().against(&sandbox).configured(&config);
        cli.run(["ledger", "migrate"]).exits(0);
        let mut run = cli.start_with_pipe(["batch", "--json", "--channel", "sms", "--delivered", "true"]);
        for n in 0..10 {
            run.write(format!("{{\"id\":\"N{n}\"}}\n"));
            if each_waits_for_its_result {
                run.next_line();
            } else {
                // Not all at once: the run may read the lines one by one.
                clock::sleep(Duration::from_millis(5));
            }
        }
        for _ in 0..if each_waits_for_its_result { 0 } else { 10 } {
            run.next_line();
        }
        // While the run lives, and its input is open.
        let count = cluster.sql(&database, "SELECT count(*) FROM nexmo_conversion.done");
        run.close_stdin();
        assert_eq!(run.finish().0, Some(0));
        count.parse::<u32>().unwrap()
    };
    // With a search for what is due now and then.
    let alone = transactions("0s", true);
    assert!(alone >= 20, "{alone}: each is recorded and settled by itself");
    let together = transactions("1s", false);
    assert!(together <= 10, "{together} transactions for ten records");
}

#[test]
fn a_run_that_waits_for_a_server_that_is_gone_is_interrupted_at_once_and_nothing_is_lost() {
    let test = "a_run_that_waits_for_a_server_that_is_gone_is_interrupted_at_once_and_nothing_is_lost";
    let Some(cluster) = Cluster::prepare(test) else { return };
    let cluster = cluster.tcp().start();
    let sandbox = api::plain();
    let cli = client_of(&cluster, &sandbox);
    // It would wait for two minutes.
    let mut run = cli.start_with_pipe(TRUE_SMS);
    run.write("{\"id\":\"N0\"}\n");
    assert!(run.next_line().contains("accepted"));
    assert!(cluster.pg_ctl(&["stop", "-m", "immediate"]));
    let in_its_place = TcpListener::bind(("127.0.0.1", cluster.port())).unwrap();
    run.write("{\"id\":\"N1\"}\n");
    for _ in 0..3 {
        // It has come once more for a server, and has met none.
        drop(in_its_place.accept().unwrap());
    }
    assert!(!run.has_ended());
    let began = clock::monotonic();
    run.signal(Signal::INT);
    wait_until("the interrupted run ends", || run.has_ended());
    let lasted = clock::monotonic().saturating_sub(began);
    assert!(lasted < Duration::from_secs(5), "after {lasted:?}");
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(130), "{stderr}");
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["message_id"] == "N1" && line["outcome"] == "retry"), "{stdout}");
    drop(in_its_place);
    assert!(cluster.pg_ctl(&["start"]));
    ids_go_once(&cli, &sandbox, ["N0", "N1"]);
}

/// A client of a server that this test may stop, with a ledger on it.
fn client_of<'a>(cluster: &Cluster, sandbox: &'a Sandbox) -> Cli<'a> {
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", cluster.port());
    let cli = Cli::new().against(sandbox).configured(&format!("[ledger]\nurl = \"{url}\"\nlinger = \"0s\"\n"));
    cli.run(["ledger", "migrate"]).exits(0);
    cli
}

/// What was recorded is known, and what was not is sent, when the server is there again.
fn ids_go_once(cli: &Cli<'_>, sandbox: &Sandbox, [recorded, not_recorded]: [&str; 2]) {
    let input = format!("{{\"id\":\"{recorded}\"}}\n{{\"id\":\"{not_recorded}\"}}\n");
    let again = cli.run_with_input(TRUE_SMS, input);
    let outcomes: Vec<_> = again.exits(0).lines().iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["skipped", "accepted"], "{}", again.shown());
    assert_eq!(api::ids(sandbox), [recorded, not_recorded], "each once");
}

const TRUE_SMS: [&str; 6] = ["batch", "--json", "--channel", "sms", "--delivered", "true"];

#[test]
fn a_run_whose_server_takes_no_writes_for_a_while_goes_on_when_it_does() {
    let test = "a_run_whose_server_takes_no_writes_for_a_while_goes_on_when_it_does";
    let Some(cluster) = Cluster::prepare(test) else { return };
    let cluster = cluster.tcp().start();
    let sandbox = api::plain();
    let cli = client_of(&cluster, &sandbox);
    let mut run = cli.start_with_pipe(TRUE_SMS);
    run.write("{\"id\":\"W0\"}\n");
    assert!(run.next_line().contains("accepted"));
    // As a server does that has handed its place over.
    let read_only = |value: &str| {
        cluster.sql("postgres", &format!("ALTER SYSTEM SET default_transaction_read_only = {value}"));
        cluster.sql("postgres", "SELECT pg_reload_conf()");
    };
    read_only("on");
    run.write("{\"id\":\"W1\"}\n");
    wait_until("a write is refused", || cluster.log().contains("in a read-only transaction"));
    assert!(!run.has_ended());
    read_only("off");
    assert!(run.next_line().contains("accepted"));
    let (status, _, stderr) = run.finish();
    assert_eq!(status, Some(0), "{stderr}");
    assert_eq!(api::ids(&sandbox), ["W0", "W1"]);
}

#[test]
fn a_run_whose_server_does_not_come_back_says_to_try_later_and_what_it_recorded_is_sent_then() {
    let test = "a_run_whose_server_does_not_come_back_says_to_try_later_and_what_it_recorded_is_sent_then";
    let Some(cluster) = Cluster::prepare(test) else { return };
    let cluster = cluster.tcp().start();
    let sandbox = api::plain();
    let cli = client_of(&cluster, &sandbox);
    let mut run = cli.start_with_pipe([&TRUE_SMS[..], &["--retry-max-time", "1s"]].concat());
    run.write("{\"id\":\"T0\"}\n");
    assert!(run.next_line().contains("accepted"));
    assert!(cluster.pg_ctl(&["stop", "-m", "immediate"]));
    run.write("{\"id\":\"T1\"}\n");
    wait_until("the run gives up", || run.has_ended());
    let (status, stdout, stderr) = run.finish();
    assert_eq!(status, Some(75), "{stdout}{stderr}");
    assert!(stderr.contains("the server cannot be reached"), "{stderr}");
    assert!(cluster.pg_ctl(&["start"]));
    ids_go_once(&cli, &sandbox, ["T0", "T1"]);
}

#[test]
fn a_file_has_nothing_to_migrate() {
    let ran = Cli::new().run(["ledger", "migrate"]);
    assert!(ran.exits(0).said().contains("a ledger in a file changes by itself"), "{}", ran.shown());
}

/// The port of something that answers as web servers do.
fn web_server() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    port
}
