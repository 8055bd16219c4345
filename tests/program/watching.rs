//! What stands in `contrib` for those who watch, and the recipes beside it: alert rules and a dashboard that ask for what the
//! program writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::api;
use crate::cli::{Cli, Ran};
use crate::documents::ROOT;
use crate::needs::{Needed, is_here};
use crate::pings::Monitor;
use crate::recipes::cron_command;

const RULES: &str = "contrib/prometheus/nexmo-conversion.rules.yml";
const DASHBOARD: &str = "contrib/grafana/nexmo-conversion.json";
const PREFIX: &str = "nexmo_conversion_";

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap()
}

fn dashboard() -> Value {
    serde_json::from_str(&read(DASHBOARD)).unwrap()
}

/// The metrics that the program writes, by their own declaration.
fn written() -> BTreeSet<String> {
    let text = Cli::new().run(["report", "--prometheus", "-"]).exits(0).stdout.clone();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// The metrics that a text speaks of.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with(PREFIX)).map(str::to_owned).collect()
}

/// The queries of every panel and variable.
fn queries(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.iter().filter(|(name, _)| ["expr", "definition"].contains(&name.as_str()));
            let own = own.filter_map(|(_, text)| text.as_str().map(str::to_owned));
            own.chain(fields.values().flat_map(queries)).collect()
        }
        Value::Array(values) => values.iter().flat_map(queries).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[test]
fn rules_and_dashboard_ask_for_nothing_that_is_not_written() {
    let written = written();
    assert!(written.len() > 10, "{written:?}");
    let queries = queries(&dashboard());
    assert!(queries.len() > 10, "{queries:?}");
    for (what, text) in [(RULES, read(RULES)), (DASHBOARD, queries.join("\n"))] {
        let named = named(&text);
        assert!(named.len() > 5, "{what}: {named:?}");
        let unknown: Vec<_> = named.difference(&written).collect();
        assert!(unknown.is_empty(), "{what} asks for {unknown:?}");
        // The control.
        let wrong = text.replace("_pending_oldest_", "_oldest_pending_");
        assert!(!self::named(&wrong).is_subset(&written), "{what}");
    }
}

#[test]
fn every_metric_is_in_the_books_table() {
    let chapter = read("docs/operations/watching.md");
    let table: String = chapter.lines().filter(|line| line.starts_with("| `")).collect();
    for metric in written() {
        let end = metric.trim_start_matches("nexmo_conversion_lateness");
        assert!(table.contains(&format!("{metric}`")) || table.contains(&format!("…{end}`")), "{metric}");
    }
}

#[test]
fn the_dashboards_panels_have_numbers_of_their_own_and_do_not_overlap() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut numbers, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        assert!(numbers.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(["stat", "timeseries"].contains(&panel["type"].as_str().unwrap()), "{panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty() && !panel["targets"].as_array().unwrap().is_empty());
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(x + w <= 24, "{panel}");
        for column in x..x + w {
            assert!((y..y + h).all(|row| taken.insert((column, row))), "{panel}");
        }
    }
}

/// Runs Prometheus' own checker.
fn promtool(arguments: &[&str]) -> Option<Ran> {
    is_here(Needed::Promtool, "alert rules and the dashboard's queries").then(|| {
        let words: Vec<_> = arguments.iter().map(|word| format!("'{word}'")).collect();
        Cli::new().shell(&format!("promtool {}", words.join(" ")))
    })
}

#[test]
fn promtool_accepts_the_rules_and_they_fire_for_what_they_are_for() {
    let rules = Path::new(ROOT).join(RULES);
    let Some(checked) = promtool(&["check", "rules", rules.to_str().unwrap()]) else { return };
    assert!(checked.exits(0).said().contains("7 rules found"), "{}", checked.shown());
    let tests = Path::new(ROOT).join("tests/program/testdata/alerts.yml");
    let tested = promtool(&["test", "rules", tests.to_str().unwrap()]).unwrap();
    assert!(tested.exits(0).said().contains("SUCCESS"), "{}", tested.shown());
    // The control: another threshold, and the tests notice.
    let cli = Cli::new();
    let changed = read(RULES).replace("< 0.9", "< 0.8");
    let changed = cli.file("contrib/prometheus/nexmo-conversion.rules.yml", changed, 0o644);
    let copy = read("tests/program/testdata/alerts.yml")
        .replace("../../../contrib/prometheus/nexmo-conversion.rules.yml", changed.to_str().unwrap());
    let copy = cli.file("alerts.yml", copy, 0o644);
    let failed = promtool(&["test", "rules", copy.to_str().unwrap()]).unwrap();
    assert!(failed.status != Some(0) && failed.said().contains("FAILED"), "{}", failed.shown());
}

#[test]
fn promtool_understands_the_dashboards_queries() {
    let queries: Vec<_> =
        queries(&dashboard()).into_iter().filter(|query| !query.starts_with("label_values")).collect();
    let rule = |(number, query): (usize, &String)| {
        let query = query.replace("$instance", ".*").replace("$account", ".*");
        format!("      - record: panel:query{number}\n        expr: |-\n          {query}\n")
    };
    let as_rules = |queries: &[String]| {
        let rules: String = queries.iter().enumerate().map(rule).collect();
        format!("groups:\n  - name: dashboard\n    rules:\n{rules}")
    };
    let check = |name: &str, queries: &[String]| {
        let cli = Cli::new();
        let file = cli.file(name, as_rules(queries), 0o644);
        promtool(&["check", "rules", file.to_str().unwrap()])
    };
    let Some(good) = check("good.yml", &queries) else { return };
    assert!(good.exits(0).said().contains(&format!("{} rules found", queries.len())), "{}", good.shown());
    let bad = check("bad.yml", &[queries[0].replace(')', "")]).unwrap();
    assert_ne!(bad.status, Some(0), "{}", bad.shown());
}

#[test]
fn the_recipe_of_metrics_writes_them_and_nothing_else() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    cli.run(["sms", "A", "--delivered"]).exits(0);
    let folder = cli.path("node-exporter");
    fs::create_dir(&folder).unwrap();
    let command = cron_command("metrics");
    let here = command.replace("/var/lib/prometheus/node-exporter", folder.to_str().unwrap());
    assert_ne!(here, command);
    let ran = cli.shell(&here);
    assert_eq!((ran.status, ran.said()), (Some(0), String::new()), "cron would send a mail");
    let text = fs::read_to_string(folder.join("conversions.prom")).unwrap();
    assert!(text.contains("outcome=\"accepted\"} 1\n"), "{text}");
}

#[test]
fn the_recipe_of_pings_reaches_the_monitor() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let monitor = Monitor::open();
    cli.file("conversions.jsonl", "{\"id\":\"A\",\"channel\":\"sms\",\"delivered\":true}\n", 0o644);
    let command = cron_command("ping");
    let here = command.replace("https://hc-ping.com/TOKEN", &monitor.url());
    assert_ne!(here, command);
    let ran = cli.shell(&here);
    assert_eq!((ran.status, ran.said()), (Some(0), String::new()), "cron would send a mail");
    assert_eq!(monitor.heard(), ["/start", ""]);
}
