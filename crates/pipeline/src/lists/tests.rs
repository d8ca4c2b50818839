use super::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

fn options() -> ListOptions {
    ListOptions::new(10)
}

fn read_with(bytes: &[u8], options: &ListOptions) -> Result<ReadList, ListError> {
    read_list(bytes, &Formats::builtin(), options)
}

fn list(text: &str) -> ReadList {
    read_with(text.as_bytes(), &options()).unwrap_or_else(|why| panic!("{text:?}: {why}"))
}

fn refusal(text: &str) -> ListError {
    let read = read_with(text.as_bytes(), &options());
    read.err().unwrap_or_else(|| panic!("{text:?} was read"))
}

fn serials(list: &ReadList) -> Vec<&str> {
    list.expected.iter().map(|expected| expected.serial.as_str()).collect()
}

#[test]
fn the_column_of_serials_is_found_in_any_language_and_order() {
    for text in [
        "serial\n0821032398\n6A000001\n",
        "0821032398\r\n6A000001\r\n",
        "\u{feff}Model;S/N\nA920;0821032398\nA80;6A000001",
        "site\tserial_number\nPier 3\t082 1032398\n\t6A-000001",
        "型号,终端序列号\nA920,0821032398\n,6a000001\n",
        "SN,model\n\"0821032398\",\"A920, black\"\n=\"6A000001\",\n",
        "\n\ndevice\n'0821032398\n6A000001",
        "SN|Model\r0821032398|A920\r6A000001|A80\r",
        "sep=;\r\nModel;Serial\r\nA920PRO1;0821032398\r\nA80PRO22;6A000001\r\n",
        "Estate list 2026;;\nprinted 2026-11-01;;\nModel;Serial no\nA920;0821032398\nA80;6A000001",
        "Model,Terminal serial no (maker),Site\nA920PRO1,0821032398,P3\nA920PRO2,6A000001,P4\n",
        "model_code,device_serial_number\nA920PRO1,0821032398\nA920PRO1,6A000001\n",
        "Sl No,Terminal serial,Note\n1,0821032398,x\n2,6A000001,y\n",
        "Serial Number,Battery Serial Number\n0821032398,BT12345678\n6A000001,BT12345679\n",
        "IMEI,what,MAC\n357654062100956,0821032398,001122AABBCC\n,6A000001,\n",
        "first,second\n0821032398,A920\n6A000001,A80\n",
        "0821032398,A920\n6A000001,A80\n",
        "#,SN\n1,０８２１０３２３９８\n2,6A000001\u{200b}\n",
    ] {
        let list = list(text);
        assert_eq!(serials(&list), ["0821032398", "6A000001"], "{text:?}");
        assert_eq!((list.read, list.refused.count), (2, 0), "{text:?} {:?}", list.refused);
    }
}

#[test]
fn a_list_in_another_encoding_is_the_same_list() {
    let text = "型号;终端序列号\r\nA920PRO1;0821032398\r\nA920PRO2;6A000001\r\n";
    let utf_16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let gbk = encoding_rs::GBK.encode(text).0.into_owned();
    let french = "Modèle;Numéro de série\nA920PRO1;0821032398\nA920PRO2;6A000001\n";
    let french = encoding_rs::WINDOWS_1252.encode(french).0.into_owned();
    for (bytes, encoding) in [(utf_16, "UTF-16LE"), (gbk, "gb18030"), (french, "windows-1252")] {
        let list = read_with(&bytes, &options()).unwrap();
        assert_eq!(serials(&list), ["0821032398", "6A000001"], "{encoding}");
        let said = list.layout.encoding.map(|encoding| encoding.to_lowercase());
        assert!(
            said == Some(encoding.to_lowercase()) || said.as_deref() == Some("gbk"),
            "{said:?}"
        );
    }
}

#[test]
fn no_column_is_taken_for_the_serials_in_doubt() {
    for (text, why) in [
        ("Serial,Serial,Model\n0821032398,BT12345678,A920\n", "several columns may hold"),
        ("one,other\n0821032398,0821032399\n", "several columns may hold"),
        ("Typ2,Ort\nA920PRO1,P3\nA920PRO2,P4\n", "no column is named like serials"),
        ("Model,Site\nA920PRO1,P3\nA920PRO2,P4\n", "no column is named like serials"),
        ("Model,S/N\nA920,yes\nA80,no\n", "column 2 \"S/N\" does not look like serials: yes, no"),
        ("town\nPort City\nHill Town\n", "column 1 \"town\" does not look like serials: Port City"),
    ] {
        let error = refusal(text);
        assert!(matches!(error, ListError::Column(_)), "{text:?} {error}");
        assert!(error.to_string().starts_with(why), "{text:?} {error}");
    }
}

#[test]
fn a_person_says_which_column_it_is() {
    let text = "Serial,Serial,Model\n0821032398,0821032399,A920\n";
    for (column, serial) in [("1", "0821032398"), ("2", "0821032399")] {
        let options = ListOptions { column: Some(column.into()), ..options() };
        assert_eq!(serials(&read_with(text.as_bytes(), &options).unwrap()), [serial]);
    }
    let typed = "Typ2,Device\nA920PRO1,HELLO777\n";
    let options = |column: &str| ListOptions { column: Some(column.into()), ..options() };
    let named = read_with(typed.as_bytes(), &options(" device")).unwrap();
    assert_eq!(serials(&named), ["HELLO777"]);
    for (column, why) in [
        (
            "Serial",
            "several columns are named \"Serial\", say the number: 1 \"Serial\", 2 \"Serial\"",
        ),
        ("4", "there is no column \"4\": 1 \"Serial\", 2 \"Serial\", 3 \"Model\""),
        ("colour", "there is no column \"colour\""),
    ] {
        let error = read_with(text.as_bytes(), &options(column)).unwrap_err();
        assert!(error.to_string().starts_with(why), "{error}");
    }
}

#[test]
fn a_look_at_a_list_shows_its_columns() {
    let text = "Stock;;\nModel;Serial;Serial\nA920;0821032398;6A000001\nA80;0821032399;6A000002\n";
    let look = |column: Option<&str>| {
        let options = ListOptions { column: column.map(str::to_owned), ..options() };
        look_at_list(text.as_bytes(), &Formats::builtin(), &options).unwrap()
    };
    let layout = look(None);
    assert_eq!((layout.header_line, layout.title_lines), (Some(2), 1));
    assert_eq!((layout.delimiter, layout.encoding.as_deref()), (Some(';'), Some("UTF-8")));
    assert_eq!(layout.column, None);
    assert!(layout.question.is_some());
    let third = Column {
        number: 3,
        name: "Serial".into(),
        examples: vec!["6A000001".into(), "6A000002".into()],
    };
    assert_eq!(layout.columns[2], third);
    assert_eq!(look(Some("3")).column, Some(3));
}

#[test]
fn what_else_is_said_is_kept_if_it_is_simple() {
    let list = list("S/N,Model,Site Name,added_at,\n0821032398,A920,Pier\t3,x,y\n6A000001,,,,");
    let said: Vec<_> = list.expected[0].said.iter().collect();
    assert_eq!(
        said,
        [(&"model".to_owned(), &"A920".to_owned()), (&"site_name".to_owned(), &"Pier3".to_owned())]
    );
    assert!(list.expected[1].said.is_empty());
}

#[test]
fn a_line_that_holds_no_serial_is_named_and_stops_no_other() {
    let text = "serial,model\n,A920\n8.21032E+09,\n2026-11-01,\n1234,\n0821032398,\n\
                0821-032-398,\n821032398.0,\nXXXXXX7,\n=A2&B2,\n6А000001,\n6A000002,\"open\n\
                6A000003,x\n";
    let list = list(text);
    assert_eq!(serials(&list), ["0821032398", "XXXXXX7", "6A000003"]);
    let lines: Vec<u64> = list.refused.first.iter().map(|line| line.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 7, 8, 10, 11, 12]);
    assert_eq!(list.refused.first[4].why, "the serial of line 6 again");
    assert_eq!(list.refused.first[8].why, "a quote in this line is not closed where its cell ends");
    assert_eq!(list.unknown_format.first, [UnknownLine { line: 9, serial: "XXXXXX7".into() }]);
    assert_eq!(list.read, 12);
}

#[test]
fn a_quote_that_another_ones_quote_closes_swallows_no_serial_silently() {
    let list = list("serial,note\n0821032398,\"open\n0821032399,x\n0821032400,y\"\n0821032401,z\n");
    assert_eq!(serials(&list), ["0821032401"]);
    assert_eq!(list.refused.first[0].line, 2);
    let why = &list.refused.first[0].why;
    assert!(why.ends_with("serials of 2 lines behind it are lost too"), "{why}");
    let address = "serial,address\n0821032398,\"Pier 3, gate\nPort City, 4\"\n0821032399,\n";
    assert_eq!(serials(&self::list(address)), ["0821032398", "0821032399"]);
}

#[test]
fn no_serial_above_the_list_is_lost_silently() {
    // Some scanners write the caption with each serial: that is no column's name.
    let captioned = "0821032398\n0821032399\nSN: 0821032400\n0821032401\n";
    let read = list(captioned);
    assert_eq!(serials(&read), ["0821032398", "0821032399", "0821032400", "0821032401"]);
    let all = "SN: 0821032398,A920\nSN: 0821032399,A920\n";
    assert_eq!(serials(&list(all)), ["0821032398", "0821032399"]);
    let above = "Terminals\n0821032398,A920\nSerial,Model\n0821032399,A920\n";
    assert!(matches!(refusal(above), ListError::Column(_)), "it is asked");
    let remark = list("0821032398\nno serial\n0821032399\n");
    assert_eq!(serials(&remark), ["0821032398", "0821032399"]);
    assert_eq!(remark.refused.first[0].line, 2);
    let beside = list("A920,0821032398\nSerial,Model\n0821032399,A920\n");
    assert_eq!(serials(&beside), ["0821032399"]);
    assert_eq!((beside.read, beside.refused.first[0].line), (2, 1), "{:?}", beside.refused);
}

#[test]
fn a_number_that_lost_a_zero_is_told_and_restored_if_asked() {
    let text = "serial,model\n821032398,A920\n821032399,A920\n1170000652,A920\n";
    let told = list(text);
    assert_eq!(serials(&told), ["821032398", "821032399", "1170000652"]);
    let first = DoubtfulLine {
        line: 2,
        serial: "821032398".into(),
        doubt: Doubt::ZeroLost,
        restored: Some("0821032398".into()),
    };
    assert_eq!((told.doubtful.count, &told.doubtful.first[0]), (2, &first));
    let options = ListOptions { restore_zeros: true, ..options() };
    let restored = read_with(text.as_bytes(), &options).unwrap();
    assert_eq!(serials(&restored), ["0821032398", "0821032399", "1170000652"]);
    assert_eq!(restored.doubtful.count, 2, "what was restored is told as well");

    for kept in ["serial\n0821032398\n324689776\n", "serial\n324-689-776\n", "serial\n6A000001\n"] {
        assert_eq!(list(kept).doubtful.count, 0, "{kept:?}");
    }
}

#[test]
fn a_number_of_which_a_spreadsheet_kept_fifteen_digits_is_told() {
    let told = list("serial\n30006200100000000000\n123456789012345000\n30006200112345678901\n");
    let lines: Vec<u64> = told.doubtful.first.iter().map(|line| line.line).collect();
    assert_eq!((lines, told.doubtful.first[0].doubt), (vec![2, 3], Doubt::DigitsLost));
}

#[test]
fn only_the_rows_that_are_meant_are_read() {
    let text = "Serial,Part Category,Site\nCABLE1234567,Cable,3\n0821032398,unit ,3\n,Box,3\n\
                6A000001,Unit,4\n";
    let with = |filters: &[&str]| {
        let filters = filters.iter().map(|filter| filter.parse().unwrap()).collect();
        read_with(text.as_bytes(), &ListOptions { filters, ..options() })
    };
    let units = with(&["Part Category=Unit"]).unwrap();
    assert_eq!((serials(&units), units.left_out), (vec!["0821032398", "6A000001"], 2));
    let both = with(&["part category = UNIT", "Site=4"]).unwrap();
    assert_eq!((serials(&both), both.left_out), (vec!["6A000001"], 3));
    assert!(
        with(&["Kind=Unit"]).unwrap_err().to_string().starts_with("there is no column \"Kind\"")
    );
    assert!("Part Category".parse::<RowFilter>().is_err());
}

#[test]
fn what_is_no_list_and_too_many_serials_are_refused_as_such() {
    let read = |bytes: &[u8]| {
        let options = ListOptions::new(2);
        read_list(bytes, &Formats::builtin(), &options).unwrap_err()
    };
    assert_eq!(read(b"PK\x03\x04rest"), ListError::DamagedWorkbook);
    assert_eq!(read(b"\xd0\xcf\x11\xe0rest"), ListError::OldWorkbook);
    for json in [&br#"[{"serial":"0821032398"}]"#[..], br#" {"serial":"0821032398"}"#, b"[\"x\"]"] {
        assert_eq!(read(json), ListError::Kind("JSON"));
    }
    assert_eq!(read(b"<html><table>"), ListError::Kind("a page or XML"));
    assert_eq!(read(b"%PDF-1.7"), ListError::Kind("a PDF"));
    assert_eq!(read(b"6A000001\n6A000002\n6A000003\n"), ListError::TooMany(2));
}

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    book.add_worksheet().set_name("Empty").unwrap();
    let sheet = book.add_worksheet().set_name("Stock").unwrap();
    sheet.write(0, 0, "Stock of terminals").unwrap();
    for (column, name) in ["Model", "Serial number", "Site"].into_iter().enumerate() {
        sheet.write(2, column as u16, name).unwrap();
    }
    sheet.write(3, 0, "A920PRO1").unwrap();
    sheet.write(3, 1, "0821032398").unwrap();
    sheet.write(3, 2, "Pier 3").unwrap();
    sheet.write(4, 1, 821032399.0).unwrap();
    sheet.write(5, 1, 30006200100000000000.0).unwrap();
    let day = ExcelDateTime::from_ymd(2026, 11, 1).unwrap();
    sheet.write_datetime_with_format(6, 1, &day, &date).unwrap();
    sheet.write(7, 1, 1.5).unwrap();
    sheet.write(9, 1, "6A000001").unwrap();
    sheet.write(1_048_575, 16_383, "far away").unwrap();
    book.add_worksheet().set_name("Bare").unwrap();
    book.add_worksheet().set_name("Returns").unwrap().write(0, 0, "0821032404").unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_is_read_like_any_other_list() {
    let bytes = workbook();
    let list = read_with(&bytes, &options()).unwrap();
    assert_eq!(list.layout.sheet.as_deref(), Some("Stock"));
    assert_eq!(list.layout.other_sheets, ["Returns"], "what is not read is named");
    assert_eq!((list.layout.header_line, list.layout.column), (Some(3), Some(2)));
    assert_eq!(serials(&list), ["0821032398", "821032399", "6A000001"]);
    assert_eq!(list.expected[0].said["site"], "Pier 3");
    let lines: Vec<u64> = list.refused.first.iter().map(|line| line.line).collect();
    assert_eq!(lines, [6, 7, 8], "{:?}", list.refused.first);
    let restoring = ListOptions { restore_zeros: true, ..options() };
    let restored = read_with(&bytes, &restoring).unwrap();
    assert_eq!(serials(&restored)[1], "0821032399", "0821032398 is text and keeps its zero");
}

#[test]
fn no_cut_or_changed_workbook_stops_the_program() {
    let whole = workbook();
    for end in (0..whole.len()).step_by(97) {
        let _ = read_with(&whole[..end], &options());
        let mut changed = whole.clone();
        changed[end] ^= 0x55;
        let _ = read_with(&changed, &options());
    }
}

#[test]
fn a_workbook_that_unpacks_to_gigabytes_is_refused() {
    use std::io::Write as _;
    let mut bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let packed = zip::write::SimpleFileOptions::default();
    bomb.start_file("xl/sharedStrings.xml", packed).unwrap();
    for _ in 0..300 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bytes = bomb.finish().unwrap().into_inner();
    assert!(bytes.len() < 2 << 20, "{}", bytes.len());
    assert_eq!(read_with(&bytes, &options()).unwrap_err(), ListError::LargeWorkbook);
}
