use async_trait::async_trait;
use swan_hub::store::{DocumentKind, DocumentRecord, Documents, NewDocument, StoreError};

use super::store::{SimStore, behind_the_weather};

behind_the_weather! {
    impl Documents;
    read {
        fn document(kind: DocumentKind, number: u64) -> Option<DocumentRecord>;
        fn document_named(kind: DocumentKind, name: &str) -> Option<DocumentRecord>;
        fn page(kind: DocumentKind, owner: Option<u128>, before: u64, limit: u32) -> Vec<DocumentRecord>;
    }
    write {
        fn add_document(new: &NewDocument) -> DocumentRecord;
        fn change_document(kind: DocumentKind, number: u64, body: &str) -> bool;
    }
    own {}
}
