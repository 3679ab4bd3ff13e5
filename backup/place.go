package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Place is where backups are: a folder or a bucket.
type Place interface {
	// put moves a file that is on the disk to a name. There it is when it is complete, and for good when put returns. Without
	// replace, put refuses a name that exists, with fs.ErrExist.
	put(ctx context.Context, name, file string, replace bool) error
	// get copies what has the name to a file. It returns fs.ErrNotExist for an unknown name, and an error for what is longer than
	// limit.
	get(ctx context.Context, name, file string, limit int64) error
	// read returns what has the name. Its errors are those of get.
	read(ctx context.Context, name string, limit int64) ([]byte, error)
	// list returns the names, in order.
	list(ctx context.Context) ([]string, error)
	// remove removes a name, if it exists.
	remove(ctx context.Context, name string) error
	// String describes the place to people.
	String() string
}

// Location is a place and, if it means a single backup, its name there.
type Location struct {
	Place
	name   string    // "" = the place is for any number of backups
	bucket *s3Target // nil = a folder
	folder string
}

// At returns what a text means: an s3:// URL, a folder, or the file of one backup. A folder exists, or its name ends with a slash. An
// s3:// URL means one backup if it ends with ".db". Its query can say endpoint, region and path_style; credentials are those of AWS's
// tools: the environment, or files in ~/.aws.
func At(ctx context.Context, text string) (*Location, error) {
	if strings.HasPrefix(text, "s3://") {
		return atBucket(ctx, text)
	}
	if text == "" || strings.Contains(text, "://") {
		return nil, fmt.Errorf("%q is not a place for backups; name a file, a folder or s3://bucket/prefix", text)
	}
	path, err := filepath.Abs(text)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err == nil && info.IsDir() || strings.HasSuffix(text, "/") {
		return &Location{Place: folder(path), folder: path}, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Location{Place: folder(filepath.Dir(path)), name: filepath.Base(path), folder: filepath.Dir(path)}, nil
}

func atBucket(ctx context.Context, text string) (*Location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	t := &s3Target{bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if u.User != nil {
		return nil, errors.New("credentials do not belong in the URL of a bucket; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	for key, values := range u.Query() {
		switch value := values[0]; key {
		case "endpoint":
			t.endpoint = value
		case "region":
			t.region = value
		case "path_style":
			t.pathStyle = value != "false"
		default:
			return nil, fmt.Errorf("%s: unknown option %q; the options are endpoint, region and path_style", text, key)
		}
	}
	if t.bucket == "" {
		return nil, fmt.Errorf("%s names no bucket", text)
	}
	at := &Location{bucket: t}
	if base := t.prefix[strings.LastIndex(t.prefix, "/")+1:]; strings.HasSuffix(base, backupSuffix) {
		at.name = base
		t.prefix = strings.TrimSuffix(strings.TrimSuffix(t.prefix, base), "/")
	}
	at.Place, err = t.open(ctx)
	return at, err
}

// Latest returns the name of the last backup of the location that is complete. If the location means one backup, it is that. Backups of
// several stores are an error.
func (l *Location) Latest(ctx context.Context) (string, error) { return l.last(ctx, time.Time{}) }

// last is Latest as it was at a time; zero = now.
func (l *Location) last(ctx context.Context, at time.Time) (string, error) {
	switch {
	case l.name == "":
	case at.IsZero():
		return l.name, nil
	default:
		return "", fmt.Errorf("%s is a single backup, which has the state of one time: leave --at out, or name its folder or bucket", l)
	}
	all, err := l.backups(ctx)
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", fmt.Errorf("%s has no complete backup", l)
	}
	then := all
	if !at.IsZero() {
		then = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name > nameOf(at) })
	}
	if len(then) == 0 {
		return "", fmt.Errorf("%s has no backup from before %s", l, at.Format(time.RFC3339))
	}
	name := then[len(then)-1]
	return name, l.oneStore(ctx, all, name)
}

// backups returns the names of the backups that have their manifest, which is written last.
func (l *Location) backups(ctx context.Context) ([]string, error) {
	names, err := l.list(ctx)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	return slices.DeleteFunc(names, func(name string) bool { return !isBackup(name) || !there[ManifestOf(name)] }), nil
}

// Newest returns when the last complete backup of a store in the location was made; zero if there is none, or if too many of other stores
// came after it. id is that of Identify; "" means all stores.
func (l *Location) Newest(ctx context.Context, id string) (time.Time, error) {
	all, err := l.backups(ctx)
	if err != nil || len(all) == 0 {
		return time.Time{}, err
	}
	if id == "" {
		return time.Parse(nameLayout, all[len(all)-1])
	}
	all = newest(all)
	for n := 1; len(all) > 0; n = atOnce { // the last one is usually it
		rest := max(0, len(all)-n)
		mine, err := l.own(ctx, all[rest:], id)
		if err != nil {
			return time.Time{}, err
		}
		if len(mine) > 0 {
			return time.Parse(nameLayout, mine[len(mine)-1])
		}
		all = all[:rest]
	}
	return time.Time{}, nil
}

// Ahead returns how people call the backups that are dated after a time: a clock was ahead when they were made, or this one is behind. A
// restore that names no backup takes the last of them.
func (l *Location) Ahead(ctx context.Context, now time.Time) (names []string, err error) {
	if l.name != "" {
		return nil, nil
	}
	all, err := l.backups(ctx)
	for _, name := range all {
		if name > nameOf(now) {
			names = append(names, l.Name(name))
		}
	}
	return names, err
}

// staging returns the folder for files that put moves: for a folder the same one, so that the file only gets its name.
func (l *Location) staging(others string) string {
	if l.bucket == nil {
		return l.folder
	}
	return others
}

// Name returns how people call a backup of the location.
func (l *Location) Name(backup string) string {
	if l.bucket == nil {
		return filepath.Join(l.folder, backup)
	}
	return l.String() + "/" + backup
}

// folder is the Place of a folder.
type folder string

func (f folder) String() string { return string(f) }

func (f folder) put(_ context.Context, name, file string, replace bool) (err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	to := filepath.Join(string(f), name)
	if replace {
		err = os.Rename(file, to)
	} else {
		err = give(file, to)
	}
	return errors.Join(err, syncFolder(string(f)))
}

// give renames a file to a name that must not exist.
func give(file, to string) error {
	err := os.Link(file, to)
	if err == nil {
		return os.Remove(file)
	}
	if _, there := os.Lstat(to); !errors.Is(there, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	return os.Rename(file, to) // where files have one name
}

func (f folder) get(_ context.Context, name, file string, limit int64) error {
	in, err := os.Open(filepath.Join(string(f), name))
	if err != nil {
		return err
	}
	return errors.Join(save(in, file, limit), in.Close())
}

func (f folder) read(_ context.Context, name string, limit int64) ([]byte, error) {
	in, err := os.Open(filepath.Join(string(f), name))
	if err != nil {
		return nil, err
	}
	text, err := readAll(in, limit)
	return text, errors.Join(err, in.Close())
}

func (f folder) list(context.Context) ([]string, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

func (f folder) remove(_ context.Context, name string) error {
	return removeIfThere(filepath.Join(string(f), name))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// save writes what it reads to a file of mode 0600, and has it on the disk. More than limit bytes are an error.
func save(in io.Reader, to string, limit int64) error {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, limit+1))
	if err == nil && n > limit {
		err = tooLong(limit)
	}
	return errors.Join(err, out.Sync(), out.Close())
}

// readAll returns what it reads. More than limit bytes are an error.
func readAll(in io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = tooLong(limit)
	}
	return text, err
}

func tooLong(limit int64) error { return fmt.Errorf("it is longer than the expected %d bytes", limit) }

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
