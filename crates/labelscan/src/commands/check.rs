//! `labelscan check`: tries everything the service needs and says what is missing or wrong and what
//! to do about it. `labelscan migrate`: brings the database to this version.
//!
//! A check registers nothing and deletes nothing. Where there is no database yet it makes none.

use crate::cli::CheckArgs;
use anyhow::Context as _;
use outbound::IdentityError;
use pipeline::clock::{Clock, Stopwatch};
use pipeline::housekeeping::ORPHAN_AGE;
use pipeline::reading::reader_settings::pool_settings;
use pipeline::settings::{self, EncryptionMode, Settings};
use pipeline::storage::{open_store, store_settings};
use pipeline::{formats, open_registry};
use readers::Pool;
use std::{
    io::{self, Write},
    process::ExitCode,
};
use store::Fault;
use web::access::company::Oidc;
use web::listen::base_url;

/// Faults of the stored data that are named one by one.
const FAULTS_SHOWN: usize = 20;

/// Something is wrong.
const FAULTY: u8 = 1;

/// `labelscan check`
pub(crate) fn run(args: &CheckArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    if args.defaults {
        write!(io::stdout(), "{}", settings::DEFAULTS)?;
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let checks = [
        ("settings", environment()),
        ("formats", formats(settings)),
        ("readers", readers(settings)),
        ("database and photos", runtime.block_on(stored(settings))),
        ("registry", registry(settings)),
        ("company sign-in", runtime.block_on(company_sign_in(settings))),
    ];
    let mut out = io::stdout().lock();
    for (what, outcome) in &checks {
        match outcome {
            Ok(note) => writeln!(out, "ok     {what}: {note}")?,
            Err(fault) => writeln!(out, "WRONG  {what}: {fault:#}")?,
        }
    }
    let faulty = checks.iter().any(|(_, outcome)| outcome.is_err());
    Ok(if faulty { ExitCode::from(FAULTY) } else { ExitCode::SUCCESS })
}

/// `labelscan migrate`
pub(crate) fn migrate(settings: &Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = open_store(settings).await?;
        store.close().await;
        writeln!(io::stdout(), "The database is at this version.")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The settings were read before; what remains is a name that looks like a setting and is none.
fn environment() -> anyhow::Result<String> {
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = set.filter_map(|name| Some(name.strip_prefix(settings::ENV_PREFIX)?.to_lowercase()));
    let strangers: Vec<String> = ours
        .filter(|key| key != "settings" && !settings::keys().any(|known| known == key))
        .map(|key| format!("{}{}", settings::ENV_PREFIX, key.to_uppercase()))
        .collect();
    if strangers.is_empty() {
        return Ok("understood".into());
    }
    Ok(format!("understood, but {} is no setting and is ignored", strangers.join(", ")))
}

fn formats(settings: &Settings) -> anyhow::Result<String> {
    let (formats, own) = formats::load(settings)?;
    let own = if own.is_some() { "your own among them" } else { "all built in" };
    Ok(format!("{} formats, {own}", formats.iter().count()))
}

fn readers(settings: &Settings) -> anyhow::Result<String> {
    let (_, formats) = formats::load(settings)?;
    let layout = pool_settings(settings, formats);
    let (readers, threads) = (layout.readers, layout.threads);
    let watch = Stopwatch::start();
    let pool = Pool::start(layout)?;
    let confined = match pool.confinement().lacks() {
        None => "without files or network".to_owned(),
        Some(lacks) => format!("WITHOUT {lacks}, which this kernel does not offer"),
    };
    let ms = watch.elapsed().as_millis();
    Ok(format!("{readers} started in {ms} ms, {threads} threads each, {confined}"))
}

async fn stored(settings: &Settings) -> anyhow::Result<String> {
    let place = store_settings(settings)?;
    let file = place.database.strip_prefix("sqlite://").map(std::path::Path::new);
    if file.is_some_and(|file| !file.exists()) {
        return Ok("none yet; `serve` makes them".into());
    }
    let store = open_store(settings).await.context("cannot be opened")?;
    store.ping(Clock::System.now()).await?;
    let check = store.check(Clock::System.now() - ORPHAN_AGE).await?;
    store.close().await;
    anyhow::ensure!(check.is_sound(), "{} faults{}", check.faults_found, named(&check.faults));
    Ok(format!(
        "{} scans, {} photos and {} audit entries are sound, {}; {} scans and {} deliveries wait",
        check.scans,
        check.photos,
        check.audit_entries,
        if settings.storage.encryption == EncryptionMode::On { "sealed" } else { "NOT encrypted" },
        check.scans_queued,
        check.deliveries_queued
    ))
}

pub(crate) fn named(faults: &[Fault]) -> String {
    let sentence = |fault: &Fault| match fault {
        Fault::PhotoMissing(of) => format!("a photo of {of} is missing: restore it"),
        Fault::PhotoChanged(of) => {
            format!("a photo of {of} is not the one that was uploaded: restore it")
        }
        Fault::PhotoOrphaned(name) => format!("photo {name} belongs to nothing: it can go"),
        Fault::RegistrationMissing(scan) => {
            format!("scan {scan} is accepted, but no registration is queued: confirm it again")
        }
        Fault::DeliveryMissing(scan) => {
            format!("the terminal of scan {scan} has no delivery: confirm it again")
        }
        Fault::Sealed(place) => {
            format!("{place} does not open: it was changed or moved, or its key is missing")
        }
        Fault::AuditBroken(entry) => {
            format!("audit entry {entry} does not continue the one before: somebody changed it")
        }
        Fault::AuditCut { entries, found } => {
            format!("the audit trail had {entries} entries and has {found}: somebody cut it")
        }
        Fault::AuditUnwitnessed => {
            "the record of the audit trail's end beside the seal keys was changed".into()
        }
        Fault::Unaudited(what) => {
            format!("{what}: the audit trail says otherwise, so somebody changed the row")
        }
    };
    faults
        .iter()
        .take(FAULTS_SHOWN)
        .map(|fault| format!("\n         {}", sentence(fault)))
        .collect()
}

fn registry(settings: &Settings) -> anyhow::Result<String> {
    if settings.registry.url.is_none() {
        return Ok("none set: registrations wait in the queue until `registry` is".into());
    }
    open_registry(settings)?;
    Ok("address and secret are usable; nothing was sent".into())
}

/// Asks the identity provider what it says of itself; nobody is signed in.
async fn company_sign_in(settings: &Settings) -> anyhow::Result<String> {
    let base_url = base_url(settings, settings.http.listen);
    let Some(oidc) = Oidc::open(settings, &base_url)? else {
        return Ok("none set: people come by links until `oidc_issuer` is".into());
    };
    let keys = oidc.provider.check(Clock::System.now()).await.map_err(|error| match error {
        IdentityError::Unavailable(_) => anyhow::anyhow!(
            "{error}: see that `oidc_issuer` is right and that this machine can reach it"
        ),
        other => other.into(),
    })?;
    Ok(format!(
        "{} answers and has {keys} keys that are of use; the redirect URI to register there is {}",
        oidc.provider.issuer(),
        oidc.redirect_uri
    ))
}
