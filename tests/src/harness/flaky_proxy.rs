//! The network between a browser and the service, which a test can cut: in a basement, in the
//! middle of an upload, or just after the service has understood and before the phone has heard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Everything passes.
    Good,
    /// Nothing passes; what was open breaks.
    Cut,
    /// Requests reach the service, its answers are lost.
    AnswersLost,
}

/// A line to one address, on a free loopback port of its own.
#[derive(Debug)]
pub struct FlakyProxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    signal: watch::Sender<Signal>,
    /// Bytes towards the service until the line cuts itself.
    left_bytes: AtomicU64,
    /// Bytes that have gone towards the service.
    sent_bytes: AtomicU64,
}

impl FlakyProxy {
    /// A good line to `service`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn to(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            signal: watch::channel(Signal::Good).0,
            left_bytes: AtomicU64::new(u64::MAX),
            sent_bytes: AtomicU64::new(0),
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *shared.signal.borrow() != Signal::Cut {
                    tokio::spawn(carry(near, service, shared.clone()));
                }
            }
        });
        Self { address, state }
    }

    /// Where the near end is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes it good or bad; open connections end.
    pub fn set(&self, signal: Signal) {
        self.state.left_bytes.store(u64::MAX, Ordering::SeqCst);
        self.state.signal.send_replace(signal);
    }

    /// Cuts itself after so many more bytes towards the service.
    pub fn cut_after(&self, bytes: u64) {
        self.state.left_bytes.store(bytes, Ordering::SeqCst);
    }

    /// How it is now.
    pub fn signal(&self) -> Signal {
        *self.state.signal.borrow()
    }

    /// Bytes that have gone towards the service.
    pub fn sent_bytes(&self) -> u64 {
        self.state.sent_bytes.load(Ordering::SeqCst)
    }
}

async fn carry(mut near: TcpStream, service: SocketAddr, state: Arc<State>) {
    let Ok(mut far) = TcpStream::connect(service).await else { return };
    let mut changes = state.signal.subscribe();
    changes.mark_unchanged();
    let (mut near_in, mut near_out) = near.split();
    let (mut far_in, mut far_out) = far.split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = near_in.read(&mut buffer).await {
            let left = state.left_bytes.load(Ordering::SeqCst);
            let passes = left.min(read as u64);
            if left != u64::MAX {
                state.left_bytes.store(left - passes, Ordering::SeqCst);
            }
            state.sent_bytes.fetch_add(passes, Ordering::SeqCst);
            let written = far_out.write_all(&buffer[..passes as usize]).await;
            if passes < read as u64 {
                state.signal.send_replace(Signal::Cut);
                return;
            }
            if written.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = far_in.read(&mut buffer).await {
            let heard = *state.signal.borrow() == Signal::Good;
            if !heard || near_out.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    // Either end closing, or the signal changing, breaks the connection.
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = changes.changed() => {}
    }
}
