//! Files that are followed: read in any pieces they give what they give as a whole, and reading goes on at every place that was told.

use std::io::{self, Read};

use proptest::prelude::*;

use super::{describe, now, with_defaults};
use crate::input::{Ending, Format, InputItem, InputOptions, Place, Reader};

/// A file of which so much has been written.
struct Growing<'a> {
    written: &'a [u8],
    read: usize,
}

impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.written[self.read..]).read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

fn followed(format: Format) -> InputOptions {
    InputOptions { ending: Ending::Followed, ..with_defaults(format) }
}

fn reader(written: &[u8], format: Format) -> Reader<Growing<'_>> {
    Reader::new(Growing { written, read: 0 }, "in", followed(format))
}

/// All that can be read for now.
fn rest(reader: &mut Reader<Growing<'_>>) -> Vec<String> {
    let next = || match reader.next(now).unwrap() {
        Some(InputItem::Unfinished) | None => None,
        Some(item) => Some(describe(&item)),
    };
    std::iter::from_fn(next).collect()
}

/// What is read when the file grows to each of these sizes.
fn in_pieces(whole: &[u8], sizes: &[usize]) -> Vec<String> {
    let mut reader = reader(&[], Format::Auto);
    let mut items = Vec::new();
    for size in sizes {
        reader.source_mut().written = &whole[..*size];
        reader.look_again();
        items.extend(rest(&mut reader));
    }
    items
}

const WHOLES: [&str; 6] = [
    "{\"id\":\"0A\"}\n\n{\"id\":\"0B\"}\nno record\n{\"id\":\"0C\"}\n",
    "id,delivered,note\n0A,true,\n0B,true,\"two\nlines\"\n0C,false,\"\"\n",
    "\u{feff}id;ref\n0A;1\n\n0B;2\n",
    "# a comment\n\nhello world\nid\tref\n0A\t1\n0B\t2\n",
    "0A\n0B\r\n\n0C\n",
    "banner, of no format\n{\"id\":\"0A\"}\n{\"id\":\"0B\"}\n",
];

#[test]
fn a_file_that_grows_byte_by_byte_gives_what_it_gives_as_a_whole() {
    for whole in WHOLES {
        let whole = whole.as_bytes();
        let at_once = rest(&mut reader(whole, Format::Auto));
        assert!(at_once.len() >= 2);
        assert_eq!(in_pieces(whole, &(0..=whole.len()).collect::<Vec<_>>()), at_once);
    }
}

/// Reads the head again, for the layout, and goes on at this place.
fn resumed(whole: &[u8], place: Place) -> Vec<String> {
    let mut reader = reader(whole, Format::Auto);
    if place == Place::default() {
        return rest(&mut reader);
    }
    while reader.format().is_none() && !matches!(reader.next(now).unwrap(), None | Some(InputItem::Unfinished)) {}
    reader.source_mut().read = usize::try_from(place.bytes).unwrap();
    reader.go_on_at(place);
    rest(&mut reader)
}

#[test]
fn reading_goes_on_at_every_place_with_what_comes_after_it() {
    for whole in WHOLES {
        let whole = whole.as_bytes();
        let all = rest(&mut reader(whole, Format::Auto));
        let mut first = reader(whole, Format::Auto);
        let mut places = 0;
        for handed_out in 0..=all.len() {
            if let Some(place) = first.place() {
                places += 1;
                assert_eq!(resumed(whole, place), all[handed_out..], "{place:?} of {:?}", str::from_utf8(whole));
            }
            let _ = first.next(now).unwrap();
        }
        assert!(places + 2 > all.len(), "only what is held has no place");
    }
}

#[test]
fn the_rest_of_a_line_that_is_too_long_is_no_line_of_its_own() {
    let whole = format!("0A\n{}\n0B\n", "x".repeat(200_000));
    let items = in_pieces(whole.as_bytes(), &[3, 100_000, 150_000, 200_003, 200_004, whole.len()]);
    assert_eq!(items.len(), 3, "{items:?}");
    let mut reader = reader(&whole.as_bytes()[..100_000], Format::Auto);
    assert_eq!(rest(&mut reader).len(), 2);
    assert_eq!(reader.place(), None, "the place is within that line");
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_what_they_give_as_a_whole(
        bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b','), Just(b'"'), Just(b'0'), Just(b'i'), Just(b'd'), any::<u8>()], 0..80),
        cuts in prop::collection::vec(0usize..80, 0..6),
    ) {
        let mut whole = b"id,ref\n".to_vec();
        whole.extend(bytes);
        let mut sizes: Vec<_> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([whole.len()]).collect();
        sizes.sort_unstable();
        prop_assert_eq!(in_pieces(&whole, &sizes), rest(&mut reader(&whole, Format::Auto)));
    }
}
