//! What people own beside images, at one moment: settings of their clients and the folders they gave.

use super::{ReadError, Reader};
use lumidex_schema::record::{ExtraPath, Row};
use lumidex_schema::tables;

impl Reader {
    /// The JSON text of a client's setting.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn setting(&self, name: &str) -> Result<Option<String>, ReadError> {
        let settings = self.txn().open_table(tables::SETTINGS)?;
        Ok(settings.get(name)?.map(|json| json.value().to_owned()))
    }

    /// Every client's setting: name and JSON text.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn settings(&self) -> Result<Vec<(String, String)>, ReadError> {
        let settings = self.txn().open_table(tables::SETTINGS)?;
        let mut all = Vec::new();
        for entry in settings.range::<&str>(..)? {
            let (name, json) = entry?;
            all.push((name.value().to_owned(), json.value().to_owned()));
        }
        Ok(all)
    }

    /// Every extra path, by path.
    ///
    /// # Errors
    /// As [`Reader::head`].
    pub fn extra_paths(&self) -> Result<Vec<(Vec<u8>, ExtraPath)>, ReadError> {
        let table = self.txn().open_table(tables::EXTRA_PATHS)?;
        let mut all = Vec::new();
        for entry in table.range::<&[u8]>(..)? {
            let (path, entry) = entry?;
            all.push((path.value().to_vec(), ExtraPath::decode(entry.value())?));
        }
        Ok(all)
    }
}
