//! What every page says of the environment and of files.

pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("VONAGE_API_KEY, NEXMO_API_KEY", "The account; with one of the secrets below."),
    (
        "VONAGE_API_SECRET, VONAGE_API_SECRET_FILE, NEXMO_API_SECRET, NEXMO_API_SECRET_FILE",
        "Its secret, or the file that holds it.",
    ),
    (
        "VONAGE_SIGNATURE_SECRET, VONAGE_SIGNATURE_SECRET_FILE, and the same with NEXMO",
        "The secret that signs, for auth = signature.",
    ),
    (
        "NEXMO_CONVERSION_PROFILE, NEXMO_CONVERSION_CONFIG, NEXMO_CONVERSION_LEDGER",
        "As --profile, --config and --ledger.",
    ),
    ("NEXMO_CONVERSION_AUTH", "form, basic, query or signature; over a profile's auth."),
    (
        "NEXMO_CONVERSION_BASE_URL, _PROXY, _CACERT, _CONNECT_TIMEOUT, _MAX_TIME, _RETRY, _RETRY_MAX_TIME, _JOBS, _RATE, _MAX_AGE, _PING",
        "As the options of these names.",
    ),
    (
        "NEXMO_CONVERSION_LEDGER_SCHEMA, _LEASE, _KEEP, _LINGER, _DURABILITY",
        "How a ledger on a PostgreSQL server is kept; as the keys of [ledger] in nexmo-conversion-config(5).",
    ),
    (
        "PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGPASSFILE, PGSERVICE, PGSERVICEFILE, PGSSLMODE, PGSSLROOTCERT, \
         PGSSLCERT, PGSSLKEY, PGCHANNELBINDING, PGCONNECT_TIMEOUT, PGTARGETSESSIONATTRS, PGAPPNAME",
        "What the URL of such a server leaves out, as libpq reads them.",
    ),
    ("https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY, no_proxy, NO_PROXY", "Proxies, as curl reads them."),
    (
        "NO_COLOR, CLICOLOR, CLICOLOR_FORCE",
        "No colour; none with 0; colour also where there is no terminal. --color comes first.",
    ),
];

pub(super) const FILES: &[(&str, &str)] = &[
    (
        "~/.config/nexmo-conversion/config.toml",
        "The configuration, see nexmo-conversion-config(5); mode 0600 if a secret is in it.",
    ),
    (
        "~/.local/state/nexmo-conversion/ledger.db",
        "The ledger: what was recorded, and what came of it. No secret is in it.",
    ),
    (
        "./.vonagerc, ~/.vonage/config.json, ./.nexmorc, ~/.nexmorc",
        "The vendor's own files; read only where nothing else has credentials.",
    ),
];
