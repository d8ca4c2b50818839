use super::*;

fn load(file: &str) -> Result<Settings, Box<SettingsError>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    std::fs::write(&path, file).unwrap();
    Settings::load(&Flags { file: Some(path), ..Flags::default() })
}

#[test]
fn every_key_of_the_default_file_is_a_setting() {
    for key in keys() {
        // A value of the wrong type is refused as such, a key that is none as unknown.
        let error = load(&format!("{key} = [[]]")).unwrap_err().to_string();
        assert!(!error.contains("there is no setting"), "{error}");
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_file_beats_the_defaults_and_a_flag_beats_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, "data = \"/file\"\nattempts_max = 5\n").unwrap();
    let mut flags = Flags { file: Some(path), ..Flags::default() };
    let settings = Settings::load(&flags).unwrap();
    assert_eq!(
        (settings.storage.data.to_str(), settings.queue.attempts_max.get()),
        (Some("/file"), 5)
    );
    assert_eq!(settings.photos_url(), "file:///file/photos");
    flags.data = Some("/flag".into());
    assert_eq!(Settings::load(&flags).unwrap().storage.data.to_str(), Some("/flag"));
}

#[test]
fn a_wrong_setting_is_refused_with_its_place_and_a_hint() {
    let check = |file: &str, expect: &str| {
        let error = load(file).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("lisen = 1", "there is no setting `lisen`; did you mean `listen`?");
    check("zzz = 1", "there is no setting `zzz`; `labelscan check --defaults`");
    check("listen = \"here\"", "`listen`: invalid socket address");
    check("photos_max = 0", "`photos_max` must be more than 0");
    check("lease_ms = 1000", "`lease_ms` (1000) must be more than `read_ms_max`");
    check("log_format = \"xml\"", "`log_format`");
}

#[test]
fn a_secret_does_not_show_in_a_debug_print() {
    let settings = load("registry_secret = \"whsec_c2VjcmV0\"").unwrap();
    assert_eq!(settings.registry.secret.as_ref().unwrap().expose(), "whsec_c2VjcmV0");
    assert!(!format!("{settings:?}").contains("whsec"));
}

#[test]
fn sign_in_at_the_company_needs_all_its_settings() {
    let check = |more: &str, expect: Option<&str>| {
        let file = format!("oidc_issuer = \"https://login.example\"\n{more}");
        let error = load(&file).err().map(|error| error.to_string());
        match (expect, &error) {
            (None, None) => {}
            (Some(part), Some(error)) if error.contains(part) => {}
            _ => panic!("{more}: {error:?}"),
        }
    };
    check("oidc_admin = [\"boss\"]", Some("`oidc_client_id`"));
    check("oidc_client_id = \"labelscan\"", Some("`oidc_technician`"));
    let whole = "oidc_client_id = \"labelscan\"\noidc_technician = [\"field\"]\n";
    check(whole, None);
    check(&format!("{whole}oidc_scopes = \"email\""), Some("`oidc_scopes`"));
    check(&format!("{whole}oidc_operator = [\"field\"]"), Some("\"field\""));
    check(&format!("{whole}oidc_attempts_max = 0"), Some("`oidc_attempts_max`"));
    let settings = load("oidc_client_secret = \"s3cr3t\"").unwrap();
    assert!(!format!("{settings:?}").contains("s3cr3t"));
}
