//! Record streams: bytes in, one record or one bad record out, each as soon as its last byte has been read.
//!
//! Owns the formats (NDJSON, CSV, TSV, plain ids), the names that fields go by and the limit on a line. A bad record
//! is an item like a good one; only what makes the whole input unusable is an [`InputError`]. Memory does not grow with
//! the input. This room opens no file, sends nothing, prints nothing and does not know what time it is.
//!
//! The life of a line: `lines` finds it, `detect` looks at the first one, `json` (with `scalar`), `table` (with `csv`) or `ids` find the texts of
//! its fields, `assemble` makes a record of them.

mod advice;
mod assemble;
mod csv;
mod detect;
mod error;
mod field;
mod filter;
mod ids;
mod item;
mod json;
mod lines;
mod lookup;
mod notice;
mod opening;
mod options;
mod path;
mod reader;
mod scalar;
mod table;
#[cfg(test)]
mod tests;
mod zone;

pub use advice::shown;
pub use detect::{Encoding, Format};
pub use error::{InputError, LineFault};
pub use field::{Field, FieldMap, FieldMapping, FieldMappingError};
pub use item::InputItem;
pub use lines::{Ending, Place};
pub use notice::InputNotice;
pub use options::{InputOptions, Separator};
pub use path::Mark;
pub use reader::{ReadCounts, Reader};
pub use zone::missing_offset;
