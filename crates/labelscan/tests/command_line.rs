//! What a person types and what comes back: exit codes, messages, one object a line.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");

/// The header of a PNG that claims 65,535 x 65,535 pixels.
const HUGE_PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xff\xff\0\0\xff\xff\x08\x02\0\0\0\x39\x67\x4e\x07\0\0\0\0IDAT";

fn labelscan(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_labelscan"))
        .args(arguments)
        .current_dir(folder)
        .env("LABELSCAN_MODELS", MODELS)
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn files_that_are_no_photos_are_answered_with_a_code_each() {
    let folder = tempfile::tempdir().unwrap();
    let files: [(&str, &[u8], &str); 4] = [
        ("text.jpg", b"not a photo", "not_a_photo"),
        ("empty.jpg", b"", "photo_empty"),
        ("huge.png", HUGE_PNG, "too_many_pixels"),
        ("cut.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "photo_damaged"),
    ];
    for (name, bytes, _) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let names = files.map(|(name, ..)| name);
    let output =
        labelscan(folder.path(), &[&["scan", "--json"][..], &names, &["none.jpg"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    let codes = files.iter().map(|(name, _, code)| (*name, *code));
    for (line, (name, code)) in lines.iter().zip(codes.chain([("none.jpg", "file_unreadable")])) {
        assert_eq!(line["photo"], name);
        assert_eq!(line["status"], "unreadable");
        assert_eq!(line["reasons"][0]["code"], code, "{line}");
        assert!(line["reasons"][0]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    }
    assert_eq!(lines.len(), 5);
}

#[test]
fn a_folder_is_searched_for_photos_and_one_without_any_could_not_be_scanned() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(folder.path().join("deep/notes.txt"), "no photo").unwrap();
    assert_eq!(labelscan(folder.path(), &["scan", "."]).status.code(), Some(2));
    image::GrayImage::new(64, 64).save(folder.path().join("deep/photo.png")).unwrap();
    let output = labelscan(folder.path(), &["scan", "--json", "."]);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["photo"], "./deep/photo.png");
    assert_eq!(lines[0]["status"], "unreadable");
}

#[test]
fn eval_counts_against_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    image::GrayImage::new(64, 64).save(folder.path().join("blank.png")).unwrap();
    let manifest = folder.path().join("manifest.jsonl");
    fs::write(
        &manifest,
        "{\"id\":\"a\",\"path\":\"blank.png\",\"serial\":null}\n\
         {\"id\":\"b\",\"path\":\"blank.png\",\"serial\":\"0821032398\",\
           \"barcodes\":[{\"format\":\"Code 128\",\"text\":\"0821032398\"}]}\n",
    )
    .unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let output = labelscan(elsewhere.path(), &["eval", "--json", manifest.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let object = &lines(&output)[0];
    let counts = ["photos", "with_serial", "accepted_right", "missed", "false_accepts"];
    assert_eq!(counts.map(|count| object[count].as_u64().unwrap()), [2, 1, 0, 1, 0]);
    assert_eq!(object["barcodes_expected"], 1);
    assert_eq!(object["barcodes_read"], 0);
    assert_eq!(object["rows"][1]["expected"], "0821032398");
}

#[test]
fn eval_counts_every_device_in_view_by_device_and_kind() {
    let folder = tempfile::tempdir().unwrap();
    image::GrayImage::new(64, 64).save(folder.path().join("blank.png")).unwrap();
    let manifest = folder.path().join("manifest.jsonl");
    fs::write(
        &manifest,
        r#"{"id":"a","path":"blank.png","serial":null,"device":"router","kind":"negative"}
        {"id":"b","path":"blank.png","serial":null,"serial_candidates":["AB1"],"device":"router"}
        {"id":"c","path":"blank.png","serial":"A1","serials":["A1","B2"],"device":"meter","kind":"multi"}"#,
    )
    .unwrap();
    let path = manifest.to_str().unwrap();
    let output = labelscan(folder.path(), &["eval", "--json", path]);
    let object = &lines(&output)[0];
    assert_eq!([&object["photos"], &object["with_serial"], &object["missed"]], [3, 2, 2]);
    assert_eq!(object["by_device"]["router"]["photos"], 2);
    assert_eq!(object["by_device"]["router"]["with_serial"], 0);
    assert_eq!(object["by_device"]["meter"]["missed"], 2);
    assert_eq!(object["by_kind"]["multi"]["with_serial"], 2);
    assert_eq!(object["by_kind"].as_object().unwrap().len(), 2);
    let output = labelscan(folder.path(), &["eval", path]);
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    for start in ["device ", "router ", "kind ", "multi ", "all "] {
        assert_eq!(table.lines().filter(|line| line.starts_with(start)).count(), 1, "{table}");
    }
}

#[test]
fn what_cannot_run_says_why_and_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str], expect: &str| {
        let output = labelscan(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expect), "{said}");
    };
    check(&["scan", "x.jpg", "--models", "."], "models/fetch");
    check(&["scan", "x.jpg", "--formats", "none.toml"], "none.toml");
    check(&["eval", "none.jsonl"], "none.jsonl");
    check(&["check", "--settings", "none.toml"], "no settings file at none.toml");
    check(&["reader-of-minds"], "unrecognized subcommand");
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn seal_keys_are_made_once_outside_of_the_data_and_nothing_starts_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let keys = home.join(".config/labelscan/seal.keys");
    let run = |arguments: &[&str], encryption: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_labelscan"))
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", &home)
            .env("LABELSCAN_MODELS", MODELS)
            .env("LABELSCAN_ENCRYPTION", encryption)
            .output()
            .unwrap();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let create = ["keys", "create", "--name", "depot", "--role", "technician"];
    let (code, said) = run(&create, "on");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(keys.to_str().unwrap()), "{said}");
    assert_eq!(keys.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&keys).unwrap();
    let secret = text.lines().find_map(|line| line.strip_prefix("key 1 ")).unwrap();
    assert!(!said.contains(secret));
    for file in files(&folder.path().join("data")) {
        let bytes = fs::read(&file).unwrap();
        let held = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!held, "{} holds a key", file.display());
    }
    let (_, said) = run(&create, "on");
    assert!(!said.contains("seal.keys"), "it is said once: {said}");

    fs::rename(&keys, folder.path().join("kept.keys")).unwrap();
    for arguments in [&["serve"][..], &create, &["backup", "b.tar"], &["seal", "status"]] {
        let (code, said) = run(arguments, "on");
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(said.contains("LABELSCAN_SEAL_KEYS"), "{arguments:?}: {said}");
    }
    assert!(!keys.exists(), "no new keys are made for old data");
    let (code, said) = run(&create, "off");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("the data is sealed"), "{said}");
}

#[test]
fn a_format_is_taught_from_serials_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], code: i32| {
        let output = labelscan(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        (String::from_utf8(output.stdout).unwrap(), said)
    };
    let serials = ["4471902", "2093817", "L6486984", "6650123", "5180044"];
    let learn = [&["formats", "learn", "--out", "own.toml"][..], &serials].concat();
    let (block, said) = run(&learn, 0);
    assert!(block.starts_with("[[format]]\nname = \"own\"\n"), "{block}");
    assert!(block.contains("shapes = [\"ddddddd\"]"), "{block}");
    assert!(block.contains("# would refuse  209381: 6 characters, not 7"), "{block}");
    assert!(block.contains("# beware        L6486984 was left out"), "{block}");
    assert!(said.contains("own.toml"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("own.toml")).unwrap(), block);

    let (checked, _) = run(&["formats", "check", "own.toml"], 0);
    assert!(checked.contains("1 formats, no error") && checked.contains("4 samples"), "{checked}");
    let (explained, _) = run(&["formats", "explain", "7654321", "--formats", "own.toml"], 0);
    assert!(explained.contains("fits       own\n"), "{explained}");
    let (listed, _) = run(&["formats", "--json", "--formats", "own.toml"], 0);
    assert!(listed.starts_with("{\"name\":\"own\""), "{listed}");

    // The name is taken: nothing is written.
    let (_, said) = run(&learn, 2);
    assert!(said.contains("choose another --name"), "{said}");
    fs::write(folder.path().join("more.txt"), "# seen\n\nSG150700048\nSG150700171\nSG160912345\n")
        .unwrap();
    let file = ["formats", "learn", "--file", "more.txt", "--name", "sg", "--out", "own.toml"];
    run(&file, 0);
    let (checked, _) = run(&["formats", "check", "own.toml"], 0);
    assert!(checked.contains("2 formats, no error"), "{checked}");
}

#[test]
fn formats_are_explained_and_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let output = labelscan(folder.path(), &["formats", "explain", "082 1032398"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("082 1032398: 10 characters, 0821032398\n"), "{said}");
    assert!(said.contains("fits       pax-10\n"), "{said}");
    assert!(said.contains("may be     a telephone number\n"), "{said}");
    assert!(said.contains("fits not   castles-15: 10 characters, not 15\n"), "{said}");
    let refused = |arguments: &[&str], expect: &str| {
        let output = labelscan(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expect), "{said}");
    };
    refused(&["formats", "learn", "77987515", "77987515"], "at least 3 are needed");
    fs::write(folder.path().join("bad.toml"), "[[format]]\nname = \"own\"\n").unwrap();
    refused(&["formats", "check", "bad.toml"], "format \"own\": it has neither shapes nor");
    refused(&["scan", "x.jpg", "--formats", "bad.toml"], "bad.toml");
}
