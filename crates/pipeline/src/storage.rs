//! The store as the settings ask for it.

use crate::settings::{EncryptionMode, Settings};
use store::{Encryption, Store};

/// Where the store lives, and how much of its limits HTTP may use.
///
/// # Errors
/// If there is no place for the seal keys.
pub fn store_settings(settings: &Settings) -> anyhow::Result<store::Settings> {
    let encryption = match settings.storage.encryption {
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
            photos_max: settings.uploads.photos_max.get(),
            photo_bytes_max: settings.uploads.photo_bytes_max.get(),
            details_bytes_max: settings.uploads.details_bytes_max.get(),
            ..store::Limits::default()
        },
    })
}

/// Opens the store. If that made its keys, whoever sits at the terminal hears of it.
///
/// # Errors
/// If it cannot be opened; the message says what to do.
pub async fn open_store(settings: &Settings) -> anyhow::Result<Store> {
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

/// Runs a command on the opened store.
pub fn with_store<T>(
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
