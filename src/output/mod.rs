//! Events become what people and programs read. It writes to whatever it is given, and knows neither exit codes nor what
//! to advise: the advice comes in as a function.

mod age;
mod escape;
mod json;
mod printer;
mod remark;
mod report;
mod summary;
mod text;

pub use age::Age;
pub use escape::{Escaped, TerminalSafeJson, to_json};
pub use json::{CheckLine, RequestLine, ResultLine};
pub use printer::{
    AdoptedRows, Hint, OutputFormat, OutputStyle, Printer, Progress, Unsent, Verbosity, exchange_label,
    of_shared_ref,
};
pub use remark::RemarkFormat;
pub use report::{AccountReport, Glyphs, report_csv, report_json, report_page, report_prometheus, report_text};
pub use summary::Summary;
pub use text::{LineStyle, Numbering, Paint, Severity, write_line};
