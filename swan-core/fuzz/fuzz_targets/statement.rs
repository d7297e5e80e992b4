#![no_main]

libfuzzer_sys::fuzz_target!(|script: &[u8]| swan_core::testkit::fuzz::statement(script));
