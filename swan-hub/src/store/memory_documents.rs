use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{DocumentKind, DocumentRecord, Documents, MemoryStore, NewDocument, StoreError};

/// Documents in memory, by kind and number.
pub(super) type Papers = BTreeMap<(DocumentKind, u64), NewDocument>;

#[async_trait]
impl Documents for MemoryStore {
    async fn add_document(&self, new: &NewDocument) -> Result<DocumentRecord, StoreError> {
        let papers = &mut *self.documents.lock();
        if let Some(there) = named(papers, new.kind, &new.name) {
            return Ok(there);
        }
        let number = of_kind(papers, new.kind)
            .next_back()
            .map_or(1, |last| last.number + 1);
        papers.insert((new.kind, number), new.clone());
        Ok(DocumentRecord {
            number,
            document: new.clone(),
        })
    }

    async fn change_document(
        &self,
        kind: DocumentKind,
        number: u64,
        body: &str,
    ) -> Result<bool, StoreError> {
        let mut papers = self.documents.lock();
        let Some(document) = papers.get_mut(&(kind, number)) else {
            return Ok(false);
        };
        body.clone_into(&mut document.body);
        Ok(true)
    }

    async fn document(
        &self,
        kind: DocumentKind,
        number: u64,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        let papers = self.documents.lock();
        let document = papers.get(&(kind, number)).cloned();
        Ok(document.map(|document| DocumentRecord { number, document }))
    }

    async fn document_named(
        &self,
        kind: DocumentKind,
        name: &str,
    ) -> Result<Option<DocumentRecord>, StoreError> {
        Ok(named(&self.documents.lock(), kind, name))
    }

    async fn page(
        &self,
        kind: DocumentKind,
        owner: Option<u128>,
        before: u64,
        limit: u32,
    ) -> Result<Vec<DocumentRecord>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let papers = self.documents.lock();
        let all = of_kind(&papers, kind).rev();
        let wanted = all.filter(|record| {
            record.number < before && owner.is_none_or(|owner| owner == record.document.owner)
        });
        Ok(wanted.take(limit).collect())
    }
}

fn of_kind(papers: &Papers, kind: DocumentKind) -> impl DoubleEndedIterator<Item = DocumentRecord> {
    let range = papers.range((kind, 0)..=(kind, u64::MAX));
    range.map(|((_, number), document)| DocumentRecord {
        number: *number,
        document: document.clone(),
    })
}

fn named(papers: &Papers, kind: DocumentKind, name: &str) -> Option<DocumentRecord> {
    of_kind(papers, kind).find(|record| record.document.name == name)
}
