use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::external::Address;

/// How Stripe is reached, and what it is told.
#[derive(Clone)]
#[non_exhaustive]
pub struct StripeConfig {
    /// The secret key of the account at Stripe, `sk_…` or `rk_…`.
    pub secret_key: String,
    /// The secrets of the webhook, `whsec_…`: while they are being changed the old one and the new one.
    pub webhook_secrets: Vec<String>,
    /// Where the API is. `https://api.stripe.com`.
    pub api_base: String,
    /// Certificates in PEM that are trusted in the place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where Stripe's page sends who has paid.
    pub success_url: String,
    /// Where it sends who has not.
    pub cancel_url: String,
    /// What Stripe's page says is paid for. `Inference credit`.
    pub product: String,
    /// How far away from now a webhook may have been signed. 300 s.
    pub tolerance: Duration,
    /// How long one answer of the API may take, up to 10 s. 10 s.
    pub answer_within: Duration,
}

impl StripeConfig {
    /// The usual with this key and these secrets of the webhook.
    #[must_use]
    pub fn new(secret_key: impl Into<String>, webhook_secrets: Vec<String>) -> Self {
        Self {
            secret_key: secret_key.into(),
            webhook_secrets,
            api_base: "https://api.stripe.com".into(),
            ca_file: None,
            success_url: "https://example.com/paid".into(),
            cancel_url: "https://example.com/cancelled".into(),
            product: "Inference credit".into(),
            tolerance: Duration::from_secs(300),
            answer_within: ANSWER_MAX,
        }
    }

    pub(super) fn within(&self) -> Duration {
        self.answer_within.min(ANSWER_MAX)
    }

    pub(super) fn address(&self) -> Option<Address> {
        Address::parse(&self.api_base, Some("/v1"))
    }

    pub(super) fn check(&self) -> Result<(), StripeError> {
        let is_text =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_text(&self.secret_key) {
            return Err(StripeError::SecretKey);
        }
        let secrets = &self.webhook_secrets;
        if !(1..=SECRETS_MAX).contains(&secrets.len()) || !secrets.iter().all(|text| is_text(text))
        {
            return Err(StripeError::WebhookSecrets);
        }
        let address = self.address().ok_or(StripeError::ApiBase)?;
        // A key that goes over the open network in the clear is everybody's.
        if !address.https && !address.is_private {
            return Err(StripeError::ApiBase);
        }
        let is_page = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if !is_page(&self.success_url) || !is_page(&self.cancel_url) {
            return Err(StripeError::Page);
        }
        Ok(())
    }
}

/// No answer is waited for longer, so that a look, which takes three, ends in time.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// The most secrets that are compared.
pub(super) const SECRETS_MAX: usize = 8;

impl fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeConfig")
            .field("api_base", &self.api_base)
            .field("success_url", &self.success_url)
            .field("cancel_url", &self.cancel_url)
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

/// Why Stripe cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StripeError {
    /// The secret key is empty or no key.
    #[error(
        "the secret key of Stripe must be printable characters without spaces, such as sk_live_…"
    )]
    SecretKey,
    /// There is no secret of a webhook, too many, or one that is none.
    #[error("Stripe needs 1 to 8 secrets of its webhook, such as whsec_…")]
    WebhookSecrets,
    /// The API's address is none.
    #[error("the address of Stripe's API must be https://, or http:// to a private host")]
    ApiBase,
    /// A page is none.
    #[error("the pages to which Stripe sends people must be https:// or http:// URLs")]
    Page,
    /// There are no certificates to trust.
    #[error("connections to Stripe cannot be made: {0}")]
    Certificates(#[source] std::io::Error),
}
