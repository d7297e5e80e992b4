//! Limits as flags, and in one cell of a table.

use clap::Args;
use serde_json::Value;
use swan_core::Timestamp;

use super::admin::AdminError;
use crate::admission::KeyLimits;

/// Limits of a key or account; `none` takes one away.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitFlags {
    /// Requests per minute
    #[arg(long, value_name = "N")]
    rpm: Option<String>,
    /// Tokens per minute, of prompts and answers
    #[arg(long, value_name = "N")]
    tpm: Option<String>,
    /// Requests at the same time
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Models that may be asked for, by name or as the beginning of names: Qwen/*
    #[arg(long, value_name = "A,B")]
    models: Option<String>,
    /// Endpoints that may be called: chat, completions, embeddings, images, audio
    #[arg(long, value_name = "A,B")]
    endpoints: Option<String>,
    /// The most that may be spent, in US dollars
    #[arg(long, value_name = "USD")]
    spend_cap: Option<String>,
    /// The time that the cap is for, in UTC [default: all time]
    #[arg(long, value_name = "day|month")]
    spend_per: Option<String>,
    /// Addresses that requests may come from: 10.0.0.0/8,2001:db8::1
    #[arg(long, value_name = "CIDR,...")]
    allow_ip: Option<String>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, or a time from now such as 30d
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Free requests only, within the policy's free tier
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    free: Option<bool>,
}

impl LimitFlags {
    fn given(&self) -> Vec<(&'static str, Value)> {
        let texts = [
            ("rpm", &self.rpm),
            ("tpm", &self.tpm),
            ("concurrency", &self.concurrency),
            ("models", &self.models),
            ("endpoints", &self.endpoints),
            ("spend_cap", &self.spend_cap),
            ("spend_per", &self.spend_per),
            ("allow_ip", &self.allow_ip),
            ("expires", &self.expires),
        ];
        let value = |text: &String| match text.as_str() {
            "none" => Value::Null,
            text => Value::from(text),
        };
        let texts = texts.into_iter();
        let mut given: Vec<_> = texts
            .filter_map(|(name, text)| Some((name, value(text.as_ref()?))))
            .collect();
        given.extend(self.free.map(|free| ("free", Value::Bool(free))));
        given
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.given().is_empty()
    }

    /// Sets what was given.
    pub(super) fn apply(&self, limits: &mut KeyLimits, now: Timestamp) -> Result<(), AdminError> {
        for (name, value) in self.given() {
            limits.set(name, &value, now).map_err(|error| {
                let flag = name.replace('_', "-");
                let (expected, found) = (error.expected, error.found);
                AdminError::Usage(format!("--{flag}: expected {expected}, found {found}"))
            })?;
        }
        if limits.spend_per.is_some() && limits.spend_cap.is_none() {
            let why = "--spend-per says what --spend-cap is for, which is not set";
            return Err(AdminError::Usage(why.into()));
        }
        Ok(())
    }
}

/// Limits in one cell, as the flags that set them.
pub(super) fn cell(limits: &KeyLimits) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(limits) else {
        return "-".into();
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
            items.join(",")
        }
        other => other.to_string(),
    };
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in &fields {
        parts.push(match limits.expires {
            Some(at) if name == "expires_ms" => {
                format!("expires={}", super::table::moment(at))
            }
            _ => format!("{name}={}", text(value)),
        });
    }
    if parts.is_empty() {
        "-".into()
    } else {
        parts.join(" ")
    }
}
