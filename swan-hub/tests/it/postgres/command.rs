//! The administrator's commands on a database, with and without a hub that keeps the books.

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser};
use swan_core::Currency;
use swan_hub::cli::{AdminCommand, Terminal};
use swan_hub::store::{AuthError, KeyRing, Store, Watch, WatchOptions};

use super::open;
use super::server::Server;

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: AdminCommand,
}

pub(crate) async fn run(url: &str, line: &str) -> String {
    let store = format!("--store={url}");
    let args = ["swan-hub"].into_iter().chain(line.split(' '));
    let cli = Cli::try_parse_from(args.chain([store.as_str()])).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        out: &mut out,
        err: &mut err,
        clock: Arc::new(crate::ledger::clock()),
    };
    let code = cli.command.run(&mut terminal).await.unwrap();
    assert_eq!(code, ExitCode::SUCCESS, "{line}");
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn keys_and_grants_of_the_command_line_reach_a_running_hub() {
    let url = Server::shared().await.database().await;
    let before = run(&url, "key create consumer --name alice --grant 5").await;
    let store: Arc<dyn Store> = Arc::new(open(&url).await.unwrap());
    let (books, _) = crate::ledger::open(Arc::clone(&store)).await.unwrap();
    let keys = KeyRing::load(&*store).await.unwrap();
    keys.authenticate(before.trim()).unwrap();
    let account = store.accounts().await.unwrap()[0].id;
    let available = || books.available(account, Currency::Usd).to_string();
    assert_eq!(available(), "5");
    let options = WatchOptions::default();
    let _watch = Watch::start(Arc::clone(&store), keys.clone(), books.clone(), options);

    let line = format!("key create consumer --name bob --owner {account}");
    let meanwhile = run(&url, &line).await;
    run(&url, &format!("account grant {account} 2.5")).await;
    assert_eq!(available(), "7.5", "the hub has carried it out");
    while keys.authenticate(meanwhile.trim()) == Err(AuthError::Unknown) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let audited = run(&url, "audit").await;
    assert!(
        !audited.contains("BREACHES") && audited.contains("2 entries"),
        "{audited}"
    );
}

#[test]
fn the_help_does_not_show_the_url_of_the_environment() {
    let command = Cli::command();
    let audit = command.find_subcommand("audit").unwrap();
    let store = audit.get_arguments().find(|arg| arg.get_id() == "store");
    assert!(store.unwrap().is_hide_env_values_set());
}
