//! Finding terminals by anything that is known about them. Serials and what people wrote are sealed,
//! so a search opens one terminal after the other, the newest first, within `search_rows_max`. An
//! index over parts of serials would be faster and would give them away: of ten digits there are so
//! few parts that their frequency tells them.

use crate::database::error::StoreError;
use crate::database::page::Page;
use crate::database::row::{column, places};
use crate::scans::scan_id::{ScanId, id_in};
use crate::seal::context::SealContext;
use crate::store::Store;
use crate::terminals::terminal::Terminal;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;

/// Scans whose details are fetched at once.
const SCANS_AT_ONCE: usize = 500;

/// A terminal, and what was said with the photo that first showed it.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundTerminal {
    /// The terminal, without the list of its scans.
    pub terminal: Terminal,
    /// The upload's details, an object.
    pub details: Value,
}

impl Store {
    /// A page of the terminals that `wanted` says yes to, newest first. One that holds fewer than
    /// `most` and has a next page looked at `search_rows_max` terminals.
    ///
    /// # Errors
    /// If the database does not answer or holds damaged data.
    pub async fn find_terminals(
        &self,
        after: Option<String>,
        most: u32,
        wanted: impl Fn(&FoundTerminal) -> bool + Send,
    ) -> Result<Page<FoundTerminal>, StoreError> {
        let most = self.limits.rows(most);
        let (mut found, mut after, mut looked_at) = (Vec::new(), after, 0);
        while found.len() as i64 <= most && looked_at < self.limits.search_rows_max {
            let page = self.terminals(after.as_deref()).await?;
            let Some(last) = page.last() else {
                after = None;
                break;
            };
            after = Some(last.device_key.clone());
            looked_at += page.len() as u64;
            let mut details = self.details_of(page.iter().map(|it| it.first_scan)).await?;
            let page = page.into_iter().map(|terminal| {
                let details = details.remove(&terminal.first_scan).unwrap_or_default();
                FoundTerminal { terminal, details }
            });
            found.extend(page.filter(&wanted));
        }
        let page = Page::of(found, most, |it: &FoundTerminal| it.terminal.device_key.clone());
        Ok(Page { next: page.next.or(after), ..page })
    }

    /// What was said with the uploads of these scans.
    async fn details_of(
        &self,
        scans: impl Iterator<Item = ScanId>,
    ) -> Result<HashMap<ScanId, Value>, StoreError> {
        let ids: Vec<String> = scans.map(|id| id.to_string()).collect();
        let mut details = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(SCANS_AT_ONCE) {
            let places = places(ids.len());
            let sql = format!("SELECT id, details FROM scans WHERE id IN ({places})");
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for id in ids {
                query = query.bind(id.clone());
            }
            for row in query.fetch_all(self.database.reader()).await? {
                let id = id_in(&row, "id")?;
                let stored = column::<Vec<u8>>(&row, "details")?;
                let name = id.to_string();
                let said =
                    self.seal.open_json(SealContext::new("scans", "details", &name), &stored)?;
                details.insert(id, said);
            }
        }
        Ok(details)
    }
}
