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

// databaseOptions say what to measure on PostgreSQL.
type databaseOptions struct {
	binary, dir string
	sizes       string // numbers of users, with commas
	rounds      int
	fillOnly    bool // makes the databases, and measures nothing
}

// fewUsers is the number with which the others are compared.
const fewUsers = 1000

// runDatabase compares pools of so many users on PostgreSQL with one of 1,000. Each has a database of its own on one server.
func runDatabase(o databaseOptions) error {
	sizes := []int{fewUsers}
	for text := range strings.SplitSeq(o.sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	if err := os.WriteFile(filepath.Join(o.dir, "master.key"), []byte("c2x1aWNlIGJlbmNobWFyaywgMzIgYnl0ZXMgbG9uZyE=\n"), 0o600); err != nil {
		return err
	}
	if err := o.fill(sizes); err != nil || o.fillOnly {
		return err
	}
	return o.measure(sizes)
}

// fill makes the databases that are missing. While it writes, the server does not sync: an interrupted fill continues, but a crash of the
// machine means to start anew.
func (o databaseOptions) fill(sizes []int) (err error) {
	s, err := startServer(filepath.Join(o.dir, "postgres"), "fsync=off", "full_page_writes=off", "autovacuum=off")
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, s.stop()); err == nil {
			err = s.sync()
		}
	}()
	for i, users := range sizes {
		name := databaseOf(users)
		n, err := s.sql("postgres", "select count(*) from pg_database where datname = '"+name+"'")
		switch {
		case err != nil:
		case n == "0" && i == 0:
			err = o.first(s, name)
		case n == "0":
			_, err = s.sql("postgres", "create database "+name+" template "+databaseOf(sizes[i-1])+" strategy file_copy")
		}
		if err != nil {
			return err
		}
		if err := s.fill(name, users); err != nil {
			return err
		}
	}
	return nil
}

func databaseOf(users int) string { return fmt.Sprint("users", users) }

// first makes a database with one user, who signed up.
func (o databaseOptions) first(s *server, name string) error {
	database, err := s.database(name)
	if err != nil {
		return err
	}
	ports, err := proc.FreePorts(1)
	if err != nil {
		return err
	}
	n, err := startNode(o.binary, o.dir, name, database, fmt.Sprintf("http://127.0.0.1:%d", ports[0]), ports[0])
	if err != nil {
		return err
	}
	defer n.stop()
	_, _, err = tokensOf(n.url)
	return err
}

// measure prints what calls cost among so many users.
func (o databaseOptions) measure(sizes []int) (err error) {
	s, err := startServer(filepath.Join(o.dir, "postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	ports, err := proc.FreePorts(len(sizes))
	if err != nil {
		return err
	}
	var all []*crowd
	for i, users := range sizes {
		c := &crowd{name: databaseOf(users), users: users}
		database, err := s.database(c.name)
		if err != nil {
			return err
		}
		if c.node, err = startNode(o.binary, o.dir, c.name, database, fmt.Sprintf("http://127.0.0.1:%d", ports[i]), ports[i]); err != nil {
			return err
		}
		defer c.stop()
		if c.token, err = c.signIn(); err != nil {
			return err
		}
		all = append(all, c)
	}
	return compareCrowds(all, s, o.rounds)
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
// password. Existing users count; an interrupted fill continues. The comment on the table says how many are there and indexed.
func (s *server) fill(database string, users int) error {
	if full, err := s.sql(database, "select obj_description('users'::regclass)"); err != nil || full == strconv.Itoa(users) {
		return err
	}
	have, err := s.sql(database, "select count(*) - 1 from users")
	if err != nil {
		return err
	}
	from, err := strconv.Atoi(have)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := s.insert(database, from, users); err != nil {
		return err
	}
	size, err := s.sql(database, "select pg_size_pretty(pg_database_size(current_database()))")
	fmt.Fprintf(os.Stderr, "%s: %s, %s\n", database, size, time.Since(began).Round(time.Second))
	return err
}

func (s *server) insert(database string, from, users int) error {
	// Foreign keys hold by the way in which the rows are made, and are not checked again for each. Indexes of the larger table are rebuilt.
	const drop = `alter table user_search drop constraint if exists user_search_pkey; drop index if exists user_search_by_user;`
	if _, err := s.sql(database, drop); err != nil {
		return err
	}
	columns, err := s.sql(database, `select string_agg(case column_name when 'sub' then 'm.sub' when 'username' then 'm.name'
	when 'name_key' then 'replace(b.name_key, ''bench'', m.name)'
	when 'attributes' then 'replace(replace(b.attributes, b.sub, m.sub), ''bench@'', m.name || ''@'')' else 'b.' || column_name end, ', ' order by ordinal_position)
	from information_schema.columns where table_schema = 'public' and table_name = 'users'`)
	if err != nil {
		return err
	}
	for at := from; at < users; at += step {
		end := min(at+step, users)
		text := fmt.Sprintf(`set session_replication_role = replica; set synchronous_commit = off; set work_mem = '256MB';
begin;
create temporary table base on commit drop as select * from users where username = 'bench' and name_key like '%%bench%%';
create temporary table searched on commit drop as select x.* from user_search x, base b where x.pool_id = b.pool_id and x.sub = b.sub;
create temporary table made on commit drop as
	select 'user' || n as name, (overlay(overlay(md5(n::text) placing '4' from 13) placing '8' from 17))::uuid::text as sub from generate_series(%d, %d) n order by 2;
insert into users select %s from base b, made m;
insert into user_search select x.pool_id, x.name, replace(replace(replace(x.value, b.sub, m.sub), 'bench@', m.name || '@'), 'bench', m.name), m.sub
	from base b, made m, searched x;
commit;`, at, end-1, columns)
		if _, err := s.sql(database, text); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "%s: %d users written\n", database, end)
	}
	_, err = s.sql(database, fmt.Sprintf(`alter table user_search add primary key (pool_id, name, value, sub); create index user_search_by_user on user_search (pool_id, sub);
vacuum (freeze, analyze) users; vacuum (freeze, analyze) user_search; comment on table users is '%d'; checkpoint;`, users))
	return err
}

// calls are the calls of which compareCrowds measures the cost. Each is about another user, but GetUser.
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

// compareCrowds prints what a call costs among many users, and among few, who come first. The rounds of all take turns.
func compareCrowds(all []*crowd, s *server, rounds int) error {
	fmt.Println("| call | users | ms of Sluice and of PostgreSQL | ratio to the fewest, median (least to most) | ratio of the time that callers wait | wanted |\n| --- | --- | --- | --- | --- | --- |")
	for i, d := range all[0].calls() {
		samples := make([][]sample, len(all))
		for r := range rounds + 1 {
			for k, c := range all {
				one, err := round(s, c.name, []*node{c.node}, d.calls, idp+d.operation, c.calls()[i].body)
				if err != nil {
					return fmt.Errorf("%s among %d users: %w", d.operation, c.users, err)
				}
				if r > 0 { // the first one fills caches
					samples[k] = append(samples[k], one)
				}
			}
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", d.operation, r, rounds)
		}
		for k, c := range all {
			var ratios, waits []float64
			for r, one := range samples[k] {
				few := samples[0][r]
				ratios = append(ratios, (one.process+one.database)/(few.process+few.database))
				waits = append(waits, one.wall/few.wall)
			}
			m := middle(samples[k])
			fmt.Printf("| %s | %d | %.2f + %.2f | %.2f (%.2f to %.2f) | %.2f | %s |\n", d.operation, c.users, m.process*1e3, m.database*1e3,
				median(ratios), slices.Min(ratios), slices.Max(ratios), median(waits), d.wanted)
		}
	}
	return nil
}
