//! A value that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

/// A secret: no `Display`, a `Debug` that shows only a mask, wiped when dropped. [`Secret::expose`] is its only exit.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// What is shown in place of a secret: a fixed width, so that not even the length is known.
    pub const MASK: &'static str = "********";

    /// Takes a secret in.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The secret itself, for the one place that puts it on the wire or into a signature.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    /// Shows the mask; containers may then derive `Debug` without leaking.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_output_tells_nothing_about_the_secret() {
        assert_eq!(format!("{:?}", Secret::new("tops3cret".into())), "********");
        assert_eq!(format!("{:?}", Secret::new(String::new())), "********");
    }
}
