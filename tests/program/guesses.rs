//! Nothing guessed is sent: files that may be growing, carriers' words, and inputs that are something else than they seem.

use std::fs::File;
use std::time::SystemTime;

use crate::api;
use crate::cli::Cli;

const TORN: &str = "message_id,channel,delivered\n0A,sms,true\n0B,sms,tr";

#[test]
fn the_torn_last_row_of_a_file_is_left_until_the_file_has_settled() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let path = cli.file("torn.csv", TORN, 0o600);
    let name = path.to_str().unwrap();
    let ran = cli.run(["batch", name]);
    ran.exits(0);
    assert!(ran.shown().contains("no newline yet"), "{}", ran.shown());
    assert_eq!(api::ids(&sandbox), ["0A"]);
    // Standard input is a file here, too.
    let ran = cli.shell(&format!("nexmo-conversion batch < '{name}'"));
    ran.exits(0);
    assert!(ran.shown().contains("no newline yet"), "{}", ran.shown());
    for complete in [Some("--complete"), None] {
        if complete.is_none() {
            let settled = File::options().write(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH);
            settled.unwrap();
        }
        let arguments = ["batch", "--strict", name].into_iter().chain(complete);
        // Half a word is no truth value.
        let ran = cli.run(arguments);
        ran.exits(65);
        assert!(!ran.shown().contains("no newline yet"), "{complete:?}: {}", ran.shown());
    }
    assert_eq!(api::ids(&sandbox), ["0A"]);
}

#[test]
fn values_that_mean_true_are_named_and_the_carriers_words_are_not_taken_for_delivered() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let table = "message_id,channel,status\n0A,sms,verified\n0B,sms,expired\n";
    let ran = cli.run_with_input(["batch", "--jobs", "1", "--delivered-when", "status=verified"], table);
    ran.exits(0);
    assert!(
        ran.shown().contains("0A  delivered=true") && ran.shown().contains("0B  delivered=false"),
        "{}",
        ran.shown()
    );
    for field in ["delivered=err-code", "delivered=messages.0.status", "delivered=error_code"] {
        let ran = cli.run_with_input(["batch", "--field", field], table);
        ran.exits(2);
        assert!(ran.shown().contains("--delivered-when"), "{}", ran.shown());
    }
    let receipts = "{\"messageId\":\"0C\",\"status\":\"delivered\",\"err-code\":\"0\",\"scts\":\"2611260410\"}\n";
    cli.run_with_input(["batch", "--channel", "sms", "--delivered", "true"], receipts).exits(65);
    let ran = cli.run_with_input(["batch"], "message_id,channel,\"did convert\"\n0D,sms,true\n");
    ran.exits(65);
    assert!(ran.shown().contains("--field 'delivered=did convert'"), "{}", ran.shown());
    assert_eq!(api::ids(&sandbox), ["0A", "0B"]);
}

#[test]
fn only_lines_that_say_so_are_taken_and_the_others_are_counted() {
    let sandbox = api::plain();
    let cli = Cli::new().against(&sandbox);
    let log = "Shop 1.2, listening\n{\"event\":\"otp\",\"message_id\":\"0A\",\"delivered\":true,\"level\":1}\n\
               {\"event\":\"login\",\"message_id\":{}}\nat shop.Login(Login.java:12)\n\
               {\"event\":\"otp\",\"message_id\":\"0B\",\"delivered\":false,\"level\":1}\n";
    let arguments = ["batch", "--channel", "sms", "--where", "event=otp"];
    let ran = cli.run_with_input(arguments, log);
    ran.exits(0);
    assert_eq!(api::ids(&sandbox), ["0A", "0B"]);
    assert!(ran.shown().contains("passed over: 3 lines"), "{}", ran.shown());
    assert!(!ran.shown().contains("ignored"), "a log has more in it than is read: {}", ran.shown());
    // The control: without it, the same log is not taken for good.
    cli.run_with_input(&arguments[..3], log).exits(65);

    let ran = cli.run_with_input(["batch", "--channel", "sms", "--where", "evnt=otp"], log);
    ran.exits(0);
    assert!(ran.shown().contains("no line has `evnt`"), "{}", ran.shown());
    let ran = cli.run_with_input(["batch", "--where", "evnt=otp"], "event,id\notp,0A\n");
    ran.exits(65);
    assert!(ran.shown().contains("there is no column `evnt` among event, id"), "{}", ran.shown());
    cli.run_with_input(["batch", "--format", "ids", "--where", "event=otp"], "0A\n").exits(2);
    cli.run_with_input(["batch", "--where", "event"], log).exits(2);

    let events = "{\"app\":\"shop\",\"event\":\"sent\",\"message_id\":\"0C\",\"channel\":\"sms\"}\n\
                  {\"app\":\"mail\",\"event\":\"sent\",\"message_id\":\"0D\",\"channel\":\"sms\"}\n";
    cli.run_with_input(["track", "--at-end", "expire", "--where", "app=shop"], events).exits(0);
    assert_eq!(api::ids(&sandbox), ["0A", "0B", "0C"]);
}
