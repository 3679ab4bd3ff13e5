//go:build unix

package postgres

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver of the other schema

	"github.com/sluicegate/sluice/store/postgres/postgrestest"
	"github.com/sluicegate/sluice/store/sqlite"
)

// What both schemas have, a line each: columns with what makes them differ in use, keys, references and indexes.
func TestBothSchemasAreTheSame(t *testing.T) {
	t.Parallel()
	url := postgrestest.Start(t).Database(t)
	open(t, url)
	server := dial(t, url)
	var ours []string
	for _, query := range []string{
		`select 'column ' || table_name || ' ' || column_name || ' ' || case data_type when 'bigint' then 'integer' when 'timestamp with time zone' then 'integer'
			when 'boolean' then 'integer' when 'bytea' then 'blob' else data_type end || case is_nullable when 'NO' then ' not null' else '' end
			from information_schema.columns where table_schema = 'public'`,
		`select case i.indisprimary when true then 'primary key ' when false then case i.indisunique when true then 'unique ' else 'index ' || x.relname || ' ' end end
			|| r.relname || ' ' || (select string_agg(a.attname, ',' order by k.n) from unnest(i.indkey) with ordinality k (number, n)
				join pg_attribute a on a.attrelid = r.oid and a.attnum = k.number)
			|| case when i.indpred is null then '' else ' partial' end
			from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class r on r.oid = i.indrelid
			where r.relnamespace = 'public'::regnamespace`,
		`select 'reference ' || conrelid::regclass || ' ' || (select string_agg(a.attname, ',' order by k.n) from unnest(conkey) with ordinality k (number, n)
				join pg_attribute a on a.attrelid = conrelid and a.attnum = k.number) || ' ' || confrelid::regclass
			|| case confdeltype when 'c' then ' cascade' else '' end from pg_constraint where contype = 'f'`,
	} {
		found, err := rows(t.Context(), server, query)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range found {
			ours = append(ours, row[0])
		}
	}
	compareLines(t, "PostgreSQL", ours, sqliteSchema(t))
}

func compareLines(t *testing.T, name string, ours, theirs []string) {
	t.Helper()
	// The tables of migrations differ, and PostgreSQL's log of changes knows transactions.
	skip := regexp.MustCompile(`schema_migrations|column changes |index changes_`)
	for _, line := range ours {
		if !skip.MatchString(line) && !slices.Contains(theirs, line) {
			t.Errorf("only %s has: %s", name, line)
		}
	}
	for _, line := range theirs {
		if !skip.MatchString(line) && !slices.Contains(ours, line) {
			t.Errorf("%s does not have: %s", name, line)
		}
	}
	if len(ours) < 300 {
		t.Errorf("there are only %d lines", len(ours))
	}
}

// sqliteSchema returns the lines of the other backend.
func sqliteSchema(t *testing.T) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.db")
	st, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var lines []string
	for _, query := range []string{
		`select 'column ' || t.name || ' ' || c.name || ' ' || lower(c.type) || case when c."notnull" = 1 or c.pk > 0 then ' not null' else '' end
			from sqlite_schema t join pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite_%'`,
		`select 'primary key ' || name || ' ' || (select group_concat(name, ',') from (select c.name from pragma_table_info(t.name) c where c.pk > 0 order by c.pk))
			from sqlite_schema t where t.type = 'table' and t.name not like 'sqlite_%'`,
		`select case i."unique" when 1 then 'unique ' else 'index ' || i.name || ' ' end || t.name || ' '
			|| (select group_concat(name, ',') from (select c.name from pragma_index_info(i.name) c order by c.seqno)) || case i.partial when 1 then ' partial' else '' end
			from sqlite_schema t join pragma_index_list(t.name) i where t.type = 'table' and t.name not like 'sqlite_%' and i.origin <> 'pk'`,
		`select 'reference ' || t.name || ' ' || (select group_concat(g."from", ',') from (select "from" from pragma_foreign_key_list(t.name) k where k.id = f.id order by k.seq) g)
			|| ' ' || f."table" || case f.on_delete when 'CASCADE' then ' cascade' else '' end
			from sqlite_schema t join pragma_foreign_key_list(t.name) f where t.type = 'table' and t.name not like 'sqlite_%' and f.seq = 0`,
	} {
		lines = append(lines, texts(t, db, query)...)
	}
	return lines
}

// texts returns the rows of a query with one column.
func texts(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	found, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var line string
		if err := found.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
