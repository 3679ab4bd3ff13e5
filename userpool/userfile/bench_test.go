package userfile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluicegate/sluice/store"
	"github.com/sluicegate/sluice/userpool"
	"github.com/sluicegate/sluice/userpool/importer"
	"github.com/sluicegate/sluice/userpool/passwordhash"
	"github.com/sluicegate/sluice/userpool/userfile"
	"github.com/sluicegate/sluice/userpool/userpooltest"
)

// BenchmarkImport measures the import of users with password hashes from a CSV file, next to bare parsing of the lines and bare
// inserts of the records in the same batches. The aim is a ratio of at least 0.5.
func BenchmarkImport(b *testing.B) {
	const hash = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
	h := userpooltest.New(b)
	p, err := h.Pools.Pool(b.Context(), h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email"}}).ID)
	if err != nil {
		b.Fatal(err)
	}
	bare, err := h.Pools.Pool(b.Context(), h.Pool(userpool.PoolSettings{AliasAttributes: []string{"email"}}).ID)
	if err != nil {
		b.Fatal(err)
	}
	parsed, err := passwordhash.Parse(passwordhash.BCRYPT, hash)
	if err != nil {
		b.Fatal(err)
	}
	var importing, inserting time.Duration
	round := 0
	for b.Loop() {
		round++
		text := rowsOf(round, hash)
		start := time.Now()
		insertBare(b, h, bare, text, parsed.Text())
		middle := time.Now()
		importCSV(b, h, p, text)
		inserting, importing = inserting+middle.Sub(start), importing+time.Since(middle)
	}
	b.ReportMetric(float64(inserting)/float64(importing), "ratio")
	b.ReportMetric(float64(round*importer.BatchSize)/importing.Seconds(), "users/s")
}

func rowsOf(round int, hash string) string {
	var text strings.Builder
	text.WriteString("cognito:username,email,email_verified,name,password_hash\n")
	for i := range importer.BatchSize {
		fmt.Fprintf(&text, "user%d-%d,user%d-%d@example.com,true,Ann Lee,%s\n", round, i, round, i, hash)
	}
	return text.String()
}

func importCSV(b *testing.B, h *userpooltest.Harness, p *userpool.Pool, text string) {
	b.Helper()
	r, err := userfile.NewCSV(strings.NewReader(text), userfile.CSVOptions{Pool: p, Any: true})
	var entries []importer.Entry
	for _, row := range all(b, r, err) {
		if row.Err != nil {
			b.Fatal(row.Err)
		}
		entries = append(entries, row.Entry)
	}
	results, err := h.Importer.Write(b.Context(), p, entries)
	if err != nil || len(results) != importer.BatchSize || results[0] != nil {
		b.Fatal(results, err)
	}
}

func insertBare(b *testing.B, h *userpooltest.Harness, p *userpool.Pool, text, hash string) {
	b.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")[1:]
	now := h.Clock.Now()
	var users []store.User
	for _, line := range lines {
		f := strings.Split(line, ",")
		sub, err := h.Base().UUID()
		if err != nil {
			b.Fatal(err)
		}
		users = append(users, store.User{PoolID: p.ID, Sub: sub, Username: f[0], Key: f[0], Status: userpool.StatusConfirmed, Enabled: true,
			Aliases: []store.Alias{{Kind: "email", Value: f[1]}}, Attributes: map[string]string{"email": f[1], "email_verified": f[2], "name": f[3]},
			Password: store.Password{Hash: hash, ModifiedAt: now}, CreatedAt: now, ModifiedAt: now})
	}
	if err := h.Store.Update(b.Context(), func(tx store.Tx) error {
		for _, u := range users {
			if err := tx.Users.Insert(u); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}
