//! `[tokenomics]` of a policy document.

use serde::Deserialize;

use super::rules::{AnnualRates, TokenRules};
use super::{Bucket, Release, Supply, Vesting};
use crate::policy::check::{amount, day, points, whole, within};
use crate::{Amount, BasisPoints, PolicyError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    supply_swan: String,
    inflation_bps: u64,
    provider_reserve_bps: u64,
    airdrop_cap_bps: u64,
    market_commission_bps: u64,
    treasury_fee_bps: u64,
    buy_back_fee_bps: u64,
    allocation: Vec<Allocation>,
    annual_ubi: Option<Annual>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Allocation {
    name: String,
    share_bps: u64,
    vesting: Option<Schedule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    starts: String,
    cliff_months: u64,
    months: u64,
    release: Release,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annual {
    rate_bps: u64,
    edge_bps: u64,
    fog_bps: u64,
    market_bps: u64,
}

impl Section {
    pub(crate) fn check(&self) -> Result<TokenRules, PolicyError> {
        if self.inflation_bps != 0 {
            let rule = "the supply is fixed, so nothing can be minted";
            return Err(PolicyError::invalid(
                "tokenomics.inflation_bps",
                self.inflation_bps,
                rule,
            ));
        }
        let treasury = points("tokenomics.treasury_fee_bps", self.treasury_fee_bps)?;
        let buy_back = points("tokenomics.buy_back_fee_bps", self.buy_back_fee_bps)?;
        whole(
            "tokenomics.buy_back_fee_bps",
            "the shares of fees",
            &[treasury, buy_back],
        )?;
        Ok(TokenRules {
            supply: self.supply()?,
            airdrop_cap: points("tokenomics.airdrop_cap_bps", self.airdrop_cap_bps)?,
            market_commission: points(
                "tokenomics.market_commission_bps",
                self.market_commission_bps,
            )?,
            treasury_fee: treasury,
            annual: self.annual_ubi.as_ref().map(Annual::check).transpose()?,
        })
    }

    fn supply(&self) -> Result<Supply, PolicyError> {
        let total = amount("tokenomics.supply_swan", &self.supply_swan)?;
        if total.is_zero() {
            let rule = "a supply is more than nothing";
            return Err(PolicyError::invalid("tokenomics.supply_swan", total, rule));
        }
        let shares = self
            .allocation
            .iter()
            .zip(1_usize..)
            .map(|(part, number)| {
                points(
                    &format!("tokenomics.allocation.{number}.share_bps"),
                    part.share_bps,
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        whole("tokenomics.allocation", "the shares of the supply", &shares)?;
        let weights: Vec<u128> = shares.iter().map(|share| u128::from(share.get())).collect();
        let amounts = total
            .allocate(&weights)
            .map_err(|error| PolicyError::invalid("tokenomics.allocation", total, error))?;
        let mut buckets: Vec<Bucket> = Vec::with_capacity(shares.len());
        for (((part, share), amount), number) in self
            .allocation
            .iter()
            .zip(shares)
            .zip(amounts)
            .zip(1_usize..)
        {
            let at = format!("tokenomics.allocation.{number}");
            let named = (1..=40).contains(&part.name.len());
            if !named || buckets.iter().any(|bucket| bucket.name == part.name) {
                let rule = "a part has a name of its own, of 1 to 40 bytes";
                return Err(PolicyError::invalid(
                    format!("{at}.name"),
                    format!("{:?}", part.name),
                    rule,
                ));
            }
            buckets.push(Bucket {
                name: part.name.clone(),
                share,
                amount,
                vesting: part
                    .vesting
                    .as_ref()
                    .map(|vesting| vesting.check(&at))
                    .transpose()?,
            });
        }
        let provider_reserve = self.provider_reserve(total, &buckets)?;
        Ok(Supply {
            total,
            buckets,
            provider_reserve,
        })
    }

    /// The reserve is a part of the airdrops, so it fits in there.
    fn provider_reserve(&self, total: Amount, buckets: &[Bucket]) -> Result<Amount, PolicyError> {
        let key = "tokenomics.provider_reserve_bps";
        let reserve = points(key, self.provider_reserve_bps)?;
        let airdrops = buckets.iter().find(|bucket| bucket.name == "airdrops");
        let room = airdrops.map_or(BasisPoints::ZERO, Bucket::share);
        if reserve > room {
            let rule = format!(
                "it is reserved within the part named airdrops, which is {room} of the supply"
            );
            return Err(PolicyError::invalid(key, reserve.get(), rule));
        }
        Ok(total.share(reserve))
    }
}

impl Schedule {
    fn check(&self, at: &str) -> Result<Vesting, PolicyError> {
        let months = |field: &str, value| {
            within(&format!("{at}.vesting.{field}"), value, 0, 1_200)
                .map(|months| u32::try_from(months).unwrap_or(1_200))
        };
        let starts = day(&format!("{at}.vesting.starts"), &self.starts)?;
        let (cliff, span) = (
            months("cliff_months", self.cliff_months)?,
            months("months", self.months)?,
        );
        Vesting::new(starts, cliff, span, self.release)
            .map_err(|error| PolicyError::invalid(format!("{at}.vesting.months"), span, error))
    }
}

impl Annual {
    fn check(&self) -> Result<AnnualRates, PolicyError> {
        let at = |field: &str| format!("tokenomics.annual_ubi.{field}");
        let rates = AnnualRates {
            rate: points(&at("rate_bps"), self.rate_bps)?,
            edge: points(&at("edge_bps"), self.edge_bps)?,
            fog: points(&at("fog_bps"), self.fog_bps)?,
            market: points(&at("market_bps"), self.market_bps)?,
        };
        let shares = [rates.edge, rates.fog, rates.market];
        whole("tokenomics.annual_ubi", "the shares of providers", &shares)?;
        Ok(rates)
    }
}
