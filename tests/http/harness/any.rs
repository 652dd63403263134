//! Whatever may come: many values of a kind, and the smallest one that a property does not hold for.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fmt::Debug;

pub(crate) fn for_any<S: Strategy>(cases: u32, values: S, holds: impl Fn(S::Value))
where
    S::Value: Debug,
{
    let config = Config { cases, failure_persistence: None, max_shrink_time: 10_000, ..Config::default() };
    let tried = TestRunner::new(config).run(&values, |value| {
        holds(value);
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

/// The same over HTTP.
pub(crate) fn for_any_over_http<S: Strategy>(cases: u32, values: S, holds: impl AsyncFn(S::Value))
where
    S::Value: Debug,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for_any(cases, values, |value| runtime.block_on(holds(value)));
}

/// Text that means something to somebody, whole or spoilt, and text that does not.
pub(crate) fn text_like(good: &'static [&'static str]) -> impl Strategy<Value = String> {
    let known = prop::sample::select(good).prop_map(str::to_owned);
    let spoilt = (prop::sample::select(good), any::<prop::sample::Index>(), any::<char>()).prop_map(
        |(text, at, character)| {
            let mut characters: Vec<char> = text.chars().collect();
            characters.insert(at.index(characters.len() + 1), character);
            characters.into_iter().collect()
        },
    );
    let shortened = (prop::sample::select(good), any::<prop::sample::Index>())
        .prop_map(|(text, at)| text.chars().take(at.index(text.len() + 1)).collect());
    prop_oneof![4 => known, 2 => spoilt, 1 => shortened, 1 => ".{0,40}", 1 => "[ -~]{0,40}", 1 => Just(String::new())]
}
