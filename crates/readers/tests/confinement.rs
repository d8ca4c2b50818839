//! What a reader cannot do once it is confined. One test in a file of its own: it confines the
//! whole test process for good.

#![cfg(target_os = "linux")]

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    process::Command,
    thread,
};

#[test]
fn a_confined_process_opens_nothing_and_starts_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (_other_end, mut open_before) = io::pipe().unwrap();

    let confinement = readers::confine();
    if let Some(lacks) = confinement.lacks() {
        panic!("this kernel has no {lacks}: the readers are not confined here");
    }

    let refused = [
        ("open a file", File::open("/etc/passwd").err()),
        ("make a file", File::create("/tmp/labelscan-confinement").err()),
        ("connect", TcpStream::connect(address).err()),
        ("send a datagram", UdpSocket::bind("127.0.0.1:0").err()),
        ("make a socket pair", UnixStream::pair().err()),
        ("start a program", Command::new("/bin/true").spawn().err()),
    ];
    for (what, error) in refused {
        let error = error.unwrap_or_else(|| panic!("it could {what}"));
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{what}: {error}");
    }

    // What reading needs still works: memory, threads, the pipes that were open.
    let sum = thread::spawn(|| vec![1_u8; 64 << 20].iter().map(|&one| u64::from(one)).sum::<u64>());
    assert_eq!(sum.join().unwrap(), 64 << 20);
    open_before.write_all(b"still open").unwrap();
}
