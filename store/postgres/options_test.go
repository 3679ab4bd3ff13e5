package postgres

import (
	"strings"
	"testing"
	"time"
)

func TestURLsAreReadOrRefusedWithoutTheirPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, url, want string }{
		{"parts of a URL", "postgres://ann:hunter2@db.example:5433/notes?sslmode=disable", ""},
		{"keywords", "host=db.example user=ann password=hunter2 dbname=notes", ""},
		{"sizes and times", "postgres://ann:hunter2@db/notes?pool_max_conns=3&statement_timeout=2500&pool_max_conn_lifetime=5m", ""},
		{"no prepared statements", "postgres://ann:hunter2@db/notes?default_query_exec_mode=exec", ""},
		{"nothing", "", "Options.URL is empty"},
		{"no URL", "postgres://ann:hunter2@db:port/notes", "invalid port"},
		{"a bad escape in the password", "postgres://ann:hunter2%zz@db/notes", "it cannot be read"},
		{"an unknown mode of TLS", "postgres://ann:hunter2@db/notes?sslmode=maybe", "sslmode"},
		{"too many connections", "postgres://ann:hunter2@db/notes?pool_max_conns=0", "1 to 10000"},
		{"a parameter of another pool", "postgres://ann:hunter2@db/notes?pool_min_conns=1", "unknown parameter pool_min_conns"},
		{"a time without a unit", "postgres://ann:hunter2@db/notes?statement_timeout=soon", "such as 10s"},
		{"another mode", "postgres://ann:hunter2@db/notes?default_query_exec_mode=simple_protocol", "cache_statement or exec"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := CheckURL(c.url)
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestTheServerEndsStatementsUnlessAPoolerIsInBetween(t *testing.T) {
	t.Parallel()
	direct, err := parse(Options{URL: "postgres://ann@db/notes?statement_timeout=3s"})
	if err != nil {
		t.Fatal(err)
	}
	if got := direct.connect.RuntimeParams["statement_timeout"]; got != "3000" || direct.statement != 3*time.Second {
		t.Errorf("statement_timeout %q, %v", got, direct.statement)
	}
	pooled, err := parse(Options{URL: "postgres://ann@db/notes?default_query_exec_mode=exec"})
	if err != nil {
		t.Fatal(err)
	}
	for name := range pooled.connect.RuntimeParams {
		if name != "application_name" && name != "client_encoding" {
			t.Errorf("PgBouncer refuses the parameter %s", name)
		}
	}
}
