//! The table `[stripe]`: payments by card. A hub that was built without them says so.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use swan_core::Amount;

use super::layers::set;
use crate::error::ConfigError;
use crate::payments::PaymentOptions;

/// How payments by card are taken. Without a key they are not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StripeSettings {
    /// The file with the secret key, readable by its owner and group only.
    pub secret_key_file: Option<PathBuf>,
    /// The files with the secrets of the webhook: while they are being changed the old one's and the new one's.
    pub webhook_secret_files: Vec<PathBuf>,
    /// Where the API is. Default `https://api.stripe.com`.
    pub api_base: String,
    /// Certificates in PEM that are trusted in the place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where Stripe's page sends who has paid.
    pub success_url: Option<String>,
    /// Where it sends who has not.
    pub cancel_url: Option<String>,
    /// What Stripe's page says is paid for. Default `Inference credit`.
    pub product: String,
    /// How far away from now a webhook may have been signed. Default 300 s.
    pub tolerance: Duration,
    /// The bounds on an order, and how often Stripe is asked.
    pub options: PaymentOptions,
}

impl Default for StripeSettings {
    fn default() -> Self {
        Self {
            secret_key_file: None,
            webhook_secret_files: Vec::new(),
            api_base: "https://api.stripe.com".into(),
            ca_file: None,
            success_url: None,
            cancel_url: None,
            product: "Inference credit".into(),
            tolerance: Duration::from_secs(300),
            options: PaymentOptions::default(),
        }
    }
}

/// The table of one layer.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StripeLayer {
    secret_key_file: Option<PathBuf>,
    webhook_secret_files: Option<Vec<PathBuf>>,
    api_base: Option<String>,
    ca_file: Option<PathBuf>,
    success_url: Option<String>,
    cancel_url: Option<String>,
    product: Option<String>,
    tolerance_secs: Option<u64>,
    min_amount: Option<Amount>,
    max_amount: Option<Amount>,
    open_max: Option<u32>,
    look_secs: Option<u64>,
}

impl StripeLayer {
    pub(super) fn lay_over(self, stripe: &mut StripeSettings) -> Result<(), ConfigError> {
        if let Some(path) = &self.secret_key_file
            && cfg!(not(feature = "stripe"))
        {
            return Err(wrong(
                "stripe.secret_key_file",
                path.display().to_string(),
                "a hub that was built with the feature `stripe`",
            ));
        }
        self.bound(&mut stripe.options)?;
        stripe.secret_key_file = self.secret_key_file.or(stripe.secret_key_file.take());
        stripe.ca_file = self.ca_file.or(stripe.ca_file.take());
        stripe.success_url = self.success_url.or(stripe.success_url.take());
        stripe.cancel_url = self.cancel_url.or(stripe.cancel_url.take());
        set(&mut stripe.webhook_secret_files, self.webhook_secret_files);
        set(&mut stripe.api_base, self.api_base);
        set(&mut stripe.product, self.product);
        if let Some(secs) = self.tolerance_secs {
            if !(1..=3_600).contains(&secs) {
                return Err(wrong(
                    "stripe.tolerance_secs",
                    secs.to_string(),
                    "1 to 3600 seconds",
                ));
            }
            stripe.tolerance = Duration::from_secs(secs);
        }
        Ok(())
    }

    fn bound(&self, options: &mut PaymentOptions) -> Result<(), ConfigError> {
        for (key, target, amount) in [
            ("stripe.min_amount", &mut options.least, self.min_amount),
            ("stripe.max_amount", &mut options.most, self.max_amount),
        ] {
            let Some(amount) = amount else { continue };
            if amount <= Amount::ZERO || amount.pico() % PICO_PER_CENT != 0 {
                return Err(wrong(
                    key,
                    amount.to_string(),
                    "US dollars above zero in whole cents",
                ));
            }
            *target = amount;
        }
        if options.least > options.most {
            return Err(wrong(
                "stripe.min_amount",
                options.least.to_string(),
                "no more than stripe.max_amount",
            ));
        }
        if let Some(most) = self.open_max {
            if !(1..=400).contains(&most) {
                return Err(wrong(
                    "stripe.open_max",
                    most.to_string(),
                    "1 to 400 top-ups",
                ));
            }
            options.open_max = most;
        }
        if let Some(secs) = self.look_secs {
            if !(1..=3_600).contains(&secs) {
                return Err(wrong(
                    "stripe.look_secs",
                    secs.to_string(),
                    "1 to 3600 seconds",
                ));
            }
            options.look_every = Duration::from_secs(secs);
        }
        Ok(())
    }
}

const PICO_PER_CENT: i128 = 10_000_000_000;

#[cfg(feature = "stripe")]
impl StripeSettings {
    /// What the adapter needs, with the secrets from their files; `None` when no payments are taken.
    ///
    /// # Errors
    /// [`ConfigError`] when a file cannot be used, or something is missing.
    pub fn resolve(
        &self,
    ) -> Result<Option<(crate::payments::stripe::StripeConfig, PaymentOptions)>, ConfigError> {
        use super::key_file;
        use crate::payments::stripe::StripeConfig;

        let Some(path) = &self.secret_key_file else {
            return Ok(None);
        };
        let secret_key = key_file::read("stripe.secret_key_file", path)?;
        if self.webhook_secret_files.is_empty() {
            return Err(wrong(
                "stripe.webhook_secret_files",
                "[]".into(),
                "a file with the secret of the webhook, whsec_…",
            ));
        }
        let secrets = self.webhook_secret_files.iter();
        let secrets = secrets
            .map(|path| key_file::read("stripe.webhook_secret_files", path))
            .collect::<Result<_, _>>()?;
        let page = |key, url: &Option<String>| {
            url.clone().ok_or_else(|| {
                wrong(
                    key,
                    String::new(),
                    "the page to which Stripe sends people afterwards",
                )
            })
        };
        let mut config = StripeConfig::new(secret_key, secrets);
        config.api_base.clone_from(&self.api_base);
        config.ca_file.clone_from(&self.ca_file);
        config.success_url = page("stripe.success_url", &self.success_url)?;
        config.cancel_url = page("stripe.cancel_url", &self.cancel_url)?;
        config.product.clone_from(&self.product);
        config.tolerance = self.tolerance;
        Ok(Some((config, self.options)))
    }
}

fn wrong(key: &'static str, value: String, expected: &'static str) -> ConfigError {
    ConfigError::Value {
        key,
        value,
        expected,
    }
}
