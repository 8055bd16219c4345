//! What spreadsheets and number types leave of an id. An id that has been through one is another id, or none.

/// The trace of a spreadsheet, or of a floating-point number, in what should be an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpreadsheetTrace {
    /// `1.23E+15`: a number in scientific notation; the digits behind are lost.
    Scientific,
    /// `123456789012345.0`: a whole number that was held as a floating-point one.
    Fraction,
    /// `#N/A`, `#REF!`: an error in place of the value.
    ErrorValue,
    /// `="0A01"`: a formula.
    Formula,
    /// `'0A02`: the apostrophe that keeps a cell text.
    Apostrophe,
}

impl SpreadsheetTrace {
    /// What `id` has been through, if it shows.
    pub(super) fn of(id: &str) -> Option<Self> {
        match id.as_bytes().first()? {
            b'=' => Some(Self::Formula),
            b'\'' if id[1..].chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) => Some(Self::Apostrophe),
            b'#' if id[1..].chars().all(|c| c.is_uppercase() || "/!?_#0".contains(c)) => Some(Self::ErrorValue),
            b'0'..=b'9' | b'+' | b'-' => number(id),
            _ => None,
        }
    }
}

/// `12E5` is a good id, in hexadecimal. A point or comma in the mantissa, or a plus before the exponent, makes it a number.
fn number(id: &str) -> Option<SpreadsheetTrace> {
    let id = id.trim_start_matches(['+', '-']);
    let (mantissa, exponent) = match id.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (id, None),
    };
    let (whole, fraction) = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction.unwrap_or_default()) {
        return None;
    }
    match exponent {
        Some(exponent) => {
            let unsigned = exponent.trim_start_matches(['+', '-']);
            let is_number = fraction.is_some() || exponent.starts_with('+');
            (is_number && !unsigned.is_empty() && digits(unsigned)).then_some(SpreadsheetTrace::Scientific)
        }
        None => fraction.map(|_| SpreadsheetTrace::Fraction),
    }
}

#[cfg(test)]
mod tests {
    use super::SpreadsheetTrace::{self, Apostrophe, ErrorValue, Formula, Fraction, Scientific};

    #[test]
    fn an_id_shows_what_it_has_been_through() {
        for (id, trace) in [
            ("1.23E+15", Scientific),
            ("9,91214E+15", Scientific),
            ("1E+15", Scientific),
            ("1.2e19", Scientific),
            ("-1.2E-5", Scientific),
            ("123456789012345.0", Fraction),
            ("#N/A", ErrorValue),
            ("#REF!", ErrorValue),
            ("#DIV/0!", ErrorValue),
            ("#NAME?", ErrorValue),
            ("#NV", ErrorValue),
            ("#ÜBERLAUF!", ErrorValue),
            ("########", ErrorValue),
            ("=\"0A01\"", Formula),
            ("'0A02", Apostrophe),
        ] {
            assert_eq!(SpreadsheetTrace::of(id), Some(trace), "{id}");
        }
    }

    #[test]
    fn hexadecimal_ids_and_uuids_show_nothing() {
        for id in [
            "12E5",
            "12e-5",
            "'\"$(id)`",
            "1E10",
            "0E123",
            "1e",
            "123456789",
            "0A0000000123ABCD1",
            "1f3a4c72-6a1e-4c5d-9a49",
            "1.2.3",
            "#a1",
        ] {
            assert_eq!(SpreadsheetTrace::of(id), None, "{id}");
        }
    }
}
