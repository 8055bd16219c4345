//! The names of the API's parameters.

/// A parameter's name on the wire.
pub type ParameterName = &'static str;

/// Every name of the conversion request; sources: the reference of 2017 and the OpenAPI document of 2019.
pub mod names {
    use super::ParameterName;

    /// The public half of the credentials.
    pub const API_KEY: ParameterName = "api_key";
    /// The secret half; never together with [`SIG`].
    pub const API_SECRET: ParameterName = "api_secret";
    /// The signature over all other parameters.
    pub const SIG: ParameterName = "sig";
    /// The message, call or event.
    pub const MESSAGE_ID: ParameterName = "message-id";
    /// Whether the user completed the step.
    pub const DELIVERED: ParameterName = "delivered";
    /// When, `yyyy-MM-dd HH:mm:ss` in UTC. Documented as optional and as required; required in practice.
    pub const TIMESTAMP: ParameterName = "timestamp";
}
