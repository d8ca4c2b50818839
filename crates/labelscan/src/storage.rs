//! Opening the store, and the commands about what is stored: `backup`, `restore`, `seal`. They run
//! beside a service that is at work. A key is never printed.

use crate::check::named;
use crate::cli::{BackupArgs, RestoreArgs, SealCommand};
use crate::clock;
use crate::settings::{EncryptionMode, Settings};
use anyhow::Context as _;
use std::io::Write;
use std::process::ExitCode;
use store::{Encryption, SealUse, Store};

/// Where the store lives, and how much of its limits HTTP may use.
///
/// # Errors
/// If there is no place for the seal keys.
pub(crate) fn store_settings(settings: &Settings) -> anyhow::Result<store::Settings> {
    let encryption = match settings.encryption {
        EncryptionMode::Off => Encryption::Off,
        EncryptionMode::On => Encryption::On { keys: settings.seal_keys_file()? },
    };
    Ok(store::Settings {
        database: settings.database_url().expose().to_owned(),
        photos: settings.photos_url(),
        // S3 is reached by what the AWS tools read from the environment.
        photos_options: Vec::new(),
        encryption,
        limits: store::Limits {
            photos_max: settings.photos_max,
            photo_bytes_max: settings.photo_bytes_max,
            details_bytes_max: settings.details_bytes_max,
            ..store::Limits::default()
        },
    })
}

/// Opens the store. If that made its keys, whoever sits at the terminal hears of it.
///
/// # Errors
/// If it cannot be opened; the message says what to do.
pub(crate) async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
    let store = Store::open(&store_settings(settings)?).await?;
    if let Some(file) = store.keys_made() {
        eprintln!(
            "labelscan: photos and serials are sealed with new keys in {}. Keep a copy of this file \
             elsewhere: without it nobody can read the data, and no backup holds it.",
            file.display()
        );
    }
    Ok(store)
}

/// `labelscan backup`
pub(crate) fn backup(args: &BackupArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_store(settings, async |store| {
        store.record("operator", "backup.made", "backup", &(), clock::now()).await?;
        let made = store.backup(&args.file).await?;
        let file = args.file.display();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{file}: the database and {} photos, {} bytes", made.photos, made.bytes)?;
        if let EncryptionMode::On = settings.encryption {
            let keys = settings.seal_keys_file()?;
            writeln!(out, "It can be read only with {}, which is not in it.", keys.display())?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// `labelscan restore`
pub(crate) fn restore(args: &RestoreArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let check = runtime.block_on(store::restore(&args.file, &store_settings(settings)?));
    let check = check.with_context(|| format!("{} cannot be restored", args.file.display()))?;
    let (faults, seq) = (check.faults_found, check.audit_entries);
    with_store(settings, async |store| {
        let restored = Restored { faults, audit_entries: seq };
        store.record("operator", "backup.restored", "backup", &restored, clock::now()).await?;
        Ok(ExitCode::SUCCESS)
    })?;
    anyhow::ensure!(
        check.is_sound(),
        "restored, with {} faults{}",
        check.faults_found,
        named(&check.faults)
    );
    writeln!(
        std::io::stdout(),
        "restored and sound: {} scans, {} photos, {} audit entries",
        check.scans,
        check.photos,
        check.audit_entries
    )?;
    Ok(ExitCode::SUCCESS)
}

/// What the audit trail keeps of a restore.
#[derive(serde::Serialize)]
struct Restored {
    faults: u64,
    audit_entries: u64,
}

/// `labelscan seal`
pub(crate) fn seal(command: SealCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_store(settings, async |store| {
        let used = store.seal_use().await?.context("encryption is off: nothing is sealed")?;
        match command {
            SealCommand::Status => tell(&used)?,
            SealCommand::Rotate => rotate(&store, &used).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A rotation that was interrupted is finished before a new one begins.
async fn rotate(store: &Store, used: &SealUse) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if used.is_settled() {
        let key = store.add_seal_key()?;
        store.record("operator", "seal.rotated", "seal", &key, clock::now()).await?;
        writeln!(out, "key {key} seals from now on")?;
    } else {
        writeln!(out, "going on with the rotation to key {}", used.current)?;
    }
    // The service writes on meanwhile: the last walk is the one that finds nothing.
    loop {
        let done = store.reseal().await?;
        if done == store::Rotated::default() {
            break;
        }
        writeln!(out, "sealed anew: {} values, {} photos", done.values, done.photos)?;
    }
    let used = store.seal_use().await?.context("encryption was turned off")?;
    tell(&used)
}

fn tell(used: &SealUse) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for (key, needed) in &used.keys {
        let what = match (*key == used.current, *needed) {
            (true, needed) => format!("seals; {needed} values and photos"),
            (false, 0) => {
                "nothing here needs it: its line may go from the key file once no backup \
                           from before the rotation is needed either"
                    .into()
            }
            (false, needed) => {
                format!("{needed} values and photos: `labelscan seal rotate` goes on")
            }
        };
        writeln!(out, "key {key}: {what}")?;
    }
    Ok(())
}

/// Runs a command on the opened store.
pub(crate) fn with_store<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = open_store(settings).await?;
        let done = work(store.clone()).await;
        store.close().await;
        done
    })
}
