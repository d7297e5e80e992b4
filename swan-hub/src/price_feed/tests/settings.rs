//! Which sources are asked, and by which settings.

use std::time::Duration;

use super::super::{PriceFeed, PriceFeedError, PriceFeedOptions};
use super::options;

#[tokio::test]
async fn sources_that_cannot_be_asked_are_refused() {
    let (_servers, good) = options(2).await;
    let refused = |change: &dyn Fn(&mut PriceFeedOptions)| {
        let mut options = good.clone();
        change(&mut options);
        PriceFeed::new(options, None).unwrap_err()
    };
    for url in [
        "",
        "ftp://a/b",
        "api.example.com",
        "http://api.example.com/price",
        "https://user:word@api.example.com/",
    ] {
        let error = refused(&|options| options.sources[0].url = url.into());
        let source_name = "a".to_owned();
        assert_eq!(error, PriceFeedError::Url { source_name }, "{url}");
    }
    let error = refused(&|options| {
        let headers = &mut options.sources[1].headers;
        headers.insert("x-key".into(), "two\r\nlines".into());
    });
    assert!(matches!(error, PriceFeedError::Header { .. }));
    let error = refused(&|options| options.sources[1].ca_file = Some("/nowhere.pem".into()));
    assert!(matches!(error, PriceFeedError::Certificates { .. }));
    let error = refused(&|options| options.sources[1].name = "a".into());
    assert_eq!(error, PriceFeedError::Names);
    let error = refused(&|options| options.sources[1].name = "a b".into());
    assert_eq!(error, PriceFeedError::Names);
    assert_eq!(
        refused(&|options| options.quorum = 3),
        PriceFeedError::Quorum
    );
    assert_eq!(
        refused(&|options| options.sources.clear()),
        PriceFeedError::Sources
    );
    let error = refused(&|options| options.max = "0.001".parse().unwrap());
    assert_eq!(error, PriceFeedError::Bounds);
    let error = refused(&|options| options.max_age = Duration::from_secs(1));
    assert_eq!(error, PriceFeedError::MaxAge);
}

/// The hub itself asks at once and then whenever it is due, by settings that may change.
#[tokio::test]
async fn a_hub_follows_the_sources_that_are_in_force() {
    let (servers, mut options) = options(1).await;
    servers[0].tells("0.5");
    options.poll = Duration::from_millis(100);
    let hub = crate::Hub::builder().with_price_feed(options.clone());
    let hub = hub.build().await.unwrap();
    let rate = || {
        let shared = hub.current.load();
        let rate = shared.oracle.usd_per_swan(shared.clock.now());
        rate.map(|rate| rate.rate().to_string())
    };
    let becomes = async |expected: Option<&str>| {
        let waited = tokio::time::timeout(Duration::from_secs(10), async {
            while rate().as_deref() != expected {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited
            .await
            .unwrap_or_else(|_| panic!("{expected:?} and not {:?}", rate()));
    };
    becomes(Some("0.5")).await;
    servers[0].tells("0.51");
    becomes(Some("0.51")).await;
    let (others, other) = super::options(1).await;
    others[0].tells("0.7");
    hub.reload(hub.settings().with_price_feed(other)).unwrap();
    becomes(Some("0.7")).await;
    let mut settings = hub.settings();
    settings.price_feed = None;
    hub.reload(settings).unwrap();
    assert_eq!(rate(), None);
    let mut wrong = options;
    wrong.sources.clear();
    let error = hub
        .reload(hub.settings().with_price_feed(wrong))
        .unwrap_err();
    assert!(error.to_string().contains("1 to 8 sources"), "{error}");
}
