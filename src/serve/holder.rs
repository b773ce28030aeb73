//! Who holds a port, as far as the system tells: `/proc` on Linux, nothing elsewhere.

use std::fs;
use std::path::Path;

/// The program that listens on this TCP port: its name and process id.
pub(crate) fn of_port(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inodes: Vec<u64> = tables
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| inodes_in(&table, port))
        .collect();
    fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
        let id: u32 = process.file_name().to_str()?.parse().ok()?;
        let holds = inodes.iter().any(|inode| has_socket(&process.path(), *inode));
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        holds.then(|| format!("`{}`, process {id}", name.trim_end()))
    })
}

/// Sockets of a kernel table that listen on the port.
fn inodes_in(table: &str, port: u16) -> Vec<u64> {
    let listening = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let local = fields.get(1)?.rsplit_once(':')?.1;
        let is_it = u16::from_str_radix(local, 16) == Ok(port) && *fields.get(3)? == "0A";
        if is_it { fields.get(9)?.parse().ok() } else { None }
    };
    table.lines().skip(1).filter_map(listening).collect()
}

fn has_socket(process: &Path, inode: u64) -> bool {
    let wanted = format!("socket:[{inode}]");
    let Ok(entries) = fs::read_dir(process.join("fd")) else { return false };
    entries
        .flatten()
        .any(|entry| fs::read_link(entry.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_found_in_the_kernel_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0\n\
            junk\n";
        assert_eq!(inodes_in(table, 8000), [4711]);
        assert_eq!(inodes_in(table, 8001), [] as [u64; 0]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn our_own_port_is_ours() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let holder = of_port(listener.local_addr().unwrap().port()).unwrap();
        assert!(holder.ends_with(&format!("process {}", std::process::id())), "{holder}");
    }
}
