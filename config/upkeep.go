package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of KeyRotation. A signing key is published a day before it signs, so that a shorter life than two days would never end.
const (
	leastSigning   = 48 * time.Hour
	leastSealing   = 24 * time.Hour
	defaultSigning = 90 * 24 * time.Hour
)

// The space for uploads that wait for their end: ten of the largest, and at least one of a useful size.
const (
	defaultUploads = 50 << 30
	leastUploads   = 1 << 20
)

// KeyRotation says how long keys are in use before others take their place. Both rotations happen once for all processes on a store.
type KeyRotation struct {
	// Signing is how long a key of a user pool, of the identity pools, or of the edge signs. The next key is published a day before it
	// signs, and the last one for as long as anything that it signed is valid. At least 48h. Default 90 days.
	Signing Duration `json:"signing,omitempty"`
	// Sealing is how long a master key seals before Sluice makes the next one and seals the store with it. At least 24h. Older keys
	// stay, until sluice keys retire. Default: 0, which means that master keys are replaced by sluice keys rotate alone.
	Sealing Duration `json:"sealing,omitempty"`
}

// Backup is a standing order to copy the SQLite store to a place.
type Backup struct {
	// To is a folder, or s3://bucket/prefix with the options region, endpoint and path_style in its query.
	To string `json:"to"`
	// Continuous ships each transaction, as sluice backup follow does, instead of making periodic copies.
	Continuous bool `json:"continuous,omitempty"`
	// Every is the time between two copies, default 24h, or with Continuous between two shipments, default 1s.
	Every Duration `json:"every,omitempty"`
	// Keep is how many copies stay. Default: all. With Continuous, KeepFor is how far back a restore can go, default 72h.
	Keep    int      `json:"keep,omitempty"`
	KeepFor Duration `json:"keep_for,omitempty"`
	// Exact is how far back a restore can name any second, default 1h, and Snapshot the time between two complete copies, default 24h.
	// Both need Continuous.
	Exact    Duration `json:"exact,omitempty"`
	Snapshot Duration `json:"snapshot,omitempty"`
}

func (a *App) defaultsOfUpkeep() {
	if a.KeyRotation == nil {
		a.KeyRotation = new(KeyRotation)
	}
	if a.KeyRotation.Signing == 0 {
		a.KeyRotation.Signing = Duration(defaultSigning)
	}
	if a.UploadSpace == 0 {
		a.UploadSpace = defaultUploads
	}
	for i := range a.Backups {
		b := &a.Backups[i]
		if !b.Continuous {
			durationDefault(&b.Every, 24*time.Hour)
			continue
		}
		durationDefault(&b.Every, time.Second)
		durationDefault(&b.KeepFor, 72*time.Hour)
		durationDefault(&b.Exact, time.Hour)
		durationDefault(&b.Snapshot, 24*time.Hour)
	}
}

func durationDefault(d *Duration, value time.Duration) {
	if *d == 0 {
		*d = Duration(value)
	}
}

func (a *App) validateUpkeep(v *validator) {
	if r := a.KeyRotation; r != nil {
		if time.Duration(r.Signing) < leastSigning {
			v.add("key_rotation", "signing %s is too short: each key is published a day before it signs; write at least 48h, for example: signing 90d", time.Duration(r.Signing))
		}
		if r.Sealing != 0 {
			a.validateSealing(v, time.Duration(r.Sealing))
		}
	}
	if a.UploadSpace < leastUploads {
		v.add("upload_space", "%d bytes are too few: an upload is kept until all of it has arrived; write at least 1MiB, for example: upload_space 50GiB", a.UploadSpace)
	}
	places, continuous := seen{}, false
	for _, b := range a.Backups {
		if problem := bucketProblem(b.To); problem != "" {
			v.add("backup", "%s", problem) // the address may hold a secret
			continue
		}
		at := "backup to " + b.To
		v.once(places, at, strings.TrimSuffix(b.To, "/"))
		if a.DataDir != "" && filepath.Clean(b.To) == filepath.Clean(a.DataDir) {
			v.add(at, "this is the data directory, which would be lost together with its backups; write a folder on another disk")
		}
		if a.Store != nil {
			v.add(at, "the records are in PostgreSQL, which PostgreSQL's own tools back up (docs/backup.md); remove the backup, or the store")
		}
		if b.Continuous && continuous {
			v.add(at, "a store can be shipped to only one place; remove the second continuous backup, or make it a copy: add a line with every, and remove continuous")
		}
		continuous = continuous || b.Continuous
		b.validate(v, at)
	}
}

func (a *App) validateSealing(v *validator, every time.Duration) {
	if every < leastSealing {
		v.add("key_rotation", "sealing %s is too short: each rotation reseals everything in the store; write at least 24h, for example: sealing 30d", every)
	}
	if len(a.MasterKeys) > 0 {
		if source := a.MasterKeys[0].Source; source == MasterKeyEnv || source == MasterKeyCommand {
			v.add("key_rotation", "%v", SealingNeedsSource(source))
		}
	}
}

// SealingNeedsSource is the error for master keys that Sluice cannot replace by itself. source is a word for where they are.
func SealingNeedsSource(source string) error {
	return fmt.Errorf("sealing: Sluice cannot make a master key in the source %q; write master_key file, kms or vault as the first source, "+
		"or remove sealing and replace the key yourself (docs/keys.md)", source)
}

// bucketProblem returns what is wrong with the URL of a bucket, without its credentials; "" for everything else.
func bucketProblem(to string) string {
	if !strings.HasPrefix(to, "s3://") {
		return ""
	}
	u, err := url.Parse(to)
	if err != nil {
		return "the URL of the bucket cannot be read; write s3://<bucket>/<prefix>"
	}
	endpoint, err := url.Parse(u.Query().Get("endpoint"))
	switch {
	case u.User != nil || err == nil && endpoint.User != nil:
		return "credentials do not belong in the URL of a bucket, which logs show; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	case u.Host == "":
		return "to " + to + " names no bucket; write s3://<bucket>/<prefix>"
	case err != nil:
		return "to " + to + ": the endpoint is not a URL"
	}
	for name := range u.Query() {
		if name != "endpoint" && name != "region" && name != "path_style" {
			return fmt.Sprintf("to %s: there is no option %q; the options are endpoint, region and path_style", to, name)
		}
	}
	return ""
}

func (b *Backup) validate(v *validator, at string) {
	folder := !strings.Contains(b.To, "://")
	switch {
	case b.To == "":
		v.add(at, "it has no destination; write, for example: to /var/backups/sluice")
	case strings.ContainsRune(b.To, 0):
		v.add(at, "it has a character that paths cannot have; remove it")
	case !folder && !strings.HasPrefix(b.To, "s3://") && !strings.HasPrefix(b.To, "{"):
		v.add(at, "it is not a place for backups; write a folder, or s3://bucket/prefix")
	case strings.HasSuffix(b.To, ".db") && !folder:
		v.add(at, "it names one backup; write a prefix, without .db")
	}
	for name, d := range map[string]Duration{"keep": b.KeepFor, "exact": b.Exact, "snapshot": b.Snapshot} {
		if d != 0 && time.Duration(d) < time.Minute {
			v.add(at, "%s %s is too short; write at least 1m", name, time.Duration(d))
		}
	}
	least := time.Minute
	if b.Continuous {
		least = 100 * time.Millisecond
	}
	if time.Duration(b.Every) < least {
		v.add(at, "every %s is too short; write at least %s", time.Duration(b.Every), least)
	}
	switch {
	case b.Keep < 0:
		v.add(at, "keep %d is not a number of backups; write, for example: keep 30", b.Keep)
	case b.Continuous && b.Keep != 0:
		v.add(at, "keep of a continuous backup takes a duration; write, for example: keep 72h")
	case !b.Continuous && b.KeepFor != 0:
		v.add(at, "keep takes a number of copies; write, for example: keep 30, or add continuous")
	case !b.Continuous && (b.Exact != 0 || b.Snapshot != 0):
		v.add(at, "exact and snapshot are for a continuous backup; add continuous, or remove them")
	}
}
