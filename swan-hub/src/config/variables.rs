//! The environment variables, and the keys that they stand for.

/// How the text of an environment variable becomes a TOML value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
}

/// The environment variables and the keys that they stand for.
pub(super) const VARIABLES: [(&str, &str, Kind); 64] = [
    ("SWAN_KEYS_RPM", "keys.rpm", Kind::Number),
    ("SWAN_KEYS_TPM", "keys.tpm", Kind::Number),
    ("SWAN_KEYS_CONCURRENCY", "keys.concurrency", Kind::Number),
    ("SWAN_QUEUE_WAIT_MS", "queue.wait_ms", Kind::Number),
    ("SWAN_QUEUE_PER_ACCOUNT", "queue.per_account", Kind::Number),
    ("SWAN_QUEUE_TOTAL", "queue.total", Kind::Number),
    ("SWAN_LISTEN", "listen", Kind::Text),
    ("SWAN_PROVIDER_LISTEN", "provider_listen", Kind::Text),
    ("SWAN_DATA_DIR", "data_dir", Kind::Text),
    ("SWAN_STORE", "store", Kind::Text),
    ("SWAN_POLICY", "policy", Kind::Text),
    ("SWAN_USD_PER_SWAN", "usd_per_swan", Kind::Text),
    ("SWAN_DURABILITY", "durability", Kind::Text),
    ("SWAN_DRAIN_SECS", "drain_secs", Kind::Number),
    ("SWAN_DRAIN_PAUSE_SECS", "drain_pause_secs", Kind::Number),
    ("SWAN_ROUTING_DEFAULT", "routing.default", Kind::Text),
    ("SWAN_METRICS_LISTEN", "metrics.listen", Kind::Text),
    ("SWAN_METRICS_PUBLIC", "metrics.public", Kind::Flag),
    ("SWAN_LIMITS_BODY_BYTES", "limits.body_bytes", Kind::Number),
    (
        "SWAN_LIMITS_AUDIO_BYTES",
        "limits.audio_bytes",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_REPLY_BYTES",
        "limits.reply_bytes",
        Kind::Number,
    ),
    ("SWAN_LIMITS_IN_FLIGHT", "limits.in_flight", Kind::Number),
    (
        "SWAN_LIMITS_CONNECTIONS",
        "limits.connections",
        Kind::Number,
    ),
    ("SWAN_LIMITS_HEAD_SECS", "limits.head_secs", Kind::Number),
    ("SWAN_LIMITS_STALL_SECS", "limits.stall_secs", Kind::Number),
    (
        "SWAN_LIMITS_PROVIDER_CONNECTIONS",
        "limits.provider_connections",
        Kind::Number,
    ),
    ("SWAN_LIMITS_BODY_SECS", "limits.body_secs", Kind::Number),
    (
        "SWAN_LIMITS_REQUEST_SECS",
        "limits.request_secs",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_STREAM_SECS",
        "limits.stream_secs",
        Kind::Number,
    ),
    ("SWAN_LIMITS_IDLE_SECS", "limits.idle_secs", Kind::Number),
    (
        "SWAN_LIMITS_SETTLE_SECS",
        "limits.settle_secs",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_FURTHER_ATTEMPTS",
        "limits.further_attempts",
        Kind::Number,
    ),
    (
        "SWAN_IDEMPOTENCY_TTL_SECS",
        "idempotency.ttl_secs",
        Kind::Number,
    ),
    (
        "SWAN_IDEMPOTENCY_ENTRY_BYTES",
        "idempotency.entry_bytes",
        Kind::Number,
    ),
    ("SWAN_IDEMPOTENCY_BYTES", "idempotency.bytes", Kind::Number),
    (
        "SWAN_IDEMPOTENCY_ENTRIES",
        "idempotency.entries",
        Kind::Number,
    ),
    (
        "SWAN_IDEMPOTENCY_ACCOUNT_BYTES",
        "idempotency.account_bytes",
        Kind::Number,
    ),
    (
        "SWAN_IDEMPOTENCY_ACCOUNT_ENTRIES",
        "idempotency.account_entries",
        Kind::Number,
    ),
    (
        "SWAN_GENERATIONS_KEEP_DAYS",
        "generations.keep_days",
        Kind::Number,
    ),
    ("SWAN_GENERATIONS_BYTES", "generations.bytes", Kind::Number),
    ("SWAN_MARKET_SIGNUP", "market.signup", Kind::Text),
    (
        "SWAN_MARKET_SESSION_HOURS",
        "market.session_hours",
        Kind::Number,
    ),
    (
        "SWAN_MARKET_SIGNUPS_PER_HOUR",
        "market.signups_per_hour",
        Kind::Number,
    ),
    (
        "SWAN_MARKET_LOGINS_PER_MINUTE",
        "market.logins_per_minute",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_FIRST_TOKEN_SECS",
        "limits.first_token_secs",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_STREAM_SLICE_TOKENS",
        "limits.stream_slice_tokens",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_HEARTBEAT_SECS",
        "limits.heartbeat_secs",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_RETRY_PERCENT",
        "limits.retry_percent",
        Kind::Number,
    ),
    (
        "SWAN_LIMITS_RETRIES_PER_SEC",
        "limits.retries_per_sec",
        Kind::Number,
    ),
    ("SWAN_HEDGING_AFTER_MS", "hedging.after_ms", Kind::Number),
    (
        "SWAN_HEDGING_PERCENTILE",
        "hedging.percentile",
        Kind::Number,
    ),
    ("SWAN_HEDGING_LEAST_MS", "hedging.least_ms", Kind::Number),
    ("SWAN_HEDGING_MOST_MS", "hedging.most_ms", Kind::Number),
    ("SWAN_HEDGING_PERCENT", "hedging.percent", Kind::Number),
    ("SWAN_HEDGING_PER_SEC", "hedging.per_sec", Kind::Number),
    ("SWAN_RECEIPTS_HUB", "receipts.hub", Kind::Text),
    ("SWAN_RECEIPTS_KEY_FILE", "receipts.key_file", Kind::Text),
    ("SWAN_OTEL_ENDPOINT", "otel.endpoint", Kind::Text),
    ("SWAN_OTEL_SAMPLE_RATIO", "otel.sample_ratio", Kind::Text),
    ("SWAN_OTEL_SERVICE_NAME", "otel.service_name", Kind::Text),
    (
        "SWAN_STRIPE_SECRET_KEY_FILE",
        "stripe.secret_key_file",
        Kind::Text,
    ),
    ("SWAN_STRIPE_API_BASE", "stripe.api_base", Kind::Text),
    ("SWAN_STRIPE_SUCCESS_URL", "stripe.success_url", Kind::Text),
    ("SWAN_STRIPE_CANCEL_URL", "stripe.cancel_url", Kind::Text),
];
