//! Opening the store, and the commands about what is stored: `backup`, `restore`, `seal`. They run
//! beside a service that is at work. A key is never printed.

use crate::cli::{BackupArgs, RestoreArgs, SealCommand};
use crate::commands::check::named;
use anyhow::Context as _;
use pipeline::clock::Clock;
use pipeline::settings::{EncryptionMode, Settings};
use pipeline::storage::{store_settings, with_store};
use std::io::Write;
use std::process::ExitCode;
use store::{SealUse, Store, WriteContext};

/// `labelscan backup`
pub(crate) fn backup(args: &BackupArgs, settings: &Settings) -> anyhow::Result<ExitCode> {
    with_store(settings, async |store| {
        store
            .record(
                "backup.made",
                "backup",
                &(),
                WriteContext::new("operator", Clock::System.now()),
            )
            .await?;
        let made = store.backup(&args.file).await?;
        let file = args.file.display();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{file}: the database and {} photos, {} bytes", made.photos, made.bytes)?;
        if let EncryptionMode::On = settings.storage.encryption {
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
        store
            .record(
                "backup.restored",
                "backup",
                &restored,
                WriteContext::new("operator", Clock::System.now()),
            )
            .await?;
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
        let key = store.add_seal_key().await?;
        store
            .record(
                "seal.rotated",
                "seal",
                &key,
                WriteContext::new("operator", Clock::System.now()),
            )
            .await?;
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
