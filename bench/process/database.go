package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluicegate/sluice/bench/proc"
)

// crowd is a process on a database whose pool has users with one password.
type crowd struct {
	*node
	name  string // of the database
	users int
	token string // access token of one of them
}

// runDatabase compares pools of so many users on PostgreSQL, one after the other, with one of 1,000.
func runDatabase(binary, dir, sizes string, rounds int) (err error) {
	s, err := startServer(filepath.Join(dir, "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("c2x1aWNlIGJlbmNobWFyaywgMzIgYnl0ZXMgbG9uZyE=\n"), 0o600); err != nil {
		return err
	}
	ports, err := proc.FreePorts(2)
	if err != nil {
		return err
	}
	var both []*crowd
	for i, name := range []string{"few", "many"} {
		database, err := s.database(name)
		if err != nil {
			return err
		}
		n, err := startNode(binary, dir, name, database, fmt.Sprintf("http://127.0.0.1:%d", ports[i]), ports[i])
		if err != nil {
			return err
		}
		defer n.stop()
		if _, _, err := tokensOf(n.url); err != nil {
			return err
		}
		c := &crowd{node: n, name: name}
		if c.token, err = c.signIn(); err != nil {
			return err
		}
		both = append(both, c)
	}
	if err := both[0].fill(s, 1000); err != nil {
		return err
	}
	for size := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		if err := both[1].fill(s, n); err != nil {
			return err
		}
		if err := both[1].against(both[0], s, rounds); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) signIn() (string, error) {
	out, err := call(c.url, idp+"InitiateAuth", signIn)
	if err != nil {
		return "", err
	}
	return out["AuthenticationResult"].(map[string]any)["AccessToken"].(string), nil
}

// step is how many users one transaction writes.
const step = 500_000

// fill adds users until there are so many. The server makes them of the one who signed up: with another name, sub and address, and the same
// password. Existing users count; an interrupted fill continues.
func (c *crowd) fill(s *server, users int) error {
	have, err := s.sql(c.name, "select count(*) - 1 from users")
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(have)
	if err != nil {
		return err
	}
	began := time.Now()
	if c.users = users; from < users {
		if err := c.insert(s, from, users); err != nil {
			return err
		}
	}
	size, err := s.sql(c.name, "select pg_size_pretty(pg_database_size(current_database()))")
	fmt.Fprintf(os.Stderr, "%s: %d users, %s, %s\n", c.name, users, size, time.Since(began).Round(time.Second))
	return err
}

func (c *crowd) insert(s *server, from, users int) error {
	// Foreign keys hold by the way in which the rows are made, and are not checked again for each. Indexes of the larger table are rebuilt.
	const drop, make = `alter table user_search drop constraint user_search_pkey; drop index user_search_by_user;`,
		`alter table user_search add primary key (pool_id, name, value, sub); create index user_search_by_user on user_search (pool_id, sub);`
	many := users-from > 100_000
	if many {
		if _, err := s.sql(c.name, drop); err != nil && from == 0 {
			return err
		}
	}
	for at := from; at < users; at += step {
		end := min(at+step, users)
		text := fmt.Sprintf(`set session_replication_role = replica; set synchronous_commit = off; set work_mem = '256MB';
begin;
create temporary table base on commit drop as select * from users where name_key like '%%bench%%' and username = 'bench';
create temporary table made on commit drop as
	select n, 'user' || n as name, (overlay(overlay(md5(n::text) placing '4' from 13) placing '8' from 17))::uuid::text as sub from generate_series(%d, %d) n;
insert into users select r.* from base b, made m, lateral jsonb_populate_record(b, jsonb_build_object('sub', m.sub, 'username', m.name,
	'name_key', replace(b.name_key, 'bench', m.name), 'attributes', replace(replace(b.attributes, b.sub, m.sub), 'bench@', m.name || '@'))) r;
insert into user_search select x.pool_id, x.name, replace(replace(replace(x.value, b.sub, m.sub), 'bench@', m.name || '@'), 'bench', m.name), m.sub
	from base b, made m, user_search x where x.pool_id = b.pool_id and x.sub = b.sub;
commit;`, at, end-1)
		if _, err := s.sql(c.name, text); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d users written\n", c.name, end)
	}
	text := "analyze users; analyze user_search;"
	if many {
		text = make + text
	}
	_, err := s.sql(c.name, text+"checkpoint;")
	return err
}

// calls are the calls of which against measures the cost. Each is about another user, but GetUser.
func (c *crowd) calls() []databaseCall {
	name := func() string { return fmt.Sprint("user", randomUser(c.users)) }
	return []databaseCall{
		{"GetUser", "≤ 1.2", 800, func() any { return map[string]any{"AccessToken": c.token} }},
		{"ListUsers", "≤ 2", 400, func() any {
			return map[string]any{"UserPoolId": poolID, "Filter": fmt.Sprintf("email = \"%s@example.com\"", name())}
		}},
		{"InitiateAuth", "≤ 1.3", 32, func() any {
			return map[string]any{"ClientId": clientID, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": map[string]string{"USERNAME": name(), "PASSWORD": "Sesame-0pen"}}
		}},
	}
}

type databaseCall struct {
	operation, wanted string
	calls             int
	body              func() any
}

// against prints what a call costs among many users, and among few. The rounds of the two take turns.
func (c *crowd) against(few *crowd, s *server, rounds int) error {
	fmt.Printf("\n| call | among %d users, ms of Sluice and of PostgreSQL | among %d users | ratio, median (least to most) | ratio of the time that callers wait | wanted |\n| --- | --- | --- | --- | --- | --- |\n", few.users, c.users)
	for i := range c.calls() {
		var samples [2][]sample
		var ratios, waits []float64
		for r := range rounds + 1 {
			var pair [2]sample
			for k, one := range []*crowd{few, c} {
				d := one.calls()[i]
				var err error
				if pair[k], err = round(s, []*node{one.node}, d.calls, idp+d.operation, d.body); err != nil {
					return fmt.Errorf("%s among %d users: %w", d.operation, one.users, err)
				}
			}
			if r == 0 {
				continue // fills caches
			}
			samples[0], samples[1] = append(samples[0], pair[0]), append(samples[1], pair[1])
			ratios = append(ratios, (pair[1].process+pair[1].database)/(pair[0].process+pair[0].database))
			waits = append(waits, pair[1].wall/pair[0].wall)
		}
		a, b, d := middle(samples[0]), middle(samples[1]), c.calls()[i]
		fmt.Printf("| %s | %.2f + %.2f | %.2f + %.2f | %.2f (%.2f to %.2f) | %.2f | %s |\n", d.operation, a.process*1e3, a.database*1e3, b.process*1e3, b.database*1e3,
			median(ratios), slices.Min(ratios), slices.Max(ratios), median(waits), d.wanted)
	}
	return nil
}
