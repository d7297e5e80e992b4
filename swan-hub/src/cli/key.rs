//! Creates, lists and revokes keys.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use swan_core::ledger::{Detail, Entry};
use swan_core::{AccountId, Amount, Currency, KeyId, ProviderId};

use super::admin::{self, AdminError, Place, Terminal};
use super::limit_flags::{self, LimitFlags};
use super::obeyed::until_obeyed;
use super::table::{Table, moment, printable};
use crate::admission::KeyLimits;
use crate::ledger::read_journal;
use crate::store::{AccountRecord, KeyKind, KeyRecord, ProviderRecord, Secret, Store};

/// `swan-hub key`
#[derive(Debug, Args)]
#[non_exhaustive]
pub struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key and print it, once and alone, on standard output
    Create(CreateArgs),
    /// List keys, revoked ones too; secrets are not known
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show one key with its limits and what it has spent
    Show {
        /// The key's id, as `key list` shows it
        id: KeyId,
        #[command(flatten)]
        place: Place,
    },
    /// Change limits of a consumer's key; a running hub follows before this returns
    Update {
        /// The key's id, as `key list` shows it
        id: KeyId,
        #[command(flatten)]
        limits: LimitFlags,
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key; a running hub refuses it before this returns
    Revoke {
        /// The key's id, as `key list` shows it
        id: KeyId,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
struct CreateArgs {
    /// Whom the key lets in
    kind: KeyKindArg,
    /// What its owner is called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Credit to begin with, in US dollars (consumer only)
    #[arg(long, value_name = "USD")]
    grant: Option<Amount>,
    /// Make another key for this account or provider instead of a new one
    #[arg(long, value_name = "ID", conflicts_with = "grant")]
    owner: Option<String>,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    place: Place,
}

/// The kinds of keys, as the command line names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum KeyKindArg {
    /// For apps that call models and pay
    Consumer,
    /// For machines that serve models and earn
    Provider,
    /// For people who run the hub
    Admin,
}

/// The longest name; names are shown in tables and headers.
const NAME_CHARS_MAX: usize = 100;

pub(super) async fn run(
    args: KeyArgs,
    terminal: &mut Terminal<'_>,
) -> Result<ExitCode, AdminError> {
    match args.command {
        KeyCommand::Create(args) => create(args, terminal).await?,
        KeyCommand::List { place } => list(&place, terminal).await?,
        KeyCommand::Show { id, place } => show(id, &place, terminal).await?,
        KeyCommand::Update { id, limits, place } => update(id, &limits, &place, terminal).await?,
        KeyCommand::Revoke { id, place } => revoke(id, &place, terminal).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(args: CreateArgs, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let usage = |what: &str| Err(AdminError::Usage(what.to_owned()));
    let long = args.name.chars().count() > NAME_CHARS_MAX;
    if args.name.trim().is_empty() || long || args.name.chars().any(char::is_control) {
        return usage("a name has 1 to 100 printable characters");
    }
    if args.grant.is_some() && args.kind != KeyKindArg::Consumer {
        return usage("only a consumer has an account to grant credit to");
    }
    if args.grant.is_some_and(|amount| amount <= Amount::ZERO) {
        return usage("a grant is above zero");
    }
    if !args.limits.is_empty() && args.kind != KeyKindArg::Consumer {
        return usage("only consumers' keys have limits");
    }
    let mut limits = KeyLimits::default();
    args.limits.apply(&mut limits, terminal.clock.now())?;
    let store = args.place.create().await?;
    let kind = owner(&args, &*store, terminal).await?;
    if let (KeyKind::Consumer(account), Some(amount)) = (kind, args.grant) {
        let note = format!("with the key of {}", args.name);
        let clock = &terminal.clock;
        let granted = admin::grant(&store, clock, account, Currency::Usd, amount, note).await?;
        admin::report_grant(granted, terminal)?;
    }
    let secret = Secret::generate(kind)?;
    let id = KeyId::from_u128(admin::random_id()?);
    let created = terminal.clock.now();
    let record = KeyRecord {
        id,
        kind,
        name: args.name,
        created,
        revoked: None,
        limits,
    };
    store.put_key(&secret.hash(), &record).await?;
    until_obeyed(&*store, terminal).await?;
    if args.place.json {
        let owner = kind.owner();
        let key = secret.expose();
        return terminal.json(&json!({
            "key": key, "id": id, "kind": kind.as_str(), "owner": owner, "name": record.name,
            "limits": record.limits,
        }));
    }
    writeln!(terminal.out, "{}", secret.expose())?;
    let owner = kind
        .owner()
        .map(|owner| format!(" for {owner}"))
        .unwrap_or_default();
    writeln!(
        terminal.err,
        "created {id}{owner}; this is the only time the key is shown"
    )?;
    Ok(())
}

/// The account or provider of a new key: a new one, or the one that was named.
async fn owner(
    args: &CreateArgs,
    store: &dyn Store,
    terminal: &Terminal<'_>,
) -> Result<KeyKind, AdminError> {
    let unknown = |id: &str| AdminError::Usage(format!("there is no {id} in this store"));
    let (name, created) = (args.name.clone(), terminal.clock.now());
    match (args.kind, &args.owner) {
        (KeyKindArg::Admin, None) => Ok(KeyKind::Admin),
        (KeyKindArg::Admin, Some(_)) => Err(AdminError::Usage(
            "an administrator's key belongs to nobody else".into(),
        )),
        (KeyKindArg::Consumer, None) => {
            let id = AccountId::from_u128(admin::random_id()?);
            store
                .put_account(&AccountRecord {
                    id,
                    name,
                    created,
                    limits: KeyLimits::default(),
                })
                .await?;
            Ok(KeyKind::Consumer(id))
        }
        (KeyKindArg::Provider, None) => {
            let id = ProviderId::from_u128(admin::random_id()?);
            store
                .put_provider(&ProviderRecord {
                    id,
                    name,
                    created,
                    last_seen: None,
                })
                .await?;
            Ok(KeyKind::Provider(id))
        }
        (KeyKindArg::Consumer, Some(text)) => {
            let known = store.accounts().await?.into_iter().map(|record| record.id);
            let found = known.into_iter().find(|id| id.to_string() == *text);
            found.map(KeyKind::Consumer).ok_or_else(|| unknown(text))
        }
        (KeyKindArg::Provider, Some(text)) => {
            let known = store.providers().await?.into_iter().map(|record| record.id);
            let found = known.into_iter().find(|id| id.to_string() == *text);
            found.map(KeyKind::Provider).ok_or_else(|| unknown(text))
        }
    }
}

async fn list(place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let keys = place.open().await?.keys().await?;
    if place.json {
        let keys: Vec<_> = keys.iter().map(|(_, record)| record).collect();
        return terminal.json(&keys);
    }
    let mut table = Table::new(&[
        "ID", "KIND", "NAME", "OWNER", "CREATED", "REVOKED", "LIMITS",
    ]);
    for (_, record) in keys {
        table.row([
            record.id.to_string(),
            record.kind.as_str().to_owned(),
            record.name,
            record.kind.owner().unwrap_or_else(|| "-".into()),
            moment(record.created),
            record.revoked.map_or_else(|| "-".into(), moment),
            limit_flags::cell(&record.limits),
        ]);
    }
    Ok(table.write(terminal.out, "no keys")?)
}

async fn find(store: &dyn Store, id: KeyId) -> Result<KeyRecord, AdminError> {
    let keys = store.keys().await?.into_iter().map(|(_, record)| record);
    let found = keys.into_iter().find(|record| record.id == id);
    found.ok_or_else(|| AdminError::Usage(format!("there is no {id} in this store")))
}

async fn show(id: KeyId, place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    let record = find(&*store, id).await?;
    let mut spent = Amount::ZERO;
    let mut each = |entry: Entry| {
        if let Detail::Charge(charge) = entry.group.cause.detail
            && charge.key == Some(id)
        {
            let usd = charge.usd.unwrap_or(charge.gross);
            spent = spent.checked_add(usd).unwrap_or(Amount::MAX);
        }
    };
    read_journal(&*store, 1, &mut each).await?;
    for other in store.others().await? {
        read_journal(&*other, 1, &mut each).await?;
    }
    if place.json {
        let mut shown = serde_json::to_value(&record).unwrap_or_default();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("spent_usd".into(), json!(spent));
        }
        return terminal.json(&shown);
    }
    let owner = record.kind.owner().unwrap_or_else(|| "-".into());
    for (name, text) in [
        ("id", record.id.to_string()),
        ("kind", record.kind.as_str().to_owned()),
        ("name", printable(record.name)),
        ("owner", owner),
        ("created", moment(record.created)),
        ("revoked", record.revoked.map_or_else(|| "-".into(), moment)),
        ("limits", limit_flags::cell(&record.limits)),
        ("spent", format!("{spent} USD")),
    ] {
        writeln!(terminal.out, "{name:<8} {text}")?;
    }
    Ok(())
}

async fn update(
    id: KeyId,
    flags: &LimitFlags,
    place: &Place,
    terminal: &mut Terminal<'_>,
) -> Result<(), AdminError> {
    let store = place.open().await?;
    let record = find(&*store, id).await?;
    if !matches!(record.kind, KeyKind::Consumer(_)) {
        return Err(AdminError::Usage("only consumers' keys have limits".into()));
    }
    if flags.is_empty() {
        let why = "nothing to change: name a limit, such as --rpm 60 or --rpm none";
        return Err(AdminError::Usage(why.into()));
    }
    let mut limits = record.limits;
    flags.apply(&mut limits, terminal.clock.now())?;
    store.limit_key(id, &limits).await?;
    until_obeyed(&*store, terminal).await?;
    if place.json {
        return terminal.json(&json!({ "id": id, "limits": limits }));
    }
    let cell = limit_flags::cell(&limits);
    Ok(writeln!(terminal.err, "limits of {id}: {cell}")?)
}

async fn revoke(id: KeyId, place: &Place, terminal: &mut Terminal<'_>) -> Result<(), AdminError> {
    let store = place.open().await?;
    if !store.revoke_key(id, terminal.clock.now()).await? {
        return Err(AdminError::Usage(format!("there is no {id} in this store")));
    }
    until_obeyed(&*store, terminal).await?;
    if place.json {
        return terminal.json(&json!({ "id": id, "revoked": true }));
    }
    Ok(writeln!(terminal.err, "revoked {id}")?)
}
