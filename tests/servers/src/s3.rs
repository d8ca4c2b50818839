//! S3 inside this process: a folder served as buckets by s3s-fs.

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::io::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::TcpListener;

/// An S3 server that may fall ill; it runs until the runtime ends.
#[derive(Clone, Debug)]
pub struct S3 {
    address: SocketAddr,
    /// Requests that are still answered.
    answered: Arc<AtomicI64>,
}

impl S3 {
    /// Serves `root` on a free port, with an empty bucket `photos`.
    ///
    /// # Panics
    /// If the folder cannot be served.
    pub async fn serve(root: &Path) -> Self {
        std::fs::create_dir_all(root.join("photos")).expect("a bucket");
        let files = s3s_fs::FileSystem::new(root).expect("a folder to serve");
        let service = s3s::service::S3ServiceBuilder::new(files).build();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let answered = Arc::new(AtomicI64::new(i64::MAX));
        let left = Arc::clone(&answered);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, left) = (service.clone(), Arc::clone(&left));
                let answer = service_fn(move |request: Request<Incoming>| {
                    let well = left.fetch_sub(1, Ordering::Relaxed) > 0;
                    let answer = Service::call(&service, request);
                    async move {
                        match well {
                            true => {
                                answer.await.map_err(|error| Error::other(format!("{error:?}")))
                            }
                            false => Err(Error::other("out of order")),
                        }
                    }
                });
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    // A client that hangs up is no matter.
                    let _ = builder.serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        Self { address, answered }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers so many requests more and hangs up at every later one, until it is told otherwise.
    pub fn fail_after(&self, requests: u32) {
        self.answered.store(requests.into(), Ordering::Relaxed);
    }

    /// Answers again. True if a request was not answered since [`S3::fail_after`].
    pub fn heal(&self) -> bool {
        self.answered.swap(i64::MAX, Ordering::Relaxed) < 0
    }
}
