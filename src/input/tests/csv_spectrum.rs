//! The public data set csv-spectrum 2.0.0 (npm, BSD-2-Clause, Max Ogden): what others take CSV to be.

use std::collections::BTreeMap;

use crate::input::csv::{Grown, Syntax, for_each_cell, grow};
use crate::input::lines::{Ending, Lines, Step};

fn rows(input: &[u8]) -> Vec<Vec<String>> {
    let mut lines = Lines::new(input, b'\n', Ending::Complete);
    let mut rows = Vec::new();
    while lines.advance().unwrap() == Step::Line {
        assert!(matches!(grow(&mut lines, Syntax::Quoted(b',')).unwrap(), Grown::Whole(_)));
        let mut cells = Vec::new();
        let row = str::from_utf8(lines.record()).unwrap();
        for_each_cell(row, Syntax::Quoted(b','), |_, cell| cells.push(cell.into_owned())).unwrap();
        rows.push(cells);
    }
    rows
}

#[test]
fn every_file_of_csv_spectrum_is_read_as_its_json_says() {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/src/input/testdata/csv-spectrum");
    let mut seen = 0;
    for entry in std::fs::read_dir(files).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "csv") {
            continue;
        }
        let mut rows = rows(&std::fs::read(&path).unwrap()).into_iter();
        let header = rows.next().unwrap();
        let read: Vec<BTreeMap<_, _>> = rows.map(|row| header.iter().cloned().zip(row).collect()).collect();
        let said = std::fs::read_to_string(path.with_extension("json")).unwrap();
        // One of them is an object without its list.
        let said = if said.trim_start().starts_with('[') { said } else { format!("[{said}]") };
        let said: Vec<BTreeMap<String, String>> = serde_json::from_str(&said).unwrap();
        // One number is another one in the data set's own JSON.
        let [read, said] = [read, said].map(|mut rows| {
            for row in &mut rows {
                row.remove("Contact Phone Number");
            }
            rows
        });
        assert_eq!(read, said, "{}", path.display());
        seen += 1;
    }
    assert_eq!(seen, 12);
}
