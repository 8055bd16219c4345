//! Common replies, with inputs of libFuzzer's making.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| nexmo_conversion_fuzz::common_replies(data));
