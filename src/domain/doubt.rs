//! Why a credential that was refused may not be what its owner meant: marks of a file or a shell that became part of it.
//! Names the kind of mark and shows nothing of the credential.

use std::fmt;

use super::{Account, Auth, Secret};

/// Something about a credential that is allowed and unlikely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialDoubt {
    half: Half,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Key,
    Secret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Quotes,
    Blanks,
    LineEnd,
    Unexpanded,
    Invisible,
    SameAsKey,
    Placeholder,
}

impl fmt::Display for CredentialDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.half {
            Half::Key => "the api_key ",
            Half::Secret => "the secret ",
        })?;
        f.write_str(match self.kind {
            Kind::Quotes => "has a quotation mark at its end, which is sent as a part of it",
            Kind::Blanks => "has a blank in it or at its end, which is sent as a part of it",
            Kind::LineEnd => "ends in a backslash and a letter, which is not a line end but a part of it",
            Kind::Unexpanded => "looks like a variable or a template that was not replaced by its value",
            Kind::Invisible => "has a character outside ASCII in it, perhaps an invisible one",
            Kind::SameAsKey => "is the same as the api_key",
            Kind::Placeholder => "looks like the placeholder of an example",
        })
    }
}

impl Account {
    /// What looks wrong with the credentials, if anything does.
    #[must_use]
    pub fn doubt(&self) -> Option<CredentialDoubt> {
        let (key, secret) = (self.api_key.as_str(), secret(&self.auth).expose());
        let of_secret = kind(secret).or((key == secret).then_some(Kind::SameAsKey));
        let of_secret = of_secret.map(|kind| CredentialDoubt { half: Half::Secret, kind });
        of_secret.or_else(|| kind(key).map(|kind| CredentialDoubt { half: Half::Key, kind }))
    }
}

fn secret(auth: &Auth) -> &Secret {
    match auth {
        Auth::Form(secret) | Auth::Basic(secret) | Auth::Query(secret) | Auth::Signature { secret, .. } => secret,
    }
}

fn kind(text: &str) -> Option<Kind> {
    let quote = |letter: char| "\"'`\u{201c}\u{201d}\u{2018}\u{2019}".contains(letter);
    if text.starts_with(quote) || text.ends_with(quote) {
        Some(Kind::Quotes)
    } else if text.contains(char::is_whitespace) {
        Some(Kind::Blanks)
    } else if [r"\n", r"\r", r"\t"].iter().any(|end| text.ends_with(end)) {
        Some(Kind::LineEnd)
    } else if is_unexpanded(text) {
        Some(Kind::Unexpanded)
    } else if !text.is_ascii() {
        Some(Kind::Invisible)
    } else if is_placeholder(text) {
        Some(Kind::Placeholder)
    } else {
        None
    }
}

/// `$NAME`, `${NAME}`, `$(command)`, `%NAME%`, `{{ name }}`, `<secret>`.
fn is_unexpanded(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let between = |head, tail| text.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
    text.strip_prefix('$').is_some_and(|rest| is_name(rest) || rest.starts_with(['{', '(']))
        || between("%", "%").is_some_and(is_name)
        || between("<", ">").is_some()
        || between("{{", "}}").is_some()
}

fn is_placeholder(text: &str) -> bool {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let mut kinds = text.chars();
    let first = kinds.next();
    let is_one_letter = text.len() > 2 && kinds.all(|letter| Some(letter) == first);
    is_one_letter
        || ["your", "example", "placeholder", "changeme", "replaceme", "insert"]
            .iter()
            .any(|word| letters.starts_with(word))
        || ["secret", "apisecret", "apikey", "signaturesecret", "password", "todo", "null", "none", "undefined"]
            .contains(&letters.as_str())
        || ["vonageapi", "nexmoapi", "myapi", "mysecret"].iter().any(|word| letters.starts_with(word))
}

#[cfg(test)]
mod tests {
    use crate::domain::{Account, ApiKey, Auth, Secret};

    fn doubt(key: &str, secret: &str) -> Option<String> {
        let api_key = ApiKey::parse(key).unwrap();
        let account = Account { api_key, auth: Auth::Form(Secret::new(secret.into())) };
        account.doubt().map(|doubt| doubt.to_string())
    }

    #[test]
    fn marks_that_became_part_of_a_secret_are_named_and_the_secret_is_not() {
        for (secret, part) in [
            ("\"qZ7odd\"", "quotation mark"),
            ("'qZ7odd'", "quotation mark"),
            ("qZ7odd\"", "quotation mark"),
            ("\u{201c}qZ7odd\u{201d}", "quotation mark"),
            (" qZ7odd", "blank"),
            ("qZ7odd ", "blank"),
            ("qZ7odd\u{a0}", "blank"),
            ("qZ7 odd", "blank"),
            (r"qZ7odd\n", "backslash"),
            (r"qZ7odd\r\n", "backslash"),
            ("$qZ7odd", "not replaced"),
            ("${qZ7odd}", "not replaced"),
            ("${qZ7odd:-}", "not replaced"),
            ("$(qZ7odd)", "not replaced"),
            ("%qZ7odd%", "not replaced"),
            ("{{qZ7odd}}", "not replaced"),
            ("<qZ7odd>", "not replaced"),
            ("qZ7odd\u{200b}", "invisible"),
            ("abcd1234", "same as the api_key"),
            ("changeme", "placeholder"),
            ("YOUR_API_SECRET", "placeholder"),
            ("VONAGE_API_SECRET", "placeholder"),
            ("xxxxxxxx", "placeholder"),
            ("********", "placeholder"),
        ] {
            let doubt = doubt("abcd1234", secret).unwrap_or_else(|| panic!("{secret} is not doubted"));
            assert!(doubt.starts_with("the secret ") && doubt.contains(part), "{secret}: {doubt}");
            assert!(!doubt.contains("qZ7odd"));
        }
    }

    #[test]
    fn a_key_is_doubted_too_and_good_credentials_are_not() {
        for key in ["\"abcd1234\"", "'abcd1234'", "${VONAGE_API_KEY}", "your-api-key"] {
            assert!(doubt(key, "Hn9Rk2pQ").is_some_and(|doubt| doubt.starts_with("the api_key ")), "{key}");
        }
        for secret in ["Hn9Rk2pQ", "a$b", "a%b%", "100%", "$9Rk-2pQ", "it's", "a\\nb", "sEcReT12", "p@ss<word>1"] {
            assert_eq!(doubt("abcd1234", secret), None, "{secret}");
        }
    }
}
