//! Precedence, refusals, and what each value means.

#![allow(clippy::unwrap_used)]

use std::fs;

use super::*;

const COMMANDS: [&str; 2] = ["serve", "inspect"];

fn place() -> Place {
    let path = |path: &str| Some(PathBuf::from(path));
    Place {
        cwd: PathBuf::from("/place"),
        home: path("/home/ada"),
        data_dir: path("/home/ada/.data"),
        ..Place::default()
    }
}

fn resolve(flags: Flags, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::resolve(flags, &Environment::with(place(), variables), &COMMANDS)
}

fn settings(flags: Flags, variables: &[(&str, &str)]) -> Settings {
    resolve(flags, variables).unwrap()
}

fn refusal(flags: Flags, variables: &[(&str, &str)]) -> String {
    resolve(flags, variables).unwrap_err().to_string()
}

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

#[test]
fn nothing_given_is_the_person_at_this_machine() {
    let settings = settings(Flags::default(), &[]);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.base, BASE_DEFAULT);
    assert_eq!(settings.data_dir, Path::new("/home/ada/.data"));
    assert_eq!((settings.permission, settings.access), (Permission::ReadWrite, AccessControl::Auto));
    assert_eq!((settings.cors, settings.secret), (Cors::None, None));
    assert_eq!((settings.trend_max_tags, settings.backups_max), (20, 4));
    assert!(settings.folders.is_empty() && settings.notices.is_empty());
}

#[test]
fn flags_win_over_the_environment_and_that_over_defaults() {
    let variables = [
        ("LUMIDEX_PORT", "9000"),
        ("LUMIDEX_HOST", "0.0.0.0"),
        ("LUMIDEX_DATA_DIR", "data"),
        ("LUMIDEX_BASE", "env"),
        ("LUMIDEX_UI_DIR", " "),
        ("IIB_ACCESS_CONTROL", "disable"),
        ("IIB_TREND_MAX_TAGS", "5"),
    ];
    let from_environment = settings(Flags::default(), &variables);
    assert_eq!(from_environment.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(from_environment.data_dir, Path::new("/place/data"));
    assert_eq!((from_environment.base.as_str(), from_environment.ui_dir), ("/env", None));
    assert_eq!((from_environment.access, from_environment.trend_max_tags), (AccessControl::Disable, 5));
    let flags = Flags {
        port: Some(1),
        host: Some("[::1]".into()),
        data_dir: Some("/else/../where".into()),
        base: Some("/a/b/".into()),
        access_control: Some(AccessControl::Enable),
        ..Flags::default()
    };
    let from_flags = settings(flags, &variables);
    assert_eq!(from_flags.listen.to_string(), "[::1]:1");
    assert_eq!(from_flags.data_dir, Path::new("/where"));
    assert_eq!((from_flags.base.as_str(), from_flags.access), ("/a/b", AccessControl::Enable));
}

#[test]
fn our_own_variables_win_over_those_of_the_original() {
    let secret = |variables: &[(&str, &str)]| settings(Flags::default(), variables).secret.map(|s| s.0);
    assert_eq!(secret(&[("IIB_SECRET_KEY", "b")]).as_deref(), Some("b"));
    assert_eq!(secret(&[("LUMIDEX_SECRET_KEY", "a"), ("IIB_SECRET_KEY", "b")]).as_deref(), Some("a"));
    assert_eq!(secret(&[("IIB_SECRET_KEY", "")]), None);
    let shown = format!(
        "{:?}",
        settings(Flags::default(), &[("IIB_SECRET_KEY", "hush"), ("OPENAI_API_KEY", "hush")])
    );
    assert!(!shown.contains("hush"));
}

#[test]
fn permissions_are_read_as_the_original_reads_them() {
    let permission = |word| settings(Flags::default(), &[("IIB_ACCESS_CONTROL_PERMISSION", word)]).permission;
    assert_eq!(permission("read-write"), Permission::ReadWrite);
    assert_eq!(permission("write-only"), Permission::WriteOnly);
    assert_eq!(permission("no-access"), Permission::NoAccess);
    assert_eq!(permission("read-only"), Permission::ReadOnly);
    assert_eq!(permission("anything"), Permission::ReadOnly);
    let flags = Flags { read_only: true, ..Flags::default() };
    assert_eq!(settings(flags, &[]).permission, Permission::ReadOnly);
    assert_eq!(settings(Flags::default(), &[("LUMIDEX_READ_ONLY", "on")]).permission, Permission::ReadOnly);
}

#[test]
fn a_bare_cors_flag_means_any_origin_and_swallows_no_folder() {
    let cors = |given: &[&str]| {
        let settings = settings(Flags { allow_cors: Some(strings(given)), ..Flags::default() }, &[]);
        (settings.cors, settings.folders)
    };
    assert_eq!(cors(&[]), (Cors::AnyWithoutCredentials, vec![]));
    assert_eq!(cors(&["/pics"]), (Cors::AnyWithoutCredentials, vec![PathBuf::from("/pics")]));
    let list = Cors::List(strings(&["https://a.org", "http://b:1"]));
    assert_eq!(cors(&["https://A.org/", "http://b:1"]), (list.clone(), vec![]));
    let variables = [("LUMIDEX_ALLOW_CORS", "https://a.org, http://b:1")];
    assert_eq!(settings(Flags::default(), &variables).cors, list);
    assert!(refusal(Flags::default(), &[("LUMIDEX_ALLOW_CORS", "a.org")]).contains("`a.org`"));
}

#[test]
fn a_base_at_above_or_below_a_taken_prefix_is_refused() {
    let base =
        |base: &str| resolve(Flags { base: Some(base.into()), ..Flags::default() }, &[]).map(|s| s.base);
    assert_eq!(base("iibx").unwrap(), "/iibx");
    assert_eq!(base("/x/iib").unwrap(), "/x/iib");
    for taken in ["/iib", "iib/", "/iib/x", "/api", "/api/v1/x", "/", ""] {
        assert!(matches!(base(taken), Err(SettingsError::BaseTaken { .. })), "{taken}");
    }
    for odd in ["/a//b", "/a/{x}", "/a b", "/..", "/a?x"] {
        assert!(matches!(base(odd), Err(SettingsError::Value { .. })), "{odd}");
    }
}

#[test]
fn folders_are_absolute_normal_and_distinct() {
    let flags = Flags {
        folders: vec!["./a/../pics/".into(), "/place/pics".into(), "/x".into()],
        extra_paths: vec!["../browse".into()],
        ..Flags::default()
    };
    let settings = settings(flags, &[]);
    assert_eq!(settings.folders, [Path::new("/place/pics"), Path::new("/x")]);
    assert_eq!(settings.cli_paths, [Path::new("/browse")]);
}

#[test]
fn a_word_that_is_no_folder_may_have_been_a_command() {
    let folder = |name: &str| refusal(Flags { folders: vec![name.into()], ..Flags::default() }, &[]);
    assert_eq!(folder("inspct"), "there is no folder `inspct`; did you mean the command `inspect`?");
    assert_eq!(folder("holiday"), "there is no folder `holiday`");
    let away = Flags { folders: vec!["/mnt/away".into()], ..Flags::default() };
    assert_eq!(settings(away, &[]).folders, [Path::new("/mnt/away")], "a drive may be away");
}

#[test]
fn hidden_texts_are_read_where_that_is_cheap_unless_told_otherwise() {
    let hidden = |flag, variables: &[_]| {
        settings(Flags { hidden_texts: flag, ..Flags::default() }, variables).hidden_texts
    };
    let (ours, theirs) = ("LUMIDEX_HIDDEN_TEXTS", "IIB_ENABLE_SD_WEBUI_STEALTH_PARSER");
    assert_eq!(hidden(None, &[]), HiddenTexts::Cheap);
    assert_eq!(hidden(None, &[(theirs, "true")]), HiddenTexts::Always);
    assert_eq!(hidden(None, &[(theirs, "false")]), HiddenTexts::Cheap);
    assert_eq!(hidden(None, &[(theirs, "true"), (ours, "never")]), HiddenTexts::Never);
    assert_eq!(hidden(Some(HiddenTexts::Never), &[(ours, "always")]), HiddenTexts::Never);
    let wrong = refusal(Flags::default(), &[(ours, "some")]);
    assert!(wrong.starts_with("`some` is no value for LUMIDEX_HIDDEN_TEXTS"), "{wrong}");
}

#[test]
fn missing_files_are_kept_for_half_a_year_unless_told_otherwise() {
    let days = |flag, variables: &[_]| {
        let flags = Flags { missing_retention_days: flag, ..Flags::default() };
        settings(flags, variables).missing_retention_days
    };
    let variable = [("LUMIDEX_MISSING_RETENTION_DAYS", "7")];
    assert_eq!((days(None, &[]), days(None, &variable), days(Some(0), &variable)), (180, 7, 0));
    let wrong = refusal(Flags::default(), &[("LUMIDEX_MISSING_RETENTION_DAYS", "-1")]);
    assert!(wrong.starts_with("`-1` is no value for LUMIDEX_MISSING_RETENTION_DAYS"), "{wrong}");
}

#[test]
fn what_means_nothing_is_refused_or_noticed() {
    assert_eq!(
        refusal(Flags::default(), &[("LUMIDEX_PROT", "1")]),
        "there is no setting `LUMIDEX_PROT`; did you mean `LUMIDEX_PORT`?"
    );
    assert!(resolve(Flags::default(), &[("LUMIDEX_TEST_ALL", "1")]).is_ok(), "speaks to the tests");
    for (name, value) in [
        ("LUMIDEX_PORT", "70000"),
        ("LUMIDEX_READ_ONLY", "maybe"),
        ("IIB_ACCESS_CONTROL", "on"),
        ("IIB_TREND_MAX_TAGS", "-1"),
    ] {
        assert!(
            refusal(Flags::default(), &[(name, value)])
                .starts_with(&format!("`{value}` is no value for {name}"))
        );
    }
    let settings =
        settings(Flags::default(), &[("IIB_DB_PATH", "/x/iib.db"), ("IIB_DB_FILE_BACKUP_MAX", "-3")]);
    assert_eq!(
        settings.notices,
        ["IIB_DB_PATH has no effect: the index lies in the data folder, see --data-dir"]
    );
    assert_eq!(settings.backups_max, 0);
    let ahead = Flags {
        generate_video_cover: true,
        generate_image_cache: true,
        generate_image_cache_size: Some("256X128".into()),
        ..Flags::default()
    };
    let making = resolve(ahead.clone(), &[]).unwrap().making;
    assert!(making.covers && making.thumbnails == Frame::new(256, 128));
    let wrong = Flags { generate_image_cache_size: Some("256".into()), ..ahead };
    assert!(refusal(wrong, &[]).starts_with("`256` is no value for --generate_image_cache_size"));
    let place = Place { cwd: "/".into(), ..Place::default() };
    let nowhere = Settings::resolve(Flags::default(), &Environment::with(place, &[]), &COMMANDS);
    assert!(matches!(nowhere, Err(SettingsError::NoDataDir)));
}

#[test]
fn output_folders_of_the_host_program_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.json");
    fs::write(&config, r#"{"outdir_txt2img_samples":"out/t","outdir_save":"/save","outdir_grids":"","x":1}"#)
        .unwrap();
    let allowed = [("IIB_ACCESS_CONTROL_ALLOWED_PATHS", "txt2img, /pics , img2img")];
    let by_dir = settings(Flags { sd_webui_dir: Some(folder.path().into()), ..Flags::default() }, &allowed);
    assert_eq!(by_dir.host_folders, [folder.path().join("out/t"), "/save".into()]);
    assert_eq!(by_dir.allowed_paths, [folder.path().join("out/t"), "/pics".into()]);
    let flags = Flags { sd_webui_config: Some(config.clone()), ..Flags::default() };
    assert_eq!(settings(flags.clone(), &[]).host_folders, [Path::new("/place/out/t"), Path::new("/save")]);
    fs::write(&config, "[]").unwrap();
    assert!(matches!(resolve(flags, &[]), Err(SettingsError::HostConfig { .. })));
}

#[test]
fn an_upstream_is_configured_by_an_address_or_a_key() {
    let upstream = |variables: &[(&str, &str)]| settings(Flags::default(), variables).upstream;
    assert_eq!(upstream(&[]), None);
    assert_eq!(upstream(&[("AI_MODEL", "m"), ("OPENAI_API_KEY", " ")]), None);
    let by_key = upstream(&[("OPENAI_API_KEY", "sk-1")]).unwrap();
    assert_eq!(by_key.origin(), "https://api.openai.com");
    let models = |config: &upstream::Config| {
        let upstream::Config { embedding_model, chat_model, title_model, .. } = config.clone();
        [embedding_model, chat_model, title_model]
    };
    assert_eq!(models(&by_key), ["text-embedding-3-small", "gpt-4o-mini", "gpt-4o-mini"]);
    let ours = [
        ("OPENAI_BASE_URL", "http://localhost:11434/v1"),
        ("LUMIDEX_OPENAI_BASE_URL", "http://localhost:8080/v1/"),
        ("EMBEDDING_MODEL", "nomic"),
        ("AI_MODEL", "llama"),
    ];
    let ours = upstream(&ours).unwrap();
    assert_eq!((ours.origin().as_str(), ours.is_here()), ("http://localhost:8080", true));
    assert_eq!(models(&ours), ["nomic", "llama", "llama"]);
    let titled = upstream(&[("OPENAI_API_KEY", "k"), ("TOPIC_TITLE_MODEL", "t")]).unwrap();
    assert_eq!(titled.title_model, "t");
    for (name, value) in [("OPENAI_BASE_URL", "localhost:1/v1"), ("OPENAI_API_KEY", "sk 1")] {
        let refusal = refusal(Flags::default(), &[(name, value)]);
        assert!(refusal.starts_with(name) && !refusal.contains(value), "{refusal}");
    }
}

#[test]
fn names_and_proxies_are_taken_apart_or_refused_in_words() {
    let place = Place { cwd: "/w".into(), home: None, data_dir: Some("/data".into()), ..Place::default() };
    let resolved = |flags: Flags, variables: &[(&str, &str)]| {
        Settings::resolve(flags, &Environment::with(place.clone(), variables), &[])
    };
    let typed = Flags {
        allow_host: vec!["Pics.Example.org, nas".into(), "[::1]".into()],
        trusted_proxy: vec!["127.0.0.1".into(), "10.0.0.0/8,::1".into()],
        ..Flags::default()
    };
    let settings = resolved(typed, &[("LUMIDEX_ALLOW_HOST", "other")]).unwrap();
    assert_eq!(settings.allowed_hosts, ["pics.example.org", "nas", "::1"]);
    let nets: Vec<String> = settings.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(nets, ["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
    let set = [("LUMIDEX_ALLOW_HOST", "a.example, b.example"), ("LUMIDEX_TRUSTED_PROXY", "192.168.0.0/16")];
    let settings = resolved(Flags::default(), &set).unwrap();
    assert_eq!(settings.allowed_hosts, ["a.example", "b.example"]);
    assert_eq!(settings.trusted_proxies.len(), 1);
    for (host, proxy) in
        [("https://pics.example", ""), ("pics.example:80", ""), ("", "nginx"), ("", "10.0.0.0/99")]
    {
        let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        let flags = Flags { allow_host: list(host), trusted_proxy: list(proxy), ..Flags::default() };
        let said = resolved(flags, &[]).unwrap_err().to_string();
        assert!(said.contains(&format!("{host}{proxy}")), "{said}");
    }
}

#[test]
fn the_graph_of_tags_is_asked_about_as_in_the_original() {
    let tag_graph = |variables: &[(&str, &str)]| settings(Flags::default(), variables).tag_graph;
    let usual = tag_graph(&[]);
    assert_eq!((usual.tags_max, usual.tags_sent, usual.within.as_secs(), usual.attempts), (500, 500, 180, 5));
    let odd = tag_graph(&[
        ("IIB_TAG_GRAPH_LLM_TIMEOUT_SEC", "0"),
        ("IIB_TAG_GRAPH_LLM_MAX_ATTEMPTS", "1000"),
        ("IIB_TAG_GRAPH_MAX_TAGS_FOR_LLM", "0"),
    ]);
    assert_eq!((odd.tags_max, odd.within.as_secs(), odd.attempts), (0, 1, 20));
}
