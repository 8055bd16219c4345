//! The values of the switches, and why each of them is one.

use crate::domain::named;

named! {
    /// The documents of 2017 say "POST or GET" and POST on the same page.
    #[derive(Default)]
    Get {
        /// Treated as a POST.
        #[default]
        AsPost = "as-post",
        /// 405 with `Allow: POST`.
        Refused = "refused",
    }
}

named! {
    /// 420, 422 and 423 all mean "invalid parameters", and no document says which is when.
    #[derive(Default)]
    Missing {
        /// 423.
        #[default]
        Status423 = "423",
        /// 422.
        Status422 = "422",
        /// 420.
        Status420 = "420",
    }
}

named! {
    /// As [`Missing`], for what is there and cannot be read.
    #[derive(Default)]
    Malformed {
        /// 420.
        #[default]
        Status420 = "420",
        /// 422.
        Status422 = "422",
        /// 423.
        Status423 = "423",
    }
}

impl Missing {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Status423 => 423,
            Self::Status422 => 422,
            Self::Status420 => 420,
        }
    }
}

impl Malformed {
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Status420 => 420,
            Self::Status422 => 422,
            Self::Status423 => 423,
        }
    }
}

named! {
    /// `OK` was observed; some mocks answer with nothing.
    #[derive(Default)]
    SuccessBody {
        /// `OK` as plain text.
        #[default]
        Ok = "ok",
        /// No body.
        Empty = "empty",
    }
}

named! {
    /// Only a 402's body was ever seen.
    #[derive(Default)]
    ErrorBody {
        /// A page as Jetty makes it.
        #[default]
        Html = "html",
        /// No body.
        Empty = "empty",
    }
}

named! {
    /// The documents name `true`, `false`, 1 and 0; one library sends `True`.
    #[derive(Default)]
    DeliveredSpelling {
        /// Any case.
        #[default]
        AnyCase = "any-case",
        /// Lower case only.
        LowerCase = "lower-case",
    }
}

named! {
    /// Documented as optional and as required; required in practice.
    #[derive(Default)]
    TimestampRule {
        /// Missing without one.
        #[default]
        Required = "required",
        /// The time of receipt stands in.
        Optional = "optional",
    }
}

named! {
    /// The signature scheme and the conversion both have a `timestamp`, in different forms.
    #[derive(Default)]
    SignedTimestampRule {
        /// The date or Unix seconds.
        #[default]
        Either = "either",
        /// The conversion's date only.
        Date = "date",
        /// The scheme's Unix seconds only.
        Epoch = "epoch",
    }
}

named! {
    /// Node's and PHP's own tests send Unix seconds without a signature as well.
    #[derive(Default)]
    UnsignedTimestampRule {
        /// The conversion's date only, as documented.
        #[default]
        Date = "date",
        /// The date or Unix seconds.
        Either = "either",
        /// Unix seconds only.
        Epoch = "epoch",
    }
}

named! {
    /// Java's library up to 9.7 sent two `timestamp`s, the date and then the seconds, and signed the second one.
    #[derive(Default)]
    SignedDuplicate {
        /// The first, which is also the one that is read.
        #[default]
        First = "first",
        /// The last; the first is read all the same.
        Last = "last",
    }
}

named! {
    /// PHP's library up to 3 put the conversion into the query, and key and `sig` into a body, which alone it signed.
    #[derive(Default)]
    SignedParameters {
        /// The query's and the body's.
        #[default]
        All = "all",
        /// The body's only.
        Body = "body",
    }
}

named! {
    /// Node's library 2 and the `OpenAPI` document have all parameters in the query, `sig` as well.
    #[derive(Default)]
    QuerySignature {
        /// As good as in the body.
        #[default]
        Accepted = "accepted",
        /// 401.
        Refused = "refused",
    }
}

named! {
    /// Python's library 4.9.1 labels its form `application/json` once it has made a JSON call.
    #[derive(Default)]
    MislabelledForm {
        /// It says nothing, like any JSON that is none.
        #[default]
        Ignored = "ignored",
        /// Read as the form that it is.
        Read = "read",
    }
}

named! {
    /// The vendor's libraries moved to Basic; no capture of a 200 with it exists.
    #[derive(Default)]
    Basic {
        /// As good as the parameters.
        #[default]
        Accepted = "accepted",
        /// 401.
        Refused = "refused",
        /// 402, as for an account for which conversions are not enabled.
        NotEnabled = "402",
    }
}

named! {
    /// Whether a probe without a message-id can find out if an account is enabled.
    #[derive(Default)]
    CheckOrder {
        /// 402 before 423 and 420.
        #[default]
        AccountFirst = "account-first",
        /// 423 and 420 before 402.
        ParametersFirst = "parameters-first",
    }
}
