//! Documents: their numbers, their names, and that one does not change unasked.

use std::sync::Arc;

use futures::future::join_all;

use crate::store::{DocumentKind, DocumentRecord, Documents, NewDocument, Store};

fn paper(kind: DocumentKind, owner: u128, name: &str) -> NewDocument {
    NewDocument {
        kind,
        owner,
        name: name.to_owned(),
        body: format!("{{\"says\":\"{name} \u{1F9A2}\"}}"),
    }
}

const KIND: DocumentKind = DocumentKind::Invoice;

pub(super) async fn documents_are_numbered_without_a_gap(store: Arc<dyn Store>) {
    assert_eq!(store.documents().document(KIND, 1).await.unwrap(), None);
    for (number, name) in [(1, "a"), (2, "b"), (2, "b"), (1, "a"), (3, "c")] {
        let added = store
            .documents()
            .add_document(&paper(KIND, 7, name))
            .await
            .unwrap();
        let expected = DocumentRecord {
            number,
            document: paper(KIND, 7, name),
        };
        assert_eq!(added, expected);
    }
    // The first one stays, whoever comes with its name.
    let other = NewDocument {
        body: "another".into(),
        ..paper(KIND, 8, "a")
    };
    let there = store.documents().add_document(&other).await.unwrap();
    assert_eq!(there.document, paper(KIND, 7, "a"));
    let payout = paper(DocumentKind::Payout, 7, "a");
    let payout = store.documents().add_document(&payout).await.unwrap();
    assert_eq!(payout.number, 1, "each kind counts alone");
    for kind in [
        DocumentKind::Collateral,
        DocumentKind::ProviderKey,
        DocumentKind::Preference,
    ] {
        let alone = store
            .documents()
            .add_document(&paper(kind, 7, "a"))
            .await
            .unwrap();
        assert_eq!(alone.number, 1, "each kind counts alone");
    }

    let names: Vec<String> = (0..20).map(|n| format!("at once {}", n / 2)).collect();
    let all = join_all(names.iter().map(|name| {
        let store = Arc::clone(&store);
        async move {
            store
                .documents()
                .add_document(&paper(KIND, 9, name))
                .await
                .unwrap()
        }
    }));
    let all = all.await;
    assert!(all.chunks(2).all(|two| two.first() == two.last()));
    let mut numbers: Vec<u64> = all.iter().map(|one| one.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (4..=13).collect::<Vec<u64>>());
}

pub(super) async fn fill(empty: &dyn Documents) {
    let paper = paper(KIND, u128::MAX, "kept");
    let _number = empty.add_document(&paper).await.unwrap().number;
}

pub(super) async fn reopened(filled: &dyn Documents) {
    let kept = filled.document(KIND, 1).await.unwrap();
    assert_eq!(kept.unwrap().document, paper(KIND, u128::MAX, "kept"));
}

pub(super) async fn documents_are_found_and_changed(store: &dyn Documents) {
    for (owner, name) in [(1, "a"), (2, "b"), (1, "c"), (1, "d")] {
        let added = store.add_document(&paper(KIND, owner, name)).await;
        let _number = added.unwrap().number;
    }
    let names = async |owner, before, limit| {
        let found = store.page(KIND, owner, before, limit).await.unwrap();
        let names = found.into_iter().map(|one| one.document.name);
        names.collect::<Vec<_>>().concat()
    };
    assert_eq!(names(None, u64::MAX, 10).await, "dcba");
    assert_eq!(names(Some(1), u64::MAX, 10).await, "dca");
    assert_eq!(names(Some(1), 4, 1).await, "c");
    assert_eq!(names(Some(3), u64::MAX, 10).await, "");
    assert_eq!(names(None, 1, 10).await, "");

    let named = store.document_named(KIND, "c").await.unwrap();
    assert_eq!(named, store.document(KIND, 3).await.unwrap());
    assert_eq!(store.document_named(KIND, "e").await.unwrap(), None);
    assert!(store.change_document(KIND, 3, "new").await.unwrap());
    assert!(!store.change_document(KIND, 5, "new").await.unwrap());
    let payout = DocumentKind::Payout;
    assert!(!store.change_document(payout, 3, "new").await.unwrap());
    let changed = store.document(KIND, 3).await.unwrap().unwrap();
    let expected = NewDocument {
        body: "new".into(),
        ..paper(KIND, 1, "c")
    };
    assert_eq!(changed.document, expected);
    let other = store.document(KIND, 4).await.unwrap().unwrap();
    assert_eq!(other.document, paper(KIND, 1, "d"));
}
