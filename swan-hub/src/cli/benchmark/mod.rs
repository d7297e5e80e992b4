//! Asks a server what a provider is asked, and grades the answers.

mod ask;
mod report;

use std::process::ExitCode;

use clap::Args as ClapArgs;
use swan_core::benchmark::{
    BenchmarkScorer, Evidence, Grade, Grader, Item, ItemKind, ItemSeed, Outcome, Round, SeedScorer,
    Timing, Verdict, judge,
};
use swan_core::{Clock, Policy, Rng, SeededRng};

use crate::grading::AnswerGrader;
use crate::seams::{Entropy, SystemClock, SystemEntropy};
use ask::Server;

/// `swan-hub benchmark`
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The server's address, such as http://localhost:8000/v1
    #[arg(long)]
    url: String,
    /// The model to ask
    #[arg(long)]
    model: String,
    /// The environment variable that holds the server's key
    #[arg(long, value_name = "VAR")]
    key_env: Option<String>,
    /// Draw the same items again; by default nobody can guess them
    #[arg(long)]
    seed: Option<u64>,
    /// Items of each kind [default: the most that the policy judges by]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    samples: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Why nothing could be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BenchmarkError {
    #[error("--url {url}: {reason}")]
    Address { url: String, reason: String },
    #[error("--key-env {name}: there is no such environment variable")]
    NoKey { name: String },
    #[error("no connection to {url}: {reason}")]
    Connect { url: String, reason: String },
    #[error("the system does not do its part: {0}")]
    System(#[from] std::io::Error),
}

impl BenchmarkError {
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Address { .. } | Self::NoKey { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// One item, what came back, and what it was worth.
struct Graded {
    item: Item,
    evidence: Evidence,
}

pub(super) async fn run(args: Args) -> Result<ExitCode, BenchmarkError> {
    let policy = Policy::swan_2_0();
    let rules = policy.benchmark();
    let server = Server::new(&args.url, args.key_env.as_deref())?;
    let clock = SystemClock::new();
    let mut draws = SeededRng::new(match args.seed {
        Some(seed) => seed,
        None => SystemEntropy::new()?.next_u64(),
    });
    let wanted = args.samples.unwrap_or(rules.samples_most());
    let mut round = Round::new();
    let mut graded = Vec::new();
    for number in 1..=wanted {
        for kind in [ItemKind::Math, ItemKind::Code] {
            let item = Item::from_seed(kind, ItemSeed::new(draws.next_u64()));
            let evidence = answer(&server, &item, &args.model, &clock).await?;
            report::progress(number, wanted, &item, &evidence);
            round.record(evidence.clone(), rules);
            graded.push(Graded { item, evidence });
        }
        let so_far = SeedScorer.score(&round.samples(), rules);
        // More samples change nothing once every test is decided, unless their number was asked for.
        if args.samples.is_none()
            && so_far
                .tests()
                .iter()
                .all(|test| test.verdict != Verdict::Undecided)
        {
            break;
        }
    }
    let score = SeedScorer.score(&round.samples(), rules);
    let verdict = judge(score, rules, policy.stamp().clone(), clock.now());
    report::result(&graded, &verdict, args.json)?;
    Ok(match verdict.verdict {
        Verdict::Pass => ExitCode::SUCCESS,
        Verdict::Fail | Verdict::Undecided => ExitCode::FAILURE,
    })
}

async fn answer(
    server: &Server,
    item: &Item,
    model: &str,
    clock: &SystemClock,
) -> Result<Evidence, BenchmarkError> {
    let sent = clock.now();
    let reply = match server.ask(item.request(model)).await? {
        Ok(reply) => reply,
        Err(fault) => {
            let timing = Timing::default();
            return Ok(Evidence::unanswered(
                item,
                sent,
                Outcome::Failed,
                &fault,
                timing,
            ));
        }
    };
    let (asked, text) = (item.clone(), reply.text.clone());
    let grading = tokio::task::spawn_blocking(move || AnswerGrader.grade(&asked, &text));
    let failed = |_| Grade::Ungradable("the grader failed".to_owned());
    let grade = grading.await.unwrap_or_else(failed);
    Ok(Evidence::answered(
        item,
        sent,
        &reply.text,
        &grade,
        reply.timing,
    ))
}
