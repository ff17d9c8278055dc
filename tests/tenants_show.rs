//! `opsctl tenant show`: one tenant, its cluster, its runs.

use opsctl::clock::column_text;
use serde_json::Value;

use crate::{
    on_every_engine,
    support::{Case, now},
};

async fn step(case: &Case, run: &str, seq: i64, provisioner: &str, status: &str, created: i64) {
    let (key, error) = match status {
        "failed" => ("'tenancy.taxonomy.provision_failed'", "'the table `taxonomies` does not exist'"),
        _ => ("NULL", "NULL"),
    };
    let at = if status == "skipped" { "NULL".into() } else { format!("'{}'", column_text(now())) };
    case.execute(&format!(
        "INSERT INTO opsctl_provisioning_steps (run, seq, provisioner, status, created_count, log_key, error, started_at) \
         VALUES ('{run}', {seq}, '{provisioner}', '{status}', {created}, {key}, {error}, {at})"
    ))
    .await;
}

async fn platform(case: &Case) {
    case.write_env("");
    case.add_opsctl().await;
    case.cluster("eu-1", "active", "eu", "10").await;
    case.tenant("bersih", "eu-1", "provisioning_failed").await;
    case.tenant("dewi", "gone", "pending").await;
    case.tenant("elok", "eu-1", "provisioning").await;
    case.provisioning("bersih", 40, "succeeded").await;
    let run = case.provisioning("bersih", 2, "partial").await;
    for (seq, (provisioner, status, created)) in
        [("roles", "succeeded", 4), ("taxonomies", "failed", 0), ("owner", "skipped", 0)].iter().enumerate()
    {
        step(case, &run, seq as i64 + 1, provisioner, status, *created).await;
    }
    case.provisioning("elok", 1, "running").await;
}

on_every_engine! {
    async fn a_tenant_stands_with_its_cluster_and_its_last_runs(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "show", "bersih"]);
        assert_eq!(said.code, 0, "{said:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(format!("{}{}", said.out, said.err), @"
            Tenant ......... bersih
            Id ............. id-bersih
            Name ........... Laundry bersih
            Status ......... provisioning_failed
            Cluster ........ eu-1 · active, eu · sqlite:/srv/eu-1.sqlite
            Locale ......... id · Asia/Jakarta
            Registered ..... 3d ago · 2026-11-17 09:00:00 UTC
            Provisioned .... never in full

            Run ............ 01M7VW2GC00000000000000007
            Outcome ........ partial, attempt 1
            Asked for by ... ana, process 77 on ops-1
            Began .......... 2h ago · 2026-11-20 07:00:00 UTC
            Ended .......... 1h 58m ago · 2026-11-20 07:01:30 UTC
            Rows ........... 0 created, 0 updated, 0 unchanged, 0 skipped
            Log key ........ tenancy.taxonomy.provision_failed
            Error .......... the table `taxonomies` does not exist
            STEP        STATUS     CREATED  LOG KEY                            ERROR
            roles       succeeded        4  -                                  -
            taxonomies  failed           0  tenancy.taxonomy.provision_failed  the table `taxonomies` does not exist
            owner       skipped          0  -                                  -

            Run ............ 01M7QSKPM00000000000000007
            Outcome ........ succeeded, attempt 1
            Asked for by ... ana, process 77 on ops-1
            Began .......... 1d 16h ago · 2026-11-18 17:00:00 UTC
            Ended .......... 1d 15h ago · 2026-11-18 17:01:30 UTC
            Rows ........... 0 created, 0 updated, 0 unchanged, 0 skipped
            hint: once the cause is gone, provision it again: `opsctl tenant provision bersih`
            ");
        }
        let by_id = case.run(&["tenant", "show", " `id-bersih`, ", "--runs", "1", "--json"]);
        let shown: Value = serde_json::from_str(&by_id.out).unwrap();
        assert_eq!(shown["data"]["slug"], "bersih");
        assert_eq!(shown["data"]["runs"].as_array().unwrap().len(), 1);
        assert_eq!(shown["data"]["runs"][0]["steps"][1]["log_key"], "tenancy.taxonomy.provision_failed");
        assert_eq!(shown["data"]["home"]["region"], "eu");
    }

    async fn what_is_odd_about_a_tenant_is_said(case: &Case) {
        platform(case).await;
        let said = case.run(&["tenant", "show", "dewi"]);
        assert_eq!(said.code, 0);
        assert!(said.err.contains("its cluster `gone` is not registered"), "{said:?}");
        assert!(said.err.contains("opsctl tenant provision dewi"), "{said:?}");
        let said = case.run(&["tenant", "show", "elok"]);
        assert!(said.out.contains("Seen alive ..... 1h ago"), "{said:?}");
        let said = case.run(&["tenant", "show", "bersi"]);
        assert_eq!(said.code, 9);
        assert!(said.err.contains("did you mean `bersih`?"), "{said:?}");
        assert_eq!(case.run(&["tenant", "show", "--runs", "0", "dewi"]).code, 2);
    }
}
