//! A chart for a terminal of 80 columns, in braille dots or in plain ASCII.

use textcanvas::TextCanvas;

use crate::domain::Timestamp;

/// With which characters charts are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Braille dots and lines.
    Unicode,
    /// Nothing but ASCII, for terminals that have nothing else.
    Ascii,
}

/// The width of the plot in columns, beside its labels.
const COLUMNS: usize = 71;
/// The width of the labels.
const LABELS: usize = 6;
/// A column is two dots wide, a row is four high.
const DOTS: (usize, usize) = (2, 4);

/// What is drawn: for each mark a height from 0 to 1, or nothing.
pub(super) struct Plot<'a> {
    pub(super) heights: &'a [Option<f64>],
    /// In rows.
    pub(super) rows: usize,
    /// At which heights something is written on the left.
    pub(super) labels: &'a [(f64, &'a str)],
    /// When the first and the last mark are.
    pub(super) marks: (Timestamp, Timestamp),
}

/// Its lines, without line feeds.
pub(super) fn draw(plot: &Plot<'_>, glyphs: Glyphs) -> Vec<String> {
    let mut lines = dots(plot);
    if glyphs == Glyphs::Ascii {
        lines = lines.iter().map(|line| line.chars().map(ascii).collect()).collect();
    }
    let (tick, axis, corner, floor) = match glyphs {
        Glyphs::Unicode => ('┤', '│', '└', "─"),
        Glyphs::Ascii => ('+', '|', '+', "-"),
    };
    let labelled = |row: usize| plot.labels.iter().find(|(height, _)| row_of(*height, plot.rows) == row);
    let mut drawn: Vec<String> = (0..)
        .zip(&lines)
        .map(|(row, line)| match labelled(row) {
            Some((_, label)) => format!("{label:>LABELS$} {tick}{}", line.trim_end()),
            None => format!("{:LABELS$} {axis}{}", "", line.trim_end()).trim_end().to_owned(),
        })
        .collect();
    drawn.push(format!("{:LABELS$} {corner}{}", "", floor.repeat(COLUMNS)));
    drawn.push(times(plot.marks));
    drawn
}

/// The row that a height is in, counted from the top.
fn row_of(height: f64, rows: usize) -> usize {
    let dots = f64::from(last_dot(rows * DOTS.1));
    // The height of each row's lowest dot, and half a dot more.
    let lowest = |row: usize| 1.0 - (f64::from(last_dot((row + 1) * DOTS.1)) + 0.5) / dots;
    (0..rows).find(|row| height > lowest(*row)).unwrap_or(rows.saturating_sub(1))
}

/// The plot itself: a line through all marks that follow one another without a gap, and a dot for one that stands alone.
fn dots(plot: &Plot<'_>) -> Vec<String> {
    let (width, height) = (last_dot(COLUMNS * DOTS.0), last_dot(plot.rows * DOTS.1));
    let across = f64::from(i32::try_from(plot.heights.len()).unwrap_or(i32::MAX) - 1).max(1.0);
    let mut canvas = TextCanvas::new((width + 1) / 2, (height + 1) / 4);
    let mut before = None;
    for (mark, value) in (0..).zip(plot.heights) {
        let here = value.map(|value| (nearest(f64::from(mark) / across, width), height - nearest(value, height)));
        if let Some(to) = here {
            line(&mut canvas, before.unwrap_or(to), to);
        }
        before = here;
    }
    canvas.to_string().lines().map(|line| line.replace('\u{2800}', " ")).collect()
}

/// A line of dots. What lies between two dots is drawn at the one that the line comes from, so that a steep fall is one column.
fn line(canvas: &mut TextCanvas, from: (i32, i32), to: (i32, i32)) {
    let (across, down) = (to.0 - from.0, to.1 - from.1);
    let steps = across.abs().max(down.abs());
    for step in 0..=steps {
        let part = |way: i32| way * step / steps.max(1);
        canvas.set_pixel(from.0 + part(across), from.1 + part(down), true);
    }
}

/// The number of the last of so many dots.
fn last_dot(dots: usize) -> i32 {
    i32::try_from(dots).unwrap_or(i32::MAX) - 1
}

/// The dot that is nearest to a share of the way to the last one.
#[expect(clippy::cast_possible_truncation, reason = "a share of a few hundred dots")]
fn nearest(share: f64, last: i32) -> i32 {
    (share * f64::from(last)).round() as i32
}

/// A braille cell as the ASCII character that is most like it.
fn ascii(cell: char) -> char {
    let dots = u32::from(cell).wrapping_sub(0x2800);
    if dots > 0xFF {
        return cell;
    }
    let row = |mask: u32| dots & mask != 0;
    match [row(0x09), row(0x12), row(0x24), row(0xC0)] {
        [false, false, false, false] => ' ',
        [true, _, false, false] => '\'',
        [false, false, _, true] => '.',
        [false, true, _, false] | [false, false, true, false] => '-',
        [true, _, true, _] | [true, _, _, true] | [false, true, _, true] => '|',
    }
}

/// Where the first, the middle and the last mark are, in UTC.
fn times((first, last): (Timestamp, Timestamp)) -> String {
    let middle = Timestamp::from_unix(i64::midpoint(first.unix(), last.unix())).unwrap_or(first);
    // Month to minute of `2026-11-22 01:25:26`.
    let [first, middle, last] = [first, middle, last].map(|moment| moment.to_string()[5..16].to_owned());
    let half = (COLUMNS - first.len()) / 2;
    format!("{:LABELS$}  {first:<half$}{middle:<half$}{last}", "")
}

#[cfg(test)]
mod tests {
    use super::{Glyphs, Plot, draw};
    use crate::domain::Timestamp;

    fn drawn(heights: &[Option<f64>], glyphs: Glyphs) -> Vec<String> {
        let at = |seconds: i64| Timestamp::from_unix(1_795_310_700 + seconds).unwrap();
        let labels = [(1.0, "100%"), (0.5, "50%"), (0.0, "0%")];
        draw(&Plot { heights, rows: 4, labels: &labels, marks: (at(0), at(3_600)) }, glyphs)
    }

    #[test]
    fn it_has_its_labels_at_their_heights_and_fits_80_columns() {
        let ramp: Vec<_> = (0..13).map(|n| Some(f64::from(n) / 12.0)).collect();
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let lines = drawn(&ramp, glyphs);
            assert_eq!(lines.len(), 6, "{lines:#?}");
            assert!(lines.iter().all(|line| line.chars().count() < 80), "{lines:#?}");
            for (line, label) in [(0, "  100% "), (2, "   50% "), (3, "    0% ")] {
                assert!(lines[line].starts_with(label), "{lines:#?}");
            }
            assert!(lines[5].starts_with("        11-22 01:25 "), "{lines:#?}");
            assert!(lines[5].ends_with(" 11-22 02:25"), "{lines:#?}");
        }
        assert!(drawn(&ramp, Glyphs::Ascii).iter().all(|line| line.is_ascii()));
    }

    #[test]
    fn a_gap_stays_empty_and_a_single_mark_is_seen() {
        let mut heights = vec![None; 72];
        heights[0] = Some(1.0);
        heights[40] = Some(0.0);
        let lines = drawn(&heights, Glyphs::Ascii);
        assert_eq!(lines[0], "  100% +'");
        assert_eq!(lines[1], "       |");
        let column = lines[3].chars().position(|c| c == '.');
        assert_eq!(column, Some(8 + 39), "{lines:#?}");
    }

    #[test]
    fn nothing_at_all_is_an_empty_chart() {
        for heights in [&[][..], &[None; 5], &[Some(0.5)]] {
            assert_eq!(drawn(heights, Glyphs::Unicode).len(), 6);
        }
    }
}
