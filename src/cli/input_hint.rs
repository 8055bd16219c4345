//! What now, for an input that cannot be read.

use super::exit::Exit;
use super::failure::{CommandFailure, FILES_HINT};
use super::machine::is_out_of_files;
use super::shell::word;
use crate::input::{Encoding, Field, InputError, LineFault, shown};

/// Which command reads an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputFor {
    Batch,
    Track,
}

impl InputFor {
    fn command(self) -> &'static str {
        match self {
            Self::Batch => "nexmo-conversion batch",
            Self::Track => "nexmo-conversion track",
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Batch => "message_id,delivered,timestamp,channel",
            Self::Track => "event,message_id,channel,timestamp",
        }
    }
}

impl CommandFailure {
    pub(super) fn of_input(error: InputError, input: InputFor) -> Self {
        if matches!(&error, InputError::Unreadable { source, .. } if is_out_of_files(source)) {
            return Self::new(Exit::TryLater, error, FILES_HINT);
        }
        let hint = input_hint(&error, input);
        // An input that is not there is another matter than one that is no input.
        let missing = matches!(error, InputError::Unreadable { .. });
        Self { exit: if missing { Exit::NoInput } else { Exit::Data }, error: error.into(), hint }
    }
}

fn input_hint(error: &InputError, input: InputFor) -> Option<String> {
    let command = input.command();
    Some(match error {
        InputError::Unreadable { .. } => return None,
        InputError::NotText { encoding, .. } => match encoding {
            Encoding::Utf16 => format!("convert it first: iconv -f UTF-16 -t UTF-8 FILE | {command}"),
            Encoding::Gzip => format!("unpack it first: zcat FILE | {command}"),
            Encoding::Zip => format!("unpack it first: unzip -p FILE | {command}"),
            Encoding::Bzip2 => format!("unpack it first: bzcat FILE | {command}"),
            Encoding::Xz => format!("unpack it first: xzcat FILE | {command}"),
            Encoding::Zstd => format!("unpack it first: zstdcat FILE | {command}"),
        },
        InputError::Line { fault, .. } => line_hint(fault, input),
    })
}

fn line_hint(fault: &LineFault, input: InputFor) -> String {
    let command = input.command();
    match fault {
        LineFault::JsonArray => format!("one object on each line: jq -c '.[]' FILE | {command}"),
        LineFault::JsonOverSeveralLines => format!("one object on each line: jq -c . FILE | {command}"),
        LineFault::MisspelledKey { field, key, .. } => {
            format!("rename it, or map it with --field {}", word(&format!("{field}={}", shown(key))))
        },
        LineFault::UnknownFormat => {
            "name it with --format ndjson|csv|tsv|ids; CSV and TSV need a header line".to_owned()
        }
        LineFault::NoHeader { .. } => {
            format!("the first line must name the columns, for example {}", input.header())
        }
        LineFault::MissingColumn { field: Field::Sent | Field::Converted, .. } => {
            "name column and value of both: --sent-when COLUMN=VALUE --converted-when COLUMN=VALUE".to_owned()
        }
        LineFault::MissingColumn { field, mapped_to: Some(column), .. } => {
            format!("no column is called `{column}`; correct --field {field}={column}")
        }
        LineFault::Receipts => {
            "send what your own application knows about the user; if that is a column here, map its values: \
             --delivered-when status=verified"
                .to_owned()
        }
        LineFault::MissingColumn { field, nearest: Some(nearest), .. } => {
            format!("did you mean `{nearest}`? map it with --field {}", word(&format!("{field}={nearest}")))
        }
        LineFault::MissingColumn { field: Field::Channel, .. } => {
            "set it for all records with --channel sms|voice".to_owned()
        }
        LineFault::MissingColumn { field: Field::Delivered, .. } => {
            "name the column with --field delivered=COLUMN, or the values that mean true with --delivered-when COLUMN=VALUE; \
             what holds for all of them is --delivered true|false"
                .to_owned()
        }
        LineFault::MissingColumn { field, nearest: None, .. } => format!("map it with --field {field}=COLUMN"),
        LineFault::NoSuchColumn { .. } => "correct --where COLUMN=VALUE".to_owned(),
        LineFault::DuplicateColumn { .. } | LineFault::AmbiguousColumn { .. } => "remove or rename one of them".to_owned(),
        LineFault::IdsDoNotSay { field } => match field {
            Field::Channel => "set it for all records with --channel sms|voice".to_owned(),
            Field::Sent | Field::Converted => {
                "to send ids whose outcome you know: nexmo-conversion batch --format ids".to_owned()
            }
            Field::Delivered | Field::MessageId | Field::Timestamp | Field::Reference | Field::Receipt => {
                "set it for all records with --delivered true|false".to_owned()
            }
        },
    }
}
