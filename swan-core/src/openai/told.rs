//! What a Swan hub tells of a request before and after: its quote, and its record.

use super::open::open_struct;
use crate::{Amount, Currency};

open_struct! {
    /// What a request would cost (`POST /v1/quote`).
    pub struct CostQuote {
        /// The path of the endpoint below `/v1`.
        operation as "operation": Option<String>,
        /// The model by its canonical name.
        model as "model": String,
        /// The currency of the costs.
        currency as "currency": Option<Currency>,
        /// The most that it can cost, whoever serves it: exactly what is put on hold.
        worst as "worst": QuotedCost,
        /// What it will cost, about.
        expected as "expected": QuotedCost,
        /// The list price of one unit in US dollars, before the discount.
        pricing as "pricing": Option<UnitPrices>,
        /// The discount, in percent.
        discount_percent as "discount_percent": Option<String>,
        /// Until when the exchange rate of a price in SWAN holds.
        valid_until as "valid_until": Option<String>,
    }
}

open_struct! {
    /// A cost, and what it is the cost of.
    pub struct QuotedCost {
        /// The cost.
        cost as "cost": Option<Amount>,
        /// What would be used.
        usage as "usage": QuotedUsage,
        /// Of an expected cost: where the length of the answer comes from (`typical`, `max` or `exact`).
        output as "output": Option<String>,
    }
}

open_struct! {
    /// What a request would use.
    pub struct QuotedUsage {
        /// Tokens of the prompt.
        prompt_tokens as "prompt_tokens": u64,
        /// Tokens generated.
        completion_tokens as "completion_tokens": u64,
        /// Images.
        images as "images": u64,
        /// Audio, in milliseconds.
        audio_ms as "audio_ms": u64,
    }
}

open_struct! {
    /// List prices of one unit, in US dollars.
    pub struct UnitPrices {
        /// `million_tokens`, `minute` or `image`.
        unit as "unit": String,
        /// Of the prompt.
        input as "input": Option<Amount>,
        /// Of what is found in a prompt cache.
        cached_input as "cached_input": Option<Amount>,
        /// Of the answer.
        output as "output": Option<Amount>,
        /// Of a minute or an image.
        price as "price": Option<Amount>,
    }
}

open_struct! {
    /// What is known of a request that has ended (`GET /v1/generation`). Times are milliseconds from its first byte.
    pub struct GenerationRecord {
        /// The request's id, as `X-Request-ID` told it.
        id as "id": String,
        /// The path of the endpoint below `/v1`.
        operation as "operation": Option<String>,
        /// The model by its canonical name.
        model as "model": Option<String>,
        /// When it came, in Unix seconds.
        created as "created": Option<u64>,
        /// Whether it was a stream.
        streamed as "streamed": Option<bool>,
        /// `completed`, `broken`, `abandoned` or `failed`.
        outcome as "outcome": Option<String>,
        /// The code of the error that was answered.
        error as "error": Option<String>,
        /// Tokens of the prompt, as charged.
        tokens_prompt as "tokens_prompt": Option<u64>,
        /// Tokens generated, as charged.
        tokens_completion as "tokens_completion": Option<u64>,
        /// Images, as charged.
        images as "images": Option<u64>,
        /// Audio in milliseconds, as charged.
        audio_ms as "audio_ms": Option<u64>,
        /// Where the counts come from: `reported`, `bounded`, `estimated` or `measured`.
        basis as "basis": Option<String>,
        /// The charge.
        total_cost as "total_cost": Option<Amount>,
        /// Its currency.
        currency as "currency": Option<Currency>,
        /// Who served it, or tried last.
        provider_id as "provider_id": Option<String>,
        /// That provider's display name.
        provider_name as "provider_name": Option<String>,
        /// `websocket` or `external`.
        connection_mode as "connection_mode": Option<String>,
        /// When the first content was there.
        latency as "latency": Option<u64>,
        /// From the first content to the end.
        generation_time as "generation_time": Option<u64>,
        /// All of it.
        duration as "duration": Option<u64>,
        /// Who was tried, in order.
        attempts as "attempts": Vec<AttemptTold>,
    }
}

open_struct! {
    /// One attempt at one provider. Times are milliseconds from the first byte of the request.
    pub struct AttemptTold {
        /// Who was tried.
        provider_id as "provider_id": String,
        /// Its display name.
        provider_name as "provider_name": String,
        /// `websocket` or `external`.
        connection_mode as "connection_mode": Option<String>,
        /// When it was asked.
        started as "started": Option<u64>,
        /// When its answer began.
        first_byte as "first_byte": Option<u64>,
        /// When its first content came.
        first_content as "first_content": Option<u64>,
        /// When it was over.
        ended as "ended": Option<u64>,
        /// How it ended, such as `served`.
        ending as "ending": Option<String>,
        /// Whom that speaks against: `consumer`, `provider`, `hub`, or nobody.
        blame as "blame": Option<String>,
        /// The HTTP status that it gave.
        status as "status": Option<u16>,
        /// Whether it was begun beside another attempt because that one took long.
        hedge as "hedge": Option<bool>,
        /// Whether its answer is the one that went out.
        chosen as "chosen": Option<bool>,
    }
}

open_struct! {
    /// A record on its own.
    pub struct GenerationAnswer {
        /// The record.
        data as "data": GenerationRecord,
    }
}

open_struct! {
    /// A page of records, the youngest first.
    pub struct GenerationPage {
        /// The records.
        data as "data": Vec<GenerationRecord>,
        /// Whether there are more.
        has_more as "has_more": Option<bool>,
        /// Where the next page begins.
        next as "next": Option<String>,
    }
}
