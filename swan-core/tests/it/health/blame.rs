use swan_core::health::{Blame, Counts, Ending, is_poison};

#[test]
fn every_ending_has_the_verdict_of_the_table() {
    use Counts::{Failure as Bad, Neutral as Nil, Success as Good};
    let status = |code| Ending::Status { code };
    let (consumer, provider, hub) = (
        Some(Blame::Consumer),
        Some(Blame::Provider),
        Some(Blame::Hub),
    );
    for (ending, blame, [breaker, routing, standing], retry) in [
        (Ending::Served, None, [Good; 3], false),
        (Ending::ContentFilter, None, [Good; 3], false),
        (status(400), consumer, [Nil; 3], false),
        (status(401), provider, [Bad; 3], true),
        (status(404), provider, [Bad; 3], true),
        (status(405), consumer, [Nil; 3], false),
        (status(408), provider, [Bad; 3], true),
        (status(410), provider, [Bad; 3], true),
        (status(411), consumer, [Nil; 3], false),
        (status(413), consumer, [Nil; 3], false),
        (status(417), consumer, [Nil; 3], false),
        (status(418), provider, [Bad; 3], true),
        (status(422), consumer, [Nil; 3], false),
        (status(429), provider, [Nil, Bad, Nil], true),
        (status(431), consumer, [Nil; 3], false),
        (status(500), provider, [Bad; 3], true),
        (status(503), provider, [Bad; 3], true),
        (status(0), provider, [Bad; 3], true),
        (Ending::Unreachable, provider, [Bad; 3], true),
        (Ending::Lost, provider, [Bad; 3], true),
        (Ending::NoFirstByte, provider, [Bad; 3], true),
        (Ending::Idle, provider, [Bad; 3], true),
        (Ending::Malformed, provider, [Bad; 3], true),
        (Ending::Cancelled, consumer, [Nil; 3], false),
        (Ending::SlowConsumer, consumer, [Nil; 3], false),
        (Ending::TooLarge, consumer, [Nil; 3], true),
        (Ending::Unsupported, hub, [Nil; 3], true),
        (Ending::LineBusy, hub, [Nil; 3], true),
        (Ending::Draining, hub, [Nil; 3], true),
        (Ending::Outrun, None, [Nil; 3], false),
        (Ending::RefusedAlone, provider, [Nil, Bad, Nil], true),
        (Ending::TooLong, hub, [Nil; 3], false),
        (Ending::HubFailed, hub, [Nil; 3], false),
    ] {
        let verdict = ending.verdict();
        assert_eq!(verdict.blame, blame, "{ending:?}");
        assert_eq!(
            [verdict.breaker, verdict.routing, verdict.standing],
            [breaker, routing, standing],
            "{ending:?}"
        );
        assert_eq!(verdict.retry, retry, "{ending:?}");
    }
}

#[test]
fn a_request_over_which_two_break_and_none_serves_is_poison() {
    let broke = Ending::Status { code: 500 };
    for (endings, poison) in [
        (&[][..], false),
        (&[broke][..], false),
        (&[broke, Ending::Malformed][..], true),
        (&[broke, Ending::Lost, broke][..], true),
        (&[broke, broke, Ending::Served][..], false),
        (&[broke, Ending::Status { code: 503 }][..], false),
        (&[Ending::Lost, Ending::Lost][..], false),
    ] {
        assert_eq!(is_poison(endings), poison, "{endings:?}");
    }
}
