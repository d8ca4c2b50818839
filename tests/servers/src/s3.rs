//! S3 inside this process: a folder served as buckets by s3s-fs.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;

/// Serves `root` on a free port until the runtime ends, with an empty bucket `photos`; its address.
///
/// # Panics
/// If the folder cannot be served.
pub async fn serve_s3(root: &Path) -> SocketAddr {
    std::fs::create_dir_all(root.join("photos")).expect("a bucket");
    let files = s3s_fs::FileSystem::new(root).expect("a folder to serve");
    let service = s3s::service::S3ServiceBuilder::new(files).build();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                // A client that hangs up is no matter.
                let _ = builder.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}
