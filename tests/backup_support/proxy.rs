//! A proxy in front of an S3 server that does what networks and stores do on bad days.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What is wrong with the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Takes this many writes, then takes requests and never answers.
    SilentAfterWrites(usize),
    /// Answers reads of objects below `/log/` with one bit flipped.
    FlippedBit,
    /// Answers every request with 503.
    Refusing,
    /// Says yes to everything and keeps nothing.
    Forgetful,
}

/// Starts a proxy for the server at `address`; where it listens. It ends with the test program.
pub fn start(address: &str, fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("an address").to_string();
    let (address, writes) = (address.to_owned(), Arc::new(AtomicUsize::new(0)));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (address, writes) = (address.clone(), writes.clone());
            thread::spawn(move || serve(client, &address, fault, &writes));
        }
    });
    at
}

fn serve(mut client: TcpStream, address: &str, fault: Fault, writes: &AtomicUsize) {
    if let Some(answer) = match fault {
        Fault::Refusing => Some("HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        Fault::Forgetful => Some("HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        Fault::SilentAfterWrites(_) | Fault::FlippedBit => None,
    } {
        let mut buffer = [0; 65_536];
        let _ = client.read(&mut buffer);
        let _ = client.write_all(answer.as_bytes());
        return;
    }
    let mut server = TcpStream::connect(address).expect("the server listens");
    let (mut from, mut to) = (server.try_clone().expect("a stream"), client.try_clone().expect("a stream"));
    let flips = Arc::new(AtomicUsize::new(0));
    let flip = flips.clone();
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            // The last byte of an answer is one of the body.
            if flip.load(Ordering::Relaxed) > 0 && !buffer[..count].ends_with(b"\r\n\r\n") {
                buffer[count - 1] ^= 1;
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let mut buffer = [0; 65_536];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let begins = |text: &str| buffer[..count].starts_with(text.as_bytes());
        let line_end = buffer[..count].iter().position(|byte| *byte == b'\r').unwrap_or(count);
        let line = String::from_utf8_lossy(&buffer[..line_end]).into_owned();
        match fault {
            Fault::SilentAfterWrites(most) if begins("PUT ") && writes.fetch_add(1, Ordering::Relaxed) >= most => {
                thread::sleep(Duration::from_secs(600));
                return;
            }
            Fault::SilentAfterWrites(most) if writes.load(Ordering::Relaxed) > most => {
                thread::sleep(Duration::from_secs(600));
                return;
            }
            Fault::FlippedBit => {
                flips.store(usize::from(begins("GET ") && line.contains("/log/")), Ordering::Relaxed);
            }
            Fault::SilentAfterWrites(_) | Fault::Refusing | Fault::Forgetful => {}
        }
        if server.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}
