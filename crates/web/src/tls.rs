//! Encryption on the wire: certificate files of the operator's, taken up again when they change,
//! or a certificate of our own making, so that a phone in the same network may use its camera.
//! Private keys are readable by the owner alone and never logged.

use anyhow::{Context, anyhow};
use axum_server::tls_rustls::RustlsConfig;
use std::fs::{self, DirBuilder};
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use store::create_file;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often certificate files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// If a file cannot be read or is not PEM; the message names both.
    pub(crate) async fn load(&self) -> anyhow::Result<RustlsConfig> {
        RustlsConfig::from_pem_file(&self.certificate, &self.key).await.with_context(|| {
            format!(
                "cannot use the certificate {} with the key {}",
                self.certificate.display(),
                self.key.display()
            )
        })
    }

    /// Takes up renewed files without a restart. A pair that cannot be used is refused loudly and
    /// the old one stays.
    pub(crate) async fn keep_fresh(self, config: RustlsConfig, stop: CancellationToken) {
        let mut known = self.changed_at();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.changed_at();
            if now == known {
                continue;
            }
            match config.reload_from_pem_file(&self.certificate, &self.key).await {
                Ok(()) => {
                    tracing::info!("the renewed certificate is in use");
                    known = now;
                }
                Err(error) => {
                    tracing::error!(%error, "the renewed certificate cannot be used; the old one stays");
                }
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key]
            .map(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok())
    }

    /// The pair in `folder`, made now if it is not there, both files or none: of two that start at
    /// once, one makes the pair. Browsers warn about it once; the connection is encrypted and the
    /// camera allowed.
    ///
    /// # Errors
    /// If the folder cannot be written, or holds one file of a pair.
    pub(crate) fn self_signed(folder: &Path, listen: IpAddr) -> anyhow::Result<Self> {
        let pair =
            Self { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        let has = || (pair.certificate.is_file(), pair.key.is_file());
        if has() == (true, true) {
            return Ok(pair);
        }
        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        if !listen.is_unspecified() && !listen.is_loopback() {
            names.push(listen.to_string());
        }
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| anyhow!("cannot make a certificate: {error}"))?;
        let part = folder.with_file_name(format!("tls.{}", Uuid::new_v4().simple()));
        DirBuilder::new().recursive(true).mode(0o700).create(&part)?;
        create_file(&part.join("key.pem"), &made.signing_key.serialize_pem(), 0o600)?;
        create_file(&part.join("certificate.pem"), &made.cert.pem(), 0o600)?;
        if let Err(error) = fs::rename(&part, folder) {
            fs::remove_dir_all(&part)?;
            // Somebody else was first, or a person has left one of the two.
            if has() != (true, true) {
                let place = folder.display();
                return Err(error)
                    .context(format!("{place} holds no certificate and key: move it"));
            }
        }
        Ok(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn one_pair_is_made_however_many_start_at_once() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("tls");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| Pair::self_signed(&folder, Ipv4Addr::LOCALHOST.into()).unwrap());
            }
        });
        assert_eq!(data.path().read_dir().unwrap().count(), 1);
        assert_eq!(folder.read_dir().unwrap().count(), 2);
        fs::remove_file(folder.join("key.pem")).unwrap();
        assert!(Pair::self_signed(&folder, Ipv4Addr::LOCALHOST.into()).is_err());
    }
}
