//! Many requests at once that end in every way there is: nothing leaks, and every charge has a record.

use swan_core::protocol::{Failure, StreamEnd};
use swan_core::{Amount, Rng as _, SeededRng};

use super::provider::{Act, Provider, begin, reply};
use super::{DONE, MODEL, Market, STOP, ask, completion, delta, until, usage};

/// Serves requests for ever, well or badly.
async fn serve(mut provider: Provider, seed: u64) {
    let mut rng = SeededRng::new(seed);
    loop {
        let request = provider.request().await;
        let stream = request.stream;
        match rng.below(5) {
            0 => {
                provider
                    .act(stream, [Act::Fail(Failure::provider(500, "broken"))])
                    .await;
            }
            1 if request.streaming => {
                provider.act(stream, begin(delta("some text"))).await;
                provider
                    .act(stream, [Act::Fail(Failure::provider(500, "broken"))])
                    .await;
            }
            _ if request.streaming => {
                provider.act(stream, begin(delta("some"))).await;
                let rest = [delta(" text"), STOP.into(), usage(9, 2), DONE.into()].concat();
                let rest = [Act::Body(rest), Act::Finish(StreamEnd::default())];
                provider.act(stream, rest).await;
            }
            _ => {
                provider
                    .act(stream, reply(completion("some text", 9, 2)))
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn nothing_leaks_however_requests_end() {
    let market = Market::start().await;
    let mut providers = Vec::new();
    for number in 1..=3 {
        let provider = market.provider_of(number, number != 2, &[MODEL]).await;
        let seed = u64::try_from(number).unwrap();
        providers.push(tokio::spawn(serve(provider, seed)));
    }
    let mut rng = SeededRng::new(42);
    let mut running = Vec::new();
    for _ in 0..150 {
        let call = market.chat(ask(&format!("\"stream\":{}", rng.below(2) == 0)));
        let patience = rng.below(6);
        running.push(tokio::spawn(async move {
            let send = call.send();
            if patience > 2 {
                send.await;
                return;
            }
            // Hangs up after as many turns of the runtime as chance wants.
            tokio::select! {
                biased;
                () = async { for _ in 0..patience * 40 { tokio::task::yield_now().await; } } => {}
                _ = send => {}
            }
        }));
    }
    for request in running {
        request.await.unwrap();
    }
    market.settled().await;
    let spent = market.spent("5");
    assert!(spent > Amount::ZERO);
    until(|| market.records.charged() == spent).await;
    let paid = (1..=3)
        .map(|number| market.earned(number).pico())
        .sum::<i128>();
    assert!(paid > 0 && paid < spent.pico());
    for provider in providers {
        provider.abort();
    }
}
