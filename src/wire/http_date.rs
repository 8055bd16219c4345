//! Dates as HTTP writes them (RFC 9110 §5.6.7), both ways.

use chrono::{DateTime, NaiveDateTime};

use crate::domain::Timestamp;

/// The value of a `Date` header, and of a `Retry-After` that is a date.
#[must_use]
pub fn http_date(moment: Timestamp) -> String {
    DateTime::from_timestamp(moment.unix(), 0).unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads the form of today, and the two obsolete ones that everybody must still read. A year that no [`Timestamp`] has is the first or the last
/// moment that there is.
#[must_use]
pub fn parse_http_date(value: &str) -> Option<Timestamp> {
    const RFC_850: &str = "%A, %d-%b-%y %H:%M:%S GMT";
    const ASCTIME: &str = "%a %b %e %H:%M:%S %Y";
    let obsolete = |form| NaiveDateTime::parse_from_str(value, form).map(|date| date.and_utc().timestamp());
    let today = DateTime::parse_from_rfc2822(value).map(|date| date.timestamp());
    today.or_else(|_| obsolete(RFC_850)).or_else(|_| obsolete(ASCTIME)).ok().map(Timestamp::nearest)
}

#[cfg(test)]
mod tests {
    use super::{http_date, parse_http_date};
    use crate::domain::Timestamp;

    #[test]
    fn every_form_of_the_standards_example_is_read_and_the_first_is_written() {
        let moment = Timestamp::parse("1994-11-06 08:49:37").unwrap();
        let forms =
            ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
        for form in forms {
            assert_eq!(parse_http_date(form), Some(moment), "{form}");
        }
        assert_eq!(http_date(moment), forms[0]);
        let late = parse_http_date("Fri, 31 Dec 99999 23:59:59 GMT").unwrap();
        assert_eq!(late.to_string(), "9999-12-31 23:59:59");
    }
}
