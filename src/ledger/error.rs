//! What can go wrong when the ledger's file is read or written.

use lumidex_schema::record::Malformed;

/// The ledger could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The storage engine failed.
    #[error("the ledger's storage failed")]
    Store(#[source] Box<redb::Error>),
    /// A row is not what its format promises.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl ReadError {
    /// The disk has no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(&**error, redb::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull)
            }
            Self::Malformed(_) => false,
        }
    }
}

macro_rules! from_redb {
    ($($error:ty),*) => { $(impl From<$error> for ReadError {
        fn from(error: $error) -> Self { Self::Store(Box::new(error.into())) }
    })* };
}
from_redb!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError
);

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(Box::new(redb::Error::Io(error)))
    }
}
