use jiff::Timestamp;
use portico_store::testing::TestStore;
use portico_store::{SavedView, StoreError};

crate::on_both! {
    views_belong_to_a_person_and_a_list,
    saving_under_the_same_name_replaces,
    a_person_has_only_so_many,
}

fn view(name: &str, query: &str) -> SavedView {
    SavedView {
        name: name.to_owned(),
        query: query.to_owned(),
    }
}

async fn views_belong_to_a_person_and_a_list(database: &TestStore) {
    let (store, now) = (&database.store, Timestamp::now());
    let ill = view("ill", "health=degraded");
    store.save_view("dana", "claims", &ill, now).await.unwrap();
    store
        .save_view("dana", "claims", &view("All of mine", "mine=true"), now)
        .await
        .unwrap();
    let names = |views: Vec<SavedView>| views.into_iter().map(|view| view.name).collect::<Vec<_>>();
    let hers = store.saved_views("dana", "claims").await.unwrap();
    assert_eq!(names(hers), ["All of mine", "ill"]);
    assert!(store.saved_views("dana", "requests").await.unwrap().is_empty());
    assert!(store.saved_views("ada", "claims").await.unwrap().is_empty());
    assert!(!store.delete_view("ada", "claims", "ill").await.unwrap());
    assert!(store.delete_view("dana", "claims", "ill").await.unwrap());
    assert!(!store.delete_view("dana", "claims", "ill").await.unwrap());
    let left = store.saved_views("dana", "claims").await.unwrap();
    assert_eq!(names(left), ["All of mine"]);
}

async fn saving_under_the_same_name_replaces(database: &TestStore) {
    let (store, now) = (&database.store, Timestamp::now());
    for query in ["health=degraded", "health=ready"] {
        store
            .save_view("dana", "claims", &view("mine", query), now)
            .await
            .unwrap();
    }
    let views = store.saved_views("dana", "claims").await.unwrap();
    assert_eq!(views, [view("mine", "health=ready")]);
}

async fn a_person_has_only_so_many(database: &TestStore) {
    let (store, now) = (&database.store, Timestamp::now());
    for number in 0..30 {
        let view = view(&number.to_string(), "mine=true");
        store.save_view("dana", "claims", &view, now).await.unwrap();
    }
    let more = store.save_view("dana", "claims", &view("more", ""), now).await;
    assert!(matches!(more, Err(StoreError::Full(_))), "{more:?}");
    store
        .save_view("dana", "claims", &view("7", "health=ready"), now)
        .await
        .unwrap();
}
