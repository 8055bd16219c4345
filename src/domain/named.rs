//! Enums whose variants have names: one list for the type, its values and their spelling.

/// An enum with the name of each variant, in the order in which help texts list them.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $type { $($(#[$variant_doc])* $variant),+ }

        impl $type {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}
pub(crate) use names;

/// The same for a setting, which is shown by its name and read from it.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($variants:tt)+ }) => {
        $crate::domain::names! { $(#[$doc])* $type { $($variants)+ } }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = String;

            /// The error lists the names that exist, and the one that was probably meant.
            fn from_str(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let found = Self::ALL.iter().copied().find(|value| value.as_str().eq_ignore_ascii_case(text));
                found.ok_or_else(|| $crate::domain::none_of(text, Self::ALL.iter().map(|value| value.as_str())))
            }
        }
    };
}
pub(crate) use named;
