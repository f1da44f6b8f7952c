use super::*;

/// Everything that a schema says, without comments, white space and quotes.
fn said(connection: &Connection) -> Vec<String> {
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").unwrap();
    let rows = statement.query_map((), |row| {
        let sql: Option<String> = row.get(3)?;
        let plain: String = sql
            .unwrap_or_default()
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .flat_map(str::split_whitespace)
            .collect();
        let (kind, name, table): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{kind} {name} on {table}: {}", plain.replace(['"', '`'], "")))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn columns(connection: &Connection) -> Vec<String> {
    let sql = "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk || ' ' ||
               ifnull(c.dflt_value, '-') FROM pragma_table_list t, pragma_table_xinfo(t.name) c ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

fn number(connection: &Connection, pragma: &str) -> u32 {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
}

#[test]
fn an_upgraded_archive_equals_a_fresh_one() {
    let mut fresh = Connection::open_in_memory().unwrap();
    bring_up_to_date(&mut fresh, Path::new("fresh")).unwrap();
    let mut upgraded = Connection::open_in_memory().unwrap();
    upgrade(&mut upgraded).unwrap();
    assert_eq!(columns(&upgraded), columns(&fresh));
    assert_eq!(number(&upgraded, "application_id"), APPLICATION_ID);
    for pragma in ["user_version", "application_id"] {
        assert_eq!(number(&upgraded, pragma), number(&fresh, pragma), "{pragma}");
    }
    // A column that an upgrade adds is written after the table's own; the order of columns and of the
    // rest is compared above and by the sorted text below.
    assert_eq!(said(&upgraded), said(&fresh));
}

#[test]
fn the_newest_version_is_the_number_of_upgrades() {
    assert_eq!(usize::try_from(VERSION), Ok(UPGRADES.len()));
    Migrations::from_slice(UPGRADES).validate().unwrap();
}

#[test]
fn every_table_and_column_is_explained() {
    let mut explained = false;
    for line in NEWEST.lines().map(str::trim) {
        if line.starts_with("CREATE TABLE") {
            assert!(explained, "no comment before: {line}");
        }
        explained = line.starts_with("--");
    }
}
