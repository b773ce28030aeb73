//! Telling who started the program how it is: systemd's protocol, one datagram a message, to the socket that
//! `NOTIFY_SOCKET` names. Does nothing where no such socket is named.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// Who started the program and wants to be told.
#[derive(Debug)]
pub struct Supervisor {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How often it wants a sign of life.
    sign_of_life: Option<Duration>,
}

impl Supervisor {
    /// Of this process; `None` when nobody wants to be told.
    ///
    /// # Errors
    /// When a socket is named that cannot be one.
    pub fn of_process() -> io::Result<Option<Self>> {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let number = |name: &str| std::env::var(name).ok()?.trim().parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let within = number("WATCHDOG_USEC").filter(|_| is_ours).map(Duration::from_micros);
        Self::at(name.as_bytes(), within).map(Some)
    }

    /// At a socket: a path, or, after `@`, a name that is in no file system. It wants signs of life within such times.
    ///
    /// # Errors
    /// When it is none.
    pub fn at(name: &[u8], within: Option<Duration>) -> io::Result<Self> {
        let address = match name.strip_prefix(b"@") {
            Some(name) => abstract_address(name)?,
            None if name.starts_with(b"/") => {
                SocketAddr::from_pathname(std::path::Path::new(std::ffi::OsStr::from_bytes(name)))?
            }
            None => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "neither a path nor an abstract name",
                ));
            }
        };
        // Half the time leaves room for a slow one.
        let sign_of_life = within.map(|within| within / 2).filter(|every| !every.is_zero());
        let socket = UnixDatagram::unbound()?;
        // Whoever does not listen must not keep the program waiting.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, address, sign_of_life })
    }

    /// How often a sign of life is wanted; `None` when none is.
    #[must_use]
    pub fn sign_of_life(&self) -> Option<Duration> {
        self.sign_of_life
    }

    /// The program does its work now; `doing` says which, for people.
    ///
    /// # Errors
    /// When nobody can be told.
    pub fn ready(&self, doing: &str) -> io::Result<()> {
        let doing = doing.replace('\n', " ");
        self.tell(&format!("READY=1\nSTATUS={doing}\nMAINPID={}\n", std::process::id()))
    }

    /// The program is about to end.
    ///
    /// # Errors
    /// When nobody can be told.
    pub fn stopping(&self) -> io::Result<()> {
        self.tell("STOPPING=1\n")
    }

    /// A sign of life.
    ///
    /// # Errors
    /// When nobody can be told.
    pub fn alive(&self) -> io::Result<()> {
        self.tell("WATCHDOG=1\n")
    }

    fn tell(&self, words: &str) -> io::Result<()> {
        self.socket.send_to_addr(words.as_bytes(), &self.address).map(drop)
    }
}

#[cfg(target_os = "linux")]
fn abstract_address(name: &[u8]) -> io::Result<SocketAddr> {
    <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "abstract sockets are Linux's"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut bytes = [0; 4096];
        let n = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    }

    #[test]
    fn a_socket_in_the_file_system_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let supervisor = Supervisor::at(path.as_os_str().as_bytes(), Some(Duration::from_secs(30))).unwrap();
        assert_eq!(supervisor.sign_of_life(), Some(Duration::from_secs(15)));
        supervisor.ready("serves\nall").unwrap();
        let said = heard(&socket);
        assert!(said.starts_with("READY=1\nSTATUS=serves all\nMAINPID="), "{said}");
        supervisor.alive().unwrap();
        supervisor.stopping().unwrap();
        assert_eq!([heard(&socket), heard(&socket)], ["WATCHDOG=1\n", "STOPPING=1\n"]);
        drop(socket);
        assert!(supervisor.alive().is_err(), "nobody listens");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_in_no_file_system_is_told() {
        use std::os::linux::net::SocketAddrExt as _;
        let name = format!("lumidex-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        let supervisor = Supervisor::at(format!("@{name}").as_bytes(), None).unwrap();
        assert_eq!(supervisor.sign_of_life(), None);
        supervisor.stopping().unwrap();
        assert_eq!(heard(&socket), "STOPPING=1\n");
    }

    #[test]
    fn what_can_be_no_socket_is_refused() {
        for name in [&b"relative"[..], b"", &[b'/'; 300]] {
            assert!(Supervisor::at(name, None).is_err());
        }
    }
}
